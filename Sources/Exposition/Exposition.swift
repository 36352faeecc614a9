/// Metrics as text for Prometheus: families of samples, appended to one buffer.
///
/// ```swift
/// var exposition = Exposition(.text)
/// exposition.begin("mortise_nodes", .gauge, "Nodes by pool and state.")
/// exposition.add(Labels(("pool", "main"), ("state", "ready")), 12)
/// let bytes = exposition.finish()
/// ```
///
/// Names are whole, as they are asked for: a counter ends in `_total`, facts in `_info`, a quantity in its base unit
/// (`_seconds`, `_bytes`, `_ratio` …). All samples of a family follow its `begin`; a family without one is not
/// written. What is not known is not added: a value that is gone disappears.
package struct Exposition: Sendable {
    package enum Kind: String, Sendable {
        case counter, gauge, histogram
        /// Facts: labels with the value 1.
        case info
    }

    private static let units = ["seconds", "bytes", "ratio", "celsius", "watts", "hertz"]

    package let format: Format
    package private(set) var bytes: [UInt8] = []
    /// Lines with a value so far.
    package private(set) var sampleCount = 0
    private var name: [UInt8] = []
    /// What goes before the first sample.
    private var head: [UInt8] = []

    package init(_ format: Format) { self.format = format }

    /// - Parameter help: one sentence.
    package mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        self.name = Array(name.utf8)
        head.removeAll(keepingCapacity: true)
        var family = name
        var kindText = kind.rawValue
        switch (format, kind) {
        case (.openMetrics, .counter): family = name.dropping("_total")
        case (.openMetrics, .info): family = name.dropping("_info")
        case (.text, .info): kindText = "gauge"
        default: break
        }
        head += "# HELP \(family) ".utf8
        Escape.help(help, quotes: format == .openMetrics, into: &head)
        head += "\n# TYPE \(family) \(kindText)\n".utf8
        guard format == .openMetrics, kind != .info,
            let unit = Self.units.first(where: { family.hasSuffix("_" + $0) })
        else { return }
        head += "# UNIT \(family) \(unit)\n".utf8
    }

    /// - Parameter value: nil is not known, and not written.
    package mutating func add(_ labels: Labels, _ value: Double?) {
        if let value { write("", labels, value) }
    }

    /// The only sample of its family.
    package mutating func add(_ value: Double?) { add(Labels(), value) }

    /// One histogram of the family that was begun.
    ///
    /// - Parameters:
    ///   - bounds: upper ones, rising, without infinity.
    ///   - counts: how many fell into each bucket alone; one more than `bounds`, for what is above all.
    package mutating func addHistogram(
        _ labels: Labels = Labels(), bounds: [Double], counts: [UInt64], sum: Double
    ) {
        var total: UInt64 = 0
        for (position, count) in counts.enumerated() {
            total += count
            let bound = position < bounds.count ? "\(bounds[position])" : "+Inf"
            write("_bucket", labels.adding("le", bound), Double(total))
        }
        write("_sum", labels, sum)
        write("_count", labels, Double(total))
    }

    private mutating func write(_ suffix: StaticString, _ labels: Labels, _ value: Double) {
        if !head.isEmpty {
            bytes += head
            head.removeAll(keepingCapacity: true)
        }
        sampleCount += 1
        bytes += name
        suffix.withUTF8Buffer { bytes += $0 }
        if !labels.text.isEmpty {
            bytes.append(UInt8(ascii: "{"))
            bytes += labels.text
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(UInt8(ascii: " "))
        Escape.number(value, into: &bytes)
        bytes.append(UInt8(ascii: "\n"))
    }

    package mutating func reserveCapacity(_ count: Int) { bytes.reserveCapacity(count) }

    /// All of it. Nothing can be added afterwards.
    package consuming func finish() -> [UInt8] {
        if format == .openMetrics { bytes += "# EOF\n".utf8 }
        return bytes
    }
}

extension String {
    fileprivate func dropping(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
