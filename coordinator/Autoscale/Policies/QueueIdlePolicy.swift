import ClusterTypes
import CoordinatorPlacement

/// The rule of a hybrid cloud service's scripts: while something waits, one node at a time; when nothing waits or runs for
/// the pool's idle time, its nodes go, all or one by one as the pool's `scaleIn` says.
///
/// Unlike those it does not block: what comes while a node starts is seen at once. Only what can run in the pool counts.
package struct QueueIdlePolicy: ScalingRule, Hashable {
    package init() {}

    func wish(_ planning: inout Planning) {
        let choices = PoolChoices(planning.snapshot, planning.standings)
        var served = Set<Int>()
        for pool in planning.pools.indices {
            let waiting = planning.snapshot.demands.indices.filter { index in
                planning.snapshot.demands[index].alternatives.contains { choices.mayTake($0, pool) }
            }
            served.formUnion(waiting)
            let standing = planning.standings[pool]
            if waiting.isEmpty {
                release(&planning, pool)
            } else if standing.starting == 0 {
                planning.launch(1, in: pool, because: "\(waiting.count) jobs wait")
            }
        }
        for (index, demand) in planning.snapshot.demands.enumerated() where !served.contains(index) {
            planning.noteUnmet(demand, slots: demand.slots)
        }
    }

    private func release(_ planning: inout Planning, _ pool: Int) {
        let standing = planning.standings[pool]
        let limits = planning.pools[pool].limits
        guard standing.busy.isEmpty, let last = standing.idle.last,
            let since = planning.pools[pool].nodes[last].idleSince, planning.now - since >= limits.idle
        else { return }
        for node in standing.unpaid.prefix(limits.scaleIn == .wholePool ? .max : 1) {
            planning.retire(node, in: pool, because: "nothing ran for \(limits.idle.components.seconds) s")
        }
    }
}
