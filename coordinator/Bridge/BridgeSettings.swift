/// How a foreign queue is stretched with nodes of its own names.
package struct BridgeSettings: Sendable, Hashable {
    /// The partition or queue, whole.
    package var queue: String
    /// The names that the scheduler has for nodes that may come and go, in the order in which they are taken. There are
    /// never more nodes than names.
    package var nodes: [String]
    /// The scheduler knows them only while they are there: they register themselves (`slurmd -Z`), and are deleted.
    package var isDynamic = false
    /// So many stay, once they are there.
    package var keep = 0
    /// How long a node has nothing to do before it goes.
    package var idleWait = Duration.seconds(600)
    /// From the order to add a node until the scheduler can use it.
    package var joinTimeout = Duration.seconds(1_000)
    /// A node that was ordered to join and did not is ordered again after this time.
    package var joinInterval = Duration.seconds(30)
    /// After a node could not be added, doubled each time.
    package var retryWait = Duration.seconds(60)
    package var retryWaitLimit = Duration.seconds(3_600)
    /// Given to the scheduler with each drain: by it the bridge knows its own. One word.
    package var drainReason = "mortise-bridge"

    package init(queue: String, nodes: [String]) {
        self.queue = queue
        self.nodes = nodes
    }

    /// What is wrong with it, each a clause; empty: nothing.
    package func faults() -> [String] {
        var faults: [String] = []
        if !Self.isWord(queue) { faults.append("the queue is one word") }
        if nodes.isEmpty { faults.append("there are no names of nodes") }
        for (place, node) in nodes.enumerated() {
            if !Self.isWord(node) { faults.append("'\(node)' is no name of a node") }
            if nodes[..<place].contains(node) { faults.append("the node '\(node)' is named twice") }
        }
        if keep < 0 || keep > nodes.count { faults.append("keep is between 0 and the number of names") }
        if idleWait < .zero || joinTimeout <= .zero || joinInterval <= .zero || retryWait <= .zero {
            faults.append("times are positive")
        }
        if !Self.isWord(drainReason) { faults.append("the reason of drains is one word") }
        return faults
    }

    private static func isWord(_ text: String) -> Bool {
        !text.isEmpty && !text.hasPrefix("-")
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    }
}
