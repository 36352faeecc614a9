import ArgumentParser

struct NodeList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the nodes.",
        discussion: "Example: mortise node list")

    @OptionGroup var common: CommonOptions

    @Flag(help: "With the nodes that have been removed.")
    var released = false

    func run() async throws {
        let page = try await common.client().nodes(includesReleased: released)
        try common.show(page) { NodeDisplay(view: $0, now: $1) }
    }
}
