import APITypes
import ArgumentParser
import ClusterTypes

struct NodeRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove nodes for good: what runs there is stopped, then their certificates are revoked.",
        discussion: """
            What is stopped runs again elsewhere; drain a node first to let its work end. A node that is silent is \
            gone when its lease is over, one that is lost at once.

            Example: mortise node remove n17 --wait
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "Why; shown wherever the node is.")
    var reason = ""

    @Flag(help: "Wait until nothing runs there any more and the nodes are gone.")
    var wait = false

    @Argument(help: "The nodes' names or numbers.")
    var nodes: [String]

    func run() async throws {
        let client = try common.client()
        for node in nodes {
            var view = try await client.remove(node, reason: reason)
            if wait, view.state != .released {
                common.note("Node \(view.name) stops what it runs.")
                let waiter = NodeWaiter(client: client, surroundings: .real { common.note($0) })
                view = try await waiter.waitUntilReleased(view.node)
            }
            let sentence =
                view.state == .released
                ? "Node \(view.name) is removed."
                : "Node \(view.name) is removed when it has stopped what it runs (\(view.state.rawValue))."
            try common.confirm(sentence, quietText: view.name, json: view)
        }
    }
}
