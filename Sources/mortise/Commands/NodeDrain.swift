import APITypes
import ArgumentParser
import ClusterTypes

struct NodeDrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Let nodes finish what they run and give them nothing new.",
        discussion: "Example: mortise node drain n17 --reason 'disk is failing'")

    @OptionGroup var common: CommonOptions

    @Option(help: "Why; shown wherever the node is.")
    var reason = ""

    @Argument(help: "The nodes' names or numbers.")
    var nodes: [String]

    func run() async throws {
        let client = try common.client()
        for node in nodes {
            let view = try await client.perform(.drain, on: node, reason: reason)
            try common.confirm(
                "Node \(view.name) finishes what it runs and takes nothing new (\(view.state.rawValue)).",
                quietText: view.name, json: view)
        }
    }
}
