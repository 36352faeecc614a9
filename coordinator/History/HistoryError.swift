/// Why a block of history cannot be read.
package struct HistoryError: Error, Equatable, Sendable, CustomStringConvertible {
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        /// The bytes are no block, or a damaged one.
        package static let malformed = Code(rawValue: "malformed")
        /// Written by a newer version.
        package static let tooNew = Code(rawValue: "too_new")
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "history \(code.rawValue): \(message)" }
}
