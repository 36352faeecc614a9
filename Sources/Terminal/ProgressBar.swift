/// How far something is, and its picture: a pure function of these numbers and of the width.
package struct Progress: Sendable, Hashable {
    package var label: String
    package var succeeded: UInt64
    package var failed: UInt64
    package var running: UInt64
    package var total: UInt64
    /// The total may still grow: no share and no remaining time are shown.
    package var isOpen: Bool

    package init(
        label: String, succeeded: UInt64, failed: UInt64, running: UInt64, total: UInt64, isOpen: Bool = false
    ) {
        self.label = label
        self.succeeded = succeeded
        self.failed = failed
        self.running = running
        self.total = total
        self.isOpen = isOpen
    }

    /// Those that are decided; never above the total.
    package var done: UInt64 { min(total, succeeded + failed) }

    /// In whole percent, rounded down: 100 only when all are done.
    package var percent: UInt64 { total == 0 ? 0 : done * 100 / total }

    /// `job 7  37% (370 of 1000)  12 running, 2 failed, 3m10s left`.
    ///
    /// - Parameter elapsed: since the first of them started; gives the remaining time.
    package func words(elapsed: Duration) -> String {
        let share =
            isOpen || total == 0
            ? "\(done) of \(total)\(isOpen ? "+" : "")" : "\(percent)% (\(done) of \(total))"
        var notes = ["\(running) running"]
        if failed > 0 { notes.append("\(failed) failed") }
        if let remaining = remaining(elapsed: elapsed) {
            notes.append("\(HumanUnits.duration(remaining)) left")
        }
        return "\(label)  \(share)  \(notes.joined(separator: ", "))"
    }

    /// The words with a bar before them where there is room for it; at most `width` columns.
    package func bar(width: Int, elapsed: Duration) -> String {
        let words = words(elapsed: elapsed)
        let room = width - DisplayWidth.of(words) - 4
        guard room >= 10, total > 0 else { return DisplayWidth.truncated(words, to: width) }
        let cells = UInt64(min(room, 40))
        let failedCells = failed == 0 ? 0 : max(1, failed * cells / total)
        let filled = min(cells, done * cells / total)
        let good = filled > failedCells ? filled - failedCells : 0
        let bad = min(cells - good, failedCells)
        let rest = cells - good - bad
        let picture =
            String(repeating: "#", count: Int(good)) + String(repeating: "!", count: Int(bad))
            + String(repeating: ".", count: Int(rest))
        return "[\(picture)] \(words)"
    }

    /// By the mean pace so far; nil before ten are done, and where there is no end in sight.
    private func remaining(elapsed: Duration) -> Duration? {
        guard !isOpen, done >= 10, total > done, elapsed >= .seconds(1) else { return nil }
        return .seconds(elapsed.components.seconds * Int64(total - done) / Int64(done))
    }
}

/// Decides what to write for a progress that changes: a line that moves on a terminal, now and then a line of
/// its own elsewhere (a log file).
package struct ProgressPrinter: Sendable {
    private let device: TerminalDevice
    /// Between two lines where the device is no terminal.
    private let lineInterval: Duration
    private var lastLine: (words: String, at: Duration)?
    private var hasOpenLine = false

    package init(device: TerminalDevice, lineInterval: Duration = .seconds(5)) {
        self.device = device
        self.lineInterval = lineInterval
    }

    /// What to write for this state; empty for nothing.
    ///
    /// - Parameter elapsed: since the start; it only grows.
    package mutating func update(_ progress: Progress, elapsed: Duration) -> String {
        if device.isInteractive {
            hasOpenLine = true
            // One column stays free: some terminals wrap when the last one is written.
            return "\r" + progress.bar(width: (device.width ?? 80) - 1, elapsed: elapsed) + "\u{1B}[K"
        }
        let words = progress.words(elapsed: elapsed)
        if let lastLine, lastLine.words == words || elapsed - lastLine.at < lineInterval { return "" }
        lastLine = (words, elapsed)
        return words + "\n"
    }

    /// What to write before any other text: takes away the moving line.
    package mutating func clear() -> String {
        defer { hasOpenLine = false }
        return hasOpenLine ? "\r\u{1B}[K" : ""
    }
}
