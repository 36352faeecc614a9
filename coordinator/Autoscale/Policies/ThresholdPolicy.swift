import ClusterTypes
import CoordinatorPlacement

/// Scalebox's rule: grow in steps where utilization is high or less is there than could be used, shrink in steps where it
/// is low or more is there.
///
/// In the original four things contradict each other. Here
/// 1. what is `available` is not the headroom left by what runs, but how many nodes could be used at all: those in use and
///    those that what waits needs. It may be compared with how many there are;
/// 2. what grows is the number of nodes, so that a hot node is relieved, not loaded further;
/// 3. growing and shrinking exclude each other: the pool shrinks only where there is nothing to grow for, and never below
///    what is in use;
/// 4. there is a signal of demand: without anything that waits nothing grows.
package struct ThresholdPolicy: ScalingRule, Hashable {
    package var upThreshold = 0.8
    package var downThreshold = 0.3
    /// Of what is available, the part that should be there.
    package var capacityThreshold = 0.8
    package var upStep = 2
    package var downStep = 1
    package var least = 1
    package var most = 10
    package var upCoolDown = Duration.seconds(300)
    package var downCoolDown = Duration.seconds(600)

    package init() {}

    /// The rule itself.
    ///
    /// - Parameters:
    ///   - available: how many could be used.
    ///   - utilization: of what is there, the part in use, 0...1.
    /// - Returns: how many to add, or to take away if negative.
    package func change(current: Int, available: Int, utilization: Double) -> Int {
        let available = min(max(available, least), most)
        if utilization > upThreshold || Double(current) < Double(available) * capacityThreshold {
            let step = min(available - current, upStep)
            // Growing by nothing is no reason not to shrink.
            if step > 0 { return step }
        }
        if utilization < downThreshold { return -max(0, min(current - least, downStep)) }
        if current > available { return -min(current - available, downStep) }
        return 0
    }

    func wish(_ planning: inout Planning) {
        let choices = PoolChoices(planning.snapshot, planning.standings)
        var packing = Packing(planning.snapshot, planning.standings, choices)
        let left = packing.place(planning.snapshot.demands)
        for (demand, slots) in zip(planning.snapshot.demands, left) where slots > 0 {
            planning.noteUnmet(demand, slots: slots)
        }
        for pool in planning.pools.indices {
            let supply = PoolSupply(planning.pools[pool], planning.standings[pool], pool, packing)
            planning.note(used: supply.usedByWaiting, kept: 0, in: pool)
            let current = planning.standings[pool].present
            var change = change(
                current: current, available: supply.wanted,
                utilization: utilization(planning.pools[pool]))
            // A part of what is available would do for a service, but not for what waits.
            if change <= 0, min(supply.wanted, most) > current {
                change = min(min(supply.wanted, most) - current, upStep)
            }
            if change > 0, !isCooling(planning.pools[pool].lastLaunch, upCoolDown, planning.now) {
                planning.launch(
                    change, in: pool, because: "\(supply.wanted) nodes could be used, \(current) are there")
            }
            guard change < 0, !isCooling(planning.pools[pool].lastRelease, downCoolDown, planning.now) else {
                continue
            }
            for node in planning.standings[pool].unpaid.filter({ !supply.isTaken($0) }).prefix(-change) {
                planning.retire(
                    node, in: pool, because: "\(supply.wanted) nodes are used, \(current) are there")
            }
        }
    }

    private func isCooling(_ last: Instant?, _ span: Duration, _ now: Instant) -> Bool {
        last.map { now - $0 < span } ?? false
    }

    /// Of what all nodes have, the part in use of the resource of which that is most.
    private func utilization(_ pool: ScalingPool) -> Double {
        var total = Resources.none
        var free = Resources.none
        var shares = 0.0
        var freeShares = 0.0
        for node in pool.nodes {
            total += node.place.capacity.resources
            free += node.place.free
            shares += Double(node.place.freeShares.count) * Double(wholeDeviceShares)
            freeShares += node.place.freeShares.reduce(0) { $0 + Double($1) }
        }
        func part(_ free: Double, _ total: Double) -> Double { total > 0 ? 1 - free / total : 0 }
        return [
            part(Double(free.milliCPU), Double(total.milliCPU)),
            part(Double(free.memoryBytes), Double(total.memoryBytes)),
            part(Double(free.diskBytes), Double(total.diskBytes)), part(freeShares, shares),
        ].reduce(0, max)
    }
}
