import ClusterTypes
import CoordinatorPlacement

/// Launches what waits needs, all at once and on the cheapest pools, and some headroom for what is likely to come while a
/// node starts. Keeps an idle node as long as that has paid before.
package struct DemandPolicy: ScalingRule, Hashable {
    /// Node-seconds that a second of a job's waiting is worth. 4.5: between what fixed idle times of two and of five minutes
    /// pay for it on a small cluster's trace (docs/design/autoscaling.md).
    package var waitingPrice = 4.5
    /// Of the nodes in use, the part that may be kept free for arrivals; less than a whole node is none. 0.06: the
    /// premium of an insurance, not a second cluster.
    package var headroom = 0.06
    /// Of the boot times of the past, the part whose growth the headroom would have held.
    package var quantile = 0.99
    /// Boot times that are looked at: two of them are beyond the quantile, so that one odd hour does not rule.
    package var windows = 200

    package init() {}

    func wish(_ planning: inout Planning) {
        let choices = PoolChoices(planning.snapshot, planning.standings)
        var packing: Packing?
        if !planning.snapshot.demands.isEmpty {
            var packed = Packing(planning.snapshot, planning.standings, choices)
            let left = packed.place(planning.snapshot.demands)
            for (demand, slots) in zip(planning.snapshot.demands, left) where slots > 0 {
                planning.noteUnmet(demand, slots: slots)
                if demand.isGang { planning.tryNode(for: demand) }
            }
            packing = packed
        }
        let homes = planning.snapshot.growth.kinds.map { choices.home($0) }
        for pool in planning.pools.indices {
            var supply = PoolSupply(planning.pools[pool], planning.standings[pool], pool, packing)
            let launched = packing?.launched[pool] ?? 0
            planning.launch(launched, in: pool, because: "\(launched) nodes hold what waits")
            let spare = spare(planning, pool, homes, inUse: supply.wanted)
            let lacking = supply.reserve(
                spare, most: planning.standings[pool].mayLaunch, template: choices.template(pool),
                at: planning.now)
            planning.launch(lacking, in: pool, because: "headroom for what is likely to come")
            planning.note(used: supply.usedByWaiting, kept: supply.reserved.count + lacking, in: pool)
            retire(&planning, pool, supply)
        }
    }

    /// By how many slots demand grew within one boot time, more than in nearly all of them, in the mixture of that time; no
    /// more of it than the headroom holds. A pool that is out gets none: it is no slot's home.
    private func spare(
        _ planning: Planning, _ pool: Int, _ homes: [(pool: Int, slotsPerNode: Int)?], inUse: Int
    ) -> [(PlacementDemand, Int)] {
        let most = (headroom * Double(inUse)).rounded(.down)
        guard most >= 1 else { return [] }
        let growth = planning.snapshot.growth
        let startUp = planning.pools[pool].startUp
        let weights = homes.map { $0.flatMap { $0.pool == pool ? 1 / Double($0.slotsPerNode) : nil } ?? 0 }
        let sums = growth.windows(of: startUp, most: windows, at: planning.now, weight: weights)
        let order = sums.indices.sorted { (sums[$0], $1) < (sums[$1], $0) }
        guard !order.isEmpty else { return [] }
        let window = order[min(order.count - 1, Int(quantile * Double(order.count)))]
        guard sums[window] > 0 else { return [] }
        let part = min(1, most / sums[window])
        let slots = growth.slots(in: window, of: startUp, at: planning.now)
        return growth.kinds.indices.compactMap { kind in
            let count = Int((Double(slots[kind]) * part).rounded(.down))
            return weights[kind] > 0 && count > 0 ? (growth.kinds[kind], count) : nil
        }
    }

    private func retire(_ planning: inout Planning, _ pool: Int, _ supply: PoolSupply) {
        let its = planning.pools[pool]
        let missCost = Double(its.startUp.components.seconds) * (1 + waitingPrice)
        // The highest level that is still worth its node.
        let unused = supply.wanted..<max(supply.wanted, planning.standings[pool].present)
        let kept =
            unused.last { level in
                let patience = its.use.patience(level: level, missCost: missCost) ?? its.limits.idle
                return planning.now - (its.use.unusedSince(level: level) ?? planning.now) < patience
            }.map { $0 + 1 } ?? supply.wanted
        var count = planning.standings[pool].present
        for node in planning.standings[pool].unpaid where count > kept && !supply.isTaken(node) {
            planning.retire(node, in: pool, because: "it was idle for longer than pays")
            count -= 1
        }
    }
}
