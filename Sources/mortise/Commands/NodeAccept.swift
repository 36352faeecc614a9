import APITypes
import ArgumentParser
import ClusterTypes

struct NodeAccept: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept",
        abstract: "Take what nodes have now for all that they should have.",
        discussion: """
            A node that offers less than it once did is unfit and gets nothing new. This is for hardware that was
            taken out on purpose.

            Example: mortise node accept n17
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "The nodes' names or numbers.")
    var nodes: [String]

    func run() async throws {
        let client = try common.client()
        for node in nodes {
            let view = try await client.accept(node)
            try common.confirm(
                "The present hardware of node \(view.name) is accepted (\(view.state.rawValue)).",
                quietText: view.name, json: view)
        }
    }
}
