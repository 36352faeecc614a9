import Synchronization
import Terminal

/// The progress of a job on standard error, kept apart from the lines that are reported between.
final class ProgressLine: Sendable {
    private let isShown: Bool
    private let start = ContinuousClock.now
    private let printer: Mutex<ProgressPrinter>

    init(device: TerminalDevice, isShown: Bool) {
        self.isShown = isShown
        printer = Mutex(ProgressPrinter(device: device))
    }

    func show(_ progress: Progress) {
        guard isShown else { return }
        let elapsed = ContinuousClock.now - start
        StandardStream.writeError(printer.withLock { $0.update(progress, elapsed: elapsed) })
    }

    /// A line of words above the moving one.
    func report(_ text: String) {
        StandardStream.writeError(printer.withLock { $0.clear() } + text + "\n")
    }

    /// Takes the moving line away.
    func finish() {
        StandardStream.writeError(printer.withLock { $0.clear() })
    }
}
