import APITypes
import ArgumentParser
import ClusterTypes

struct NodeCordon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cordon",
        abstract: "Keep nodes from new work; what runs there goes on.",
        discussion: "Example: mortise node cordon n17 --reason 'kernel update on Friday'")

    @OptionGroup var common: CommonOptions

    @Option(help: "Why; shown wherever the node is.")
    var reason = ""

    @Argument(help: "The nodes' names or numbers.")
    var nodes: [String]

    func run() async throws {
        let client = try common.client()
        for node in nodes {
            let view = try await client.perform(.cordon, on: node, reason: reason)
            try common.confirm(
                "Node \(view.name) takes nothing new (\(view.state.rawValue)).", quietText: view.name,
                json: view)
        }
    }
}
