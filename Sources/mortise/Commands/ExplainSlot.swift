import ArgumentParser
import ClusterTypes

struct ExplainSlot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slot",
        abstract: "Say why a slot waits, or why it is where it is.",
        discussion: "Example: mortise explain slot 40")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The slot's number.")
    var slot: SlotID

    func run() async throws {
        try common.showExplanation(try await common.client().explanation(of: ["slot", "\(slot)"]))
    }
}
