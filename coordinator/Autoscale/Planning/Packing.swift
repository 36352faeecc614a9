import ClusterTypes
import CoordinatorPlacement

/// Puts what waits on the nodes that are there and on their way, and on nodes that could be launched.
struct Packing: Sendable {
    /// A node of the board that is there or comes.
    struct Room: Sendable {
        let node: NodeID
        let pool: Int
        /// In the pool's nodes; nil: it is on its way or would be launched.
        let position: Int?
        let wasEmpty: Bool
    }

    private let now: Instant
    private let pools: [ScalingPool]
    private(set) var board: PlacementBoard
    private(set) var rooms: [Room] = []
    private let choices: PoolChoices
    /// Of each pool, nodes that may still be launched, and those that are to be.
    private(set) var mayLaunch: [Int]
    private(set) var launched: [Int]
    private var nextID = UInt64.max
    /// What a slot costs where it is cheapest, of those that were asked for.
    private var values: [PlacementDemand: Double] = [:]

    init(_ snapshot: ScalingSnapshot, _ standings: [PoolStanding], _ choices: PoolChoices) {
        now = snapshot.now
        pools = snapshot.pools
        board = PlacementBoard(scorer: snapshot.scorer)
        self.choices = choices
        mayLaunch = standings.map(\.mayLaunch)
        launched = standings.map { _ in 0 }
        for (pool, standing) in standings.enumerated() {
            for node in standing.busy + standing.idle.reversed() where !pools[pool].nodes[node].isCordoned {
                add(node, of: pool)
            }
        }
        // Who is about to go is taken back before others are waited for.
        for (pool, standing) in standings.enumerated() {
            for node in standing.idle where pools[pool].nodes[node].isCordoned { add(node, of: pool) }
            for _ in 0..<standing.starting { addNew(choices.template(pool), of: pool) }
        }
    }

    private mutating func add(_ position: Int, of pool: Int) {
        let node = pools[pool].nodes[position]
        var place = node.place
        // It will ask for as much as it can hold.
        place.credits = UInt32(max(0, PoolChoices.most - place.occupants.count))
        if node.isCordoned { place.takesWork = true }
        rooms.append(
            Room(
                node: place.node, pool: pool, position: position,
                wasEmpty: node.idleSince != nil))
        board.update(place)
    }

    private mutating func addNew(_ place: PlacementNode?, of pool: Int) {
        guard var place else { return }
        place.node = NodeID(nextID)
        nextID -= 1
        rooms.append(Room(node: place.node, pool: pool, position: nil, wasEmpty: true))
        board.update(place)
    }

    /// - Returns: of each demand, the slots that found no place.
    mutating func place(_ demands: [ScalingDemand]) -> [Int] {
        var left = demands.map(\.slots)
        var waiting: [Int] = []
        for (index, demand) in demands.enumerated() {
            guard demand.isGang else {
                left[index] = fillBoard(demand.alternatives, slots: demand.slots)
                if left[index] > 0 { waiting.append(index) }
                continue
            }
            // Nodes for those before it come first.
            launch(for: demands, waiting, &left)
            waiting = []
            let before = self
            left[index] = fillBoard(demand.alternatives, slots: demand.slots)
            if left[index] > 0 { launch(for: demands, [index], &left) }
            if left[index] > 0 {
                self = before
                left[index] = demand.slots
            }
        }
        launch(for: demands, waiting, &left)
        return left
    }

    private mutating func fillBoard(_ alternatives: [PlacementDemand], slots: Int) -> Int {
        var left = slots
        for demand in alternatives where !demand.isOverQuota {
            while left > 0, let (node, devices) = board.best(demand, at: now) {
                board.change(node) { $0.take(Self.occupant(demand, devices)) }
                left -= 1
            }
        }
        return left
    }

    static func occupant(_ demand: PlacementDemand, _ devices: [DeviceGrant]) -> Occupant {
        Occupant(slot: SlotID(0), job: demand.job ?? JobID(0), request: demand.request, devices: devices)
    }

    // MARK: New nodes

    /// Node by node the pool that costs least for what it takes.
    private mutating func launch(for demands: [ScalingDemand], _ waiting: [Int], _ left: inout [Int]) {
        // Devices first: work without them goes to what is left.
        let order =
            waiting.filter { choices.wantsDevices(demands[$0]) }
            + waiting.filter { !choices.wantsDevices(demands[$0]) }
        while order.contains(where: { left[$0] > 0 }) {
            var best: (pool: Int, filled: Filled, cost: Double)?
            for pool in pools.indices where mayLaunch[pool] > 0 {
                guard let filled = fillNode(of: pool, demands, order, left), filled.value > 0 else {
                    continue
                }
                let cost = pools[pool].pricePerHour / filled.value
                if best.map({ (cost, -pools[pool].weight) < ($0.cost, -pools[$0.pool].weight) }) ?? true {
                    best = (pool, filled, cost)
                }
            }
            guard let (pool, filled, _) = best else { return }
            // As many alike as there is work for.
            let alike =
                filled.counts.compactMap { index, count in count > 0 ? left[index] / count : nil }.min() ?? 1
            let count = max(1, min(alike, mayLaunch[pool]))
            for _ in 0..<count { addNew(filled.node, of: pool) }
            for (index, slots) in filled.counts { left[index] -= slots * count }
            mayLaunch[pool] -= count
            launched[pool] += count
        }
    }

    private struct Filled {
        var node: PlacementNode
        /// Slots of each demand.
        var counts: [(demand: Int, slots: Int)] = []
        /// What they would cost where they are cheapest.
        var value = 0.0
    }

    private mutating func fillNode(
        of pool: Int, _ demands: [ScalingDemand], _ order: [Int], _ left: [Int]
    ) -> Filled? {
        guard let template = choices.template(pool) else { return nil }
        var filled = Filled(node: template)
        var hasDevices = false
        for index in order where left[index] > 0 {
            for demand in demands[index].alternatives
            where choices.mayTake(demand, pool) || (hasDevices && demand.request.devices == nil) {
                var slots = 0
                while slots < left[index], case .fits(let devices) = Fit(demand, on: filled.node, at: now) {
                    filled.node.take(Self.occupant(demand, devices))
                    slots += 1
                }
                guard slots > 0 else { continue }
                hasDevices = hasDevices || demand.request.devices != nil
                filled.counts.append((index, slots))
                filled.value += Double(slots) * value(of: demand)
                break
            }
        }
        return filled.counts.isEmpty ? nil : filled
    }

    private mutating func value(of demand: PlacementDemand) -> Double {
        if let known = values[demand] { return known }
        let value = choices.cheapest(demand)
        values[demand] = value
        return value
    }
}
