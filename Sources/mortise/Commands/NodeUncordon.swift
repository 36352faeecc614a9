import APITypes
import ArgumentParser
import ClusterTypes

struct NodeUncordon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uncordon",
        abstract: "Give nodes work again: takes a cordon or drain back.",
        discussion: "Example: mortise node uncordon n17")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The nodes' names or numbers.")
    var nodes: [String]

    func run() async throws {
        let client = try common.client()
        for node in nodes {
            let view = try await client.uncordon(node)
            let outcome =
                view.state == .cordoned
                ? "is still cordoned: \(view.reason)" : "may be given work again (\(view.state.rawValue))"
            try common.confirm("Node \(view.name) \(outcome).", quietText: view.name, json: view)
        }
    }
}
