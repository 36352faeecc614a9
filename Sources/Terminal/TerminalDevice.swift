#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What is known about where the text goes: decides on width, colours and moving progress bars.
package struct TerminalDevice: Sendable, Hashable {
    /// A person looks at it, not a file or a pipe.
    package var isInteractive: Bool
    /// In columns; nil where it is not interactive: nothing is cut off then.
    package var width: Int?
    package var usesColor: Bool

    package init(isInteractive: Bool, width: Int?, usesColor: Bool) {
        self.isInteractive = isInteractive
        self.width = width
        self.usesColor = usesColor
    }

    /// A file or a pipe: full width, no colour.
    package static let plain = TerminalDevice(isInteractive: false, width: nil, usesColor: false)

    /// What the descriptor is: 1 is standard output, 2 standard error.
    ///
    /// Colours need a terminal that is not `dumb` and an environment without `NO_COLOR` (any value but the empty
    /// one).
    package static func of(descriptor: Int32) -> TerminalDevice {
        guard isatty(descriptor) == 1 else { return .plain }
        let hasNoColor = environment("NO_COLOR").map { !$0.isEmpty } ?? false
        return TerminalDevice(
            isInteractive: true, width: columns(of: descriptor) ?? 80,
            usesColor: !hasNoColor && environment("TERM") != "dumb")
    }

    private static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    private static func columns(of descriptor: Int32) -> Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }
}

/// Writes to standard output and standard error, whole and at once.
package enum StandardStream {
    /// A shell's status for a program that ended by SIGPIPE.
    private static let brokenPipeStatus: Int32 = 141

    /// The text to standard output. Ends the program quietly where the reader has gone (`mortise job list | head`).
    package static func writeOutput(_ text: String) { write(Array(text.utf8), to: 1) }

    /// The bytes as they are to standard output.
    package static func writeOutput(_ bytes: [UInt8]) { write(bytes, to: 1) }

    /// The text to standard error.
    package static func writeError(_ text: String) { write(Array(text.utf8), to: 2) }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var offset = 0
        while offset < bytes.count {
            let written = bytes[offset...].withUnsafeBytes { systemWrite(descriptor, $0) }
            if written >= 0 {
                offset += written
            } else if errno == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&waiting, 1, -1)
            } else if errno == EPIPE, descriptor == 1 {
                exit(brokenPipeStatus)
            } else if errno != EINTR {
                if descriptor == 1 { failOutput() }
                return
            }
        }
    }

    /// A full disk must not look like success.
    private static func failOutput() -> Never {
        let reason = String(cString: strerror(errno))
        write(Array("cannot write to standard output: \(reason)\n".utf8), to: 2)
        exit(1)
    }

    private static func systemWrite(_ descriptor: Int32, _ buffer: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
            Musl.write(descriptor, buffer.baseAddress, buffer.count)
        #else
            Darwin.write(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }
}
