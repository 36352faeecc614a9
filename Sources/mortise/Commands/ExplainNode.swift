import ArgumentParser

struct ExplainNode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Say why a node is in its state and what it may be given.",
        discussion: "Example: mortise explain node n17")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The node's name or number.")
    var node: String

    func run() async throws {
        try common.showExplanation(try await common.client().explanation(of: ["node", node]))
    }
}
