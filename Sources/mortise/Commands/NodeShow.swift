import ArgumentParser

struct NodeShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a node.",
        discussion: "Example: look at the hardware as it is now:\n\n  mortise node show n17 --live")

    @OptionGroup var common: CommonOptions

    @Flag(help: "Ask the node for a fresh report of its hardware.")
    var live = false

    @Argument(help: "The node's name or number.")
    var node: String

    func run() async throws {
        try common.show(try await common.client().node(node, isLive: live)) {
            NodeDisplay(view: $0, now: $1)
        }
    }
}
