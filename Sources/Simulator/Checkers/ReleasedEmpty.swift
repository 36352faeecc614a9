import ClusterTypes
import CoordinatorCore

/// When a launcher ends an allocation because it was told to, nothing is placed on its node any more:
/// it was released empty, or lost.
struct ReleasedEmpty {
    static let name = "released empty"

    /// Whose nodes were lost when that was ordered: they may come back before it is done. Looked up, never iterated.
    private var wereLost: Set<String> = []

    mutating func observe(_ observation: Observation, _ world: World, _ rows: DurableRows) -> [String] {
        if case .ordered(.release(let names), let pool) = observation {
            noteLost(names, of: pool, rows)
        }
        guard case .released(let allocation, _) = observation, !wereLost.contains(allocation.name),
            let node = allocation.host.flatMap({ world.hosts[$0].node }),
            let slot = rows.slots.values.first(where: { $0.node == node && $0.state.isPlaced })
        else { return [] }
        return ["allocation \(allocation.name) is released while slot \(slot.key) is \(slot.state) there"]
    }

    private mutating func noteLost(_ names: [String], of pool: String, _ rows: DurableRows) {
        for launch in rows.launches.values where launch.pool == pool {
            for allocation in launch.allocations where names.contains(allocation.name) {
                guard let node = allocation.node, rows.nodes[node]?.state == .lost else { continue }
                wereLost.insert(allocation.name)
            }
        }
    }
}
