import ClusterTypes
import CoordinatorPlacement

/// The room of one pool after what waits was placed.
struct PoolSupply: Sendable {
    private struct Room: Sendable {
        var place: PlacementNode
        /// In the pool's nodes.
        var position: Int?
    }

    /// In the order in which they are to be filled.
    private var rooms: [Room] = []
    private var taken: Set<Int> = []
    /// Nodes that were idle, on their way or to be launched, and that what waits will use.
    private(set) var usedByWaiting = 0
    /// Nodes with slots on them, and those.
    private(set) var wanted = 0
    /// Positions of idle nodes that are kept for what may come.
    private(set) var reserved: [Int] = []

    init(_ pool: ScalingPool, _ standing: PoolStanding, _ index: Int, _ packing: Packing?) {
        wanted = standing.busy.count
        guard let packing else {
            // Of idle nodes the latest idle ones are filled first, so that the others can go.
            for position in standing.busy + standing.idle.reversed() where !pool.nodes[position].isCordoned {
                add(pool.nodes[position].place, position)
            }
            addStarting(pool, standing)
            return
        }
        for room in packing.rooms where room.pool == index {
            guard let place = packing.board[room.node] else { continue }
            if room.wasEmpty, !place.occupants.isEmpty {
                usedByWaiting += 1
                wanted += 1
                if let position = room.position { taken.insert(position) }
            }
            let isCordoned = room.position.map { pool.nodes[$0].isCordoned } ?? false
            if !isCordoned { rooms.append(Room(place: place, position: room.position)) }
        }
    }

    private mutating func add(_ place: PlacementNode, _ position: Int?) {
        var place = place
        place.credits = UInt32(max(0, PoolChoices.most - place.occupants.count))
        rooms.append(Room(place: place, position: position))
    }

    private mutating func addStarting(_ pool: ScalingPool, _ standing: PoolStanding) {
        guard let template = pool.template else { return }
        for _ in 0..<standing.starting { add(template, nil) }
    }

    func isTaken(_ position: Int) -> Bool { taken.contains(position) }

    /// Takes room for slots that may come.
    ///
    /// - Parameter most: nodes that may be launched.
    /// - Returns: nodes that are missing for them, of those that they would fill: part of one is not worth one.
    mutating func reserve(
        _ slots: [(PlacementDemand, Int)], most: Int, template: PlacementNode?, at now: Instant
    ) -> Int {
        var full = 0
        var begun: PlacementNode?
        for (demand, count) in slots {
            var left = count
            for index in rooms.indices where left > 0 {
                let before = left
                Self.fill(&rooms[index].place, demand, &left, at: now)
                if left < before, let position = rooms[index].position, taken.insert(position).inserted {
                    reserved.append(position)
                }
            }
            guard let template, Fit(demand, on: template, at: now).isFit else { continue }
            while left > 0, full < most {
                var node = begun ?? template
                Self.fill(&node, demand, &left, at: now)
                begun = Fit(demand, on: node, at: now).isFit ? node : nil
                if begun == nil { full += 1 }
            }
        }
        return full
    }

    private static func fill(
        _ node: inout PlacementNode, _ demand: PlacementDemand, _ left: inout Int, at now: Instant
    ) {
        while left > 0, case .fits(let devices) = Fit(demand, on: node, at: now) {
            node.take(Packing.occupant(demand, devices))
            left -= 1
        }
    }
}
