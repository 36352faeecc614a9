import AgentHardware
import Platform
import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// `status --watch`: the same again and again until SIGINT or SIGTERM, which ends it in order with status 0.
///
/// On a terminal a table is drawn over the one before. Elsewhere the texts follow each other.
struct WatchCommand {
    static let defaultSeconds: UInt32 = 2

    let command: StatusCommand
    let seconds: UInt32

    func run() throws {
        let signals = try SignalQueue([SIGINT, SIGTERM])
        let device = TerminalDevice.of(descriptor: 1)
        let isTable = !command.json && command.format == .table
        let draws = device.isInteractive && isTable
        var prober: HardwareProber?
        let cloud = command.cloudInstance()
        var isFirst = true
        if draws { StandardStream.writeOutput("\u{1B}[2J") }
        while true {
            var text: String
            if let running = command.askAgent(cloud) {
                text = command.text(running.status, running.text)
            } else {
                let known = try prober ?? command.prober()
                let isNew = prober == nil
                prober = known
                known.startDueProbes()
                // The first look waits for the tools, as without --watch.
                while isNew, known.isProbing {
                    if Self.hasEnded(signals, within: 20_000) { return }
                }
                text = command.text(
                    MachineStatus(
                        report: known.latestReport(), load: known.load(), isProcessorLoadKnown: !isNew,
                        cloud: cloud))
            }
            if draws {
                text = Screen.over(text, width: device.width)
            } else if isTable, !isFirst {
                text = "\n" + text
            }
            StandardStream.writeOutput(text)
            isFirst = false
            if Self.hasEnded(signals, within: Int64(seconds) * 1_000_000) { return }
        }
    }

    private static func hasEnded(_ signals: borrowing SignalQueue, within microseconds: Int64) -> Bool {
        var poll = PollSet(places: 1)
        poll.watch(0, signals.descriptor.number)
        poll.wait(microseconds: microseconds)
        return signals.next() != nil
    }
}
