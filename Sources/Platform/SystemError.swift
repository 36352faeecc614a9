import CPlatform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A system call that failed: what was tried, on what, and the system's own words.
package struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The errno.
    package let code: Int32
    /// What was tried and on what: "cannot write '/x'".
    package let attempt: String

    package init(code: Int32, attempt: String) {
        self.code = code
        self.attempt = attempt
    }

    /// With the errno of the call that has just failed.
    package static func last(_ attempt: String) -> SystemError {
        SystemError(code: errno, attempt: attempt)
    }

    /// What was to be reached does not exist (any more): no such file, or nobody listens.
    package var isNobodyThere: Bool { code == ENOENT || code == ECONNREFUSED }

    /// More than was to be read.
    package var isTooLarge: Bool { code == EFBIG }

    /// The machine is short of something now: of room, files, processes or memory.
    package var isShortage: Bool { SystemError.isShortage(code) }

    package static func isShortage(_ code: Int32) -> Bool {
        [ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM, EAGAIN].contains(code)
    }

    package var description: String { "\(attempt): \(SystemError.text(of: code))" }

    /// For example "no such file or directory".
    package static func text(of code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        mortise_error_text(code, &buffer, buffer.count)
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let first = text.first, !text.dropFirst().prefix(1).contains(where: \.isUppercase) else {
            return text
        }
        return first.lowercased() + text.dropFirst()
    }
}
