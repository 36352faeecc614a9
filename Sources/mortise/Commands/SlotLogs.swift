import ArgumentParser
import ClusterTypes
import Terminal

struct SlotLogs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Print what the command of a batch or service slot wrote, byte for byte.",
        discussion: "Example: mortise slot logs -f 40")

    @OptionGroup var options: LogOptions
    @OptionGroup var common: CommonOptions

    @Argument(help: "The slot's number.")
    var slot: SlotID

    func run() async throws {
        try await common.client().slotLog(slot, options.query()) { StandardStream.writeOutput($0) }
    }
}
