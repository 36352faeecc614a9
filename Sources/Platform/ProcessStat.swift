/// One line of `/proc/PID/stat` (proc(5)), as far as anybody here asks.
package struct ProcessStat: Hashable, Sendable {
    package var process: Int32
    package var parent: Int32
    /// User and system, in clock ticks.
    package var ticks: UInt64
    /// Of children that have ended and were waited for.
    package var childTicks: UInt64
    /// Ticks after the machine's start.
    package var startedAt: UInt64
    package var residentPages: UInt64

    /// nil for a text that is no such line.
    package init?(parsing text: some StringProtocol) {
        // The name in parentheses may hold anything, parentheses too.
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close,
            let process = Int32(text[..<open].prefix { $0 != " " })
        else { return nil }
        // The first one is the third of proc(5).
        let fields = text[text.index(after: close)...].split(whereSeparator: \.isWhitespace)
        func field(_ number: Int) -> UInt64 { UInt64(fields[number - 3]) ?? 0 }
        guard fields.count >= 22, let parent = Int32(fields[1]) else { return nil }
        self.process = process
        self.parent = parent
        ticks = field(14) &+ field(15)
        childTicks = field(16) &+ field(17)
        startedAt = field(22)
        residentPages = field(24)
    }

    /// nil for one that is gone, or whose system has no /proc.
    package init?(of process: Int32) { self.init(at: "/proc/\(process)/stat") }

    package static func ofThisProcess() -> ProcessStat? { ProcessStat(at: "/proc/self/stat") }

    private init?(at path: String) {
        guard let bytes = try? AtomicFile.read(path, limitBytes: 4_096) else { return nil }
        self.init(parsing: String(decoding: bytes, as: UTF8.self))
    }
}
