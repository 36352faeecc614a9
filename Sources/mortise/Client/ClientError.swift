/// A request that did not give what was asked for.
struct ClientError: Error, Equatable, CustomStringConvertible {
    struct Code: RawRepresentable, Hashable, Sendable {
        let rawValue: String
        init(rawValue: String) { self.rawValue = rawValue }

        /// No coordinator took the request: it was certainly not carried out.
        static let unreachable = Code(rawValue: "unreachable")
        /// The connection ended after the request was sent: it may have been carried out.
        static let interrupted = Code(rawValue: "interrupted")
        /// The coordinator answers that it cannot work now; the request was not carried out.
        static let unavailable = Code(rawValue: "unavailable")
        /// The server is not the one that this client trusts, or does not trust this client.
        static let notTrusted = Code(rawValue: "not_trusted")
        static let notFound = Code(rawValue: "not_found")
        static let refused = Code(rawValue: "refused")
        static let invalid = Code(rawValue: "invalid")
        /// The coordinator failed, or its answer is not what this client understands.
        static let failed = Code(rawValue: "failed")
    }

    let code: Code
    let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    var description: String { message }

    /// Trying the same again may help, as when the coordinator restarts.
    var isTransient: Bool { code == .unreachable || code == .interrupted || code == .unavailable }

    var status: CommandStatus {
        switch code {
        case .unreachable, .interrupted, .unavailable, .notTrusted: .unreachable
        case .notFound: .notFound
        case .refused: .refused
        case .invalid: .invalidInput
        default: .failed
        }
    }

    /// What an answer that is not 2xx means.
    ///
    /// - Parameter message: the coordinator's own words.
    init(status: Int, message: String) {
        switch status {
        case 404: self.init(.notFound, message)
        case 401, 403, 409, 422, 429: self.init(.refused, message)
        case 502, 503, 504: self.init(.unavailable, message)
        case 400..<500: self.init(.invalid, message)
        default: self.init(.failed, message)
        }
    }
}
