import APITypes
import ArgumentParser

struct NodeRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove nodes for good: their certificates are revoked, what runs there is lost.",
        discussion: """
            Drain a node first to let its work end.

            Example: mortise node remove n17
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "Why; shown wherever the node is.")
    var reason = ""

    @Argument(help: "The nodes' names or numbers.")
    var nodes: [String]

    func run() async throws {
        let client = try common.client()
        for node in nodes {
            let view = try await client.remove(node, reason: reason)
            try common.confirm("Node \(view.name) is removed.", quietText: view.name, json: view)
        }
    }
}
