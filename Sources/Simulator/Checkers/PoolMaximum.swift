import ClusterTypes
import CoordinatorAutoscale
import CoordinatorCore

/// No launch starts anything twice, and no more allocations of a pool are alive than its maximum: counted by what its
/// launcher has and the coordinator has not given up.
struct PoolMaximum {
    static let name = "pool's maximum"

    /// By number, what was asked for. Looked up, never iterated.
    private var orders: [LaunchID: LaunchOrder] = [:]
    /// Nodes that were given up once: what comes back may be one too many. Looked up, never iterated.
    private var wereLost: Set<NodeID> = []

    mutating func observe(_ observation: Observation, _ rows: DurableRows) -> [String] {
        switch observation {
        case .committed(let writes, _):
            for case .putNode(let record) in writes where record.state == .lost {
                wereLost.insert(record.node)
            }
            return []
        case .launched(let order, let launcher): return check(order, launcher, rows)
        default: return []
        }
    }

    private mutating func check(_ order: LaunchOrder, _ launcher: PoolLauncher, _ rows: DurableRows)
        -> [String]
    {
        if let former = orders.updateValue(order, forKey: order.launch), former != order {
            return ["launch \(order.launch) is one of \(order.count) nodes, and was one of \(former.count)"]
        }
        let living = launcher.allocations.count { !$0.state.isOver && counts($0, rows) }
        let most = launcher.configuration.limits.max
        return living > most
            ? [
                "pool '\(launcher.name)' has \(living) allocations after launch \(order.launch), and may have \(most)"
            ]
            : []
    }

    /// What was released is on its way out, and a lost node may be kept for those who want to look at it.
    private func counts(_ allocation: LaunchedAllocation, _ rows: DurableRows) -> Bool {
        guard let launch = rows.launches[allocation.launch], !launch.state.isOver else { return false }
        guard let known = launch.allocations.first(where: { $0.name == allocation.name }) else { return true }
        guard !known.isReleased, !known.state.isOver else { return false }
        guard let node = known.node else { return true }
        return rows.nodes[node]?.state != .released && !wereLost.contains(node)
    }
}
