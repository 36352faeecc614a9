/// Why bytes could not be compressed or decompressed.
package struct ZstdError: Error, Equatable, Sendable, CustomStringConvertible {
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        /// The content is, or says that it is, larger than the caller's limit.
        package static let tooLarge = Code(rawValue: "too_large")
        /// The bytes are no whole zstd frame.
        package static let malformed = Code(rawValue: "malformed")
        /// The library could not get its working memory.
        package static let outOfMemory = Code(rawValue: "out_of_memory")
        /// Anything else that the library reports.
        package static let failed = Code(rawValue: "failed")
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "zstd \(code.rawValue): \(message)" }
}
