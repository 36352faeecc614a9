extension Exposition {
    /// In which of its two formats the text is.
    package enum Format: Sendable, Hashable {
        /// Prometheus text 0.0.4: what everything that scrapes reads.
        case text
        /// OpenMetrics 1.0.0.
        case openMetrics

        package var contentType: String {
            switch self {
            case .text: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }

        /// The one that is asked for: OpenMetrics where it is named with a weight above that of `text/plain`, else text.
        ///
        /// - Parameter accept: the request's header of this name; nil without one.
        package init(accept: String?) {
            var text = 0.0
            var openMetrics = 0.0
            for range in (accept ?? "").split(separator: ",") {
                let parts = range.split(separator: ";").map { Self.trimmed($0) }
                guard let type = parts.first else { continue }
                var weight = 1.0
                var version: String?
                for part in parts.dropFirst() {
                    if part.hasPrefix("q=") { weight = Double(part.dropFirst(2)) ?? 0 }
                    if part.hasPrefix("version=") { version = String(part.dropFirst(8)) }
                }
                switch type {
                case "application/openmetrics-text" where version == nil || version == "1.0.0":
                    openMetrics = max(openMetrics, weight)
                case "text/plain": text = max(text, weight)
                default: break
                }
            }
            self = openMetrics > 0 && openMetrics >= text ? .openMetrics : .text
        }

        private static func trimmed(_ text: Substring) -> String {
            String(text.filter { $0 != " " && $0 != "\t" && $0 != "\"" }).lowercased()
        }
    }
}
