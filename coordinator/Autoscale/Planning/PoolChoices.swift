import ClusterTypes
import CoordinatorPlacement

/// Which pools may grow for a class of slots, and what a slot costs there.
struct PoolChoices: Sendable {
    private let pools: [ScalingPool]
    private let templates: [PlacementNode?]
    /// Those where nothing is launched now: static, paused, or their launches fail.
    private let isOut: [Bool]
    private let now: Instant

    init(_ snapshot: ScalingSnapshot, _ standings: [PoolStanding]) {
        pools = snapshot.pools
        now = snapshot.now
        isOut = standings.map(\.isOut)
        templates = snapshot.pools.map { pool in
            pool.template.map { template in
                var template = template
                template.pool = pool.name
                template.credits = UInt32(Self.most)
                // Counted from when it is up, as what it is asked to run is.
                template.endsAt = pool.lifetime.map { snapshot.now + $0 }
                return template
            }
        }
    }

    func template(_ pool: Int) -> PlacementNode? { templates[pool] }

    func wantsDevices(_ demand: ScalingDemand) -> Bool {
        demand.alternatives.contains { $0.request.devices != nil }
    }

    private func fits(_ demand: PlacementDemand, _ pool: Int) -> Bool {
        templates[pool].map { Fit(demand, on: $0, at: now).isFit } ?? false
    }

    private func hasDevices(_ pool: Int) -> Bool { templates[pool]?.capacity.devices.isEmpty == false }

    /// A node with devices is no choice for work without, where another pool can take it, now or when it has room again.
    func mayTake(_ demand: PlacementDemand, _ pool: Int) -> Bool {
        guard fits(demand, pool) else { return false }
        guard demand.request.devices == nil, hasDevices(pool) else { return true }
        return !pools.indices.contains { !isOut[$0] && !hasDevices($0) && fits(demand, $0) }
    }

    /// Slots of the class on an empty node of the pool.
    func slotsPerNode(_ demand: PlacementDemand, _ pool: Int) -> Int {
        guard var node = templates[pool] else { return 0 }
        var slots = 0
        while slots < Self.most, case .fits(let devices) = Fit(demand, on: node, at: now) {
            node.take(Packing.occupant(demand, devices))
            slots += 1
        }
        return slots
    }

    /// The pool where a slot of the class costs least.
    func home(_ demand: PlacementDemand) -> (pool: Int, slotsPerNode: Int)? {
        var best: (pool: Int, slotsPerNode: Int, cost: Double)?
        for pool in pools.indices where !isOut[pool] && mayTake(demand, pool) {
            let slots = slotsPerNode(demand, pool)
            guard slots > 0 else { continue }
            let cost = pools[pool].pricePerHour / Double(slots)
            if best.map({ (cost, -pools[pool].weight) < ($0.cost, -pools[$0.pool].weight) }) ?? true {
                best = (pool, slots, cost)
            }
        }
        return best.map { ($0.pool, $0.slotsPerNode) }
    }

    /// What a slot costs where it costs least; any number but 0 where that is nowhere.
    func cheapest(_ demand: PlacementDemand) -> Double {
        guard let home = home(demand) else { return 1 }
        return max(pools[home.pool].pricePerHour, 1e-9) / Double(home.slotsPerNode)
    }

    /// Slots of nothing fit without end; no plan has more than that on one node.
    static let most = 1_000
}
