import ArgumentParser
import ClusterTypes

struct SlotShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a slot.",
        discussion: "Example: mortise slot show 40")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The slot's number.")
    var slot: SlotID

    func run() async throws {
        try common.show(try await common.client().slot(slot)) { SlotDisplay(view: $0, now: $1) }
    }
}
