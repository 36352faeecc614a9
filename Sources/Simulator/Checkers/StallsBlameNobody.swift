import ClusterTypes
import CoordinatorCore

/// A node is lost only when the coordinator has listened for a whole lease without a word from it: its own stalls,
/// restarts and slow transactions count against nobody.
struct StallsBlameNobody: Checker {
    static let name = "stalls blame nobody"

    // Looked up, never iterated.
    private var lost: Set<NodeID> = []

    mutating func observe(_ observation: Observation, _ world: World) -> [String] {
        guard case .committed(let writes, let transaction) = observation else { return [] }
        var faults: [String] = []
        for case .putNode(let record) in writes {
            guard record.state == .lost else {
                lost.remove(record.node)
                continue
            }
            guard lost.insert(record.node).inserted, !record.reason.hasPrefix("left") else { continue }
            let process = transaction.process
            let silence = process.listened(at: world.now) - process.heardAt(record.node)
            if silence < Int64(process.limits.leaseMilliseconds) * 1_000 {
                faults.append(
                    "node \(record.node) is lost after the coordinator has listened to its silence for "
                        + "\(silence / 1_000) ms")
            }
        }
        return faults
    }
}
