import ClusterTypes
import CoordinatorCore

/// A node is lost only when its lease is over by its own machine's count, whoever renewed it: its slots have ended by
/// then, and may be placed again.
struct LeasesAreOver: Checker {
    static let name = "leases are over"

    // Looked up, never iterated.
    private var lost: Set<NodeID> = []

    mutating func observe(_ observation: Observation, _ world: World) -> [String] {
        guard case .committed(let writes, _) = observation else { return [] }
        var faults: [String] = []
        for case .putNode(let record) in writes {
            guard record.state == .lost else {
                lost.remove(record.node)
                continue
            }
            guard lost.insert(record.node).inserted, !record.reason.hasPrefix("left"),
                let host = world.hostOfNode[record.node].map({ world.hosts[$0] }), host.node == record.node,
                let leaseAt = host.leaseAt, leaseAt > world.now
            else { continue }
            faults.append(
                "node \(record.node) is lost \((leaseAt - world.now) / 1_000) ms before its lease is over")
        }
        return faults
    }
}
