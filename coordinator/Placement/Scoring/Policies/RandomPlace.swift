import ClusterTypes

/// Any node with room; the same state gives the same one again.
struct RandomPlace: NodeScore {
    let seed: UInt64

    private func chance(_ work: WorkClass, _ node: Int, _ rooms: NodeRooms) -> SeededRandom {
        var hash = seed
        for value in [
            work.milliCPU, work.memory, work.devices, work.shares, Int(truncatingIfNeeded: work.models), node,
            rooms.milliCPU[node], rooms.memory[node], rooms.freeShares[node],
        ] {
            var mixed = SeededRandom(seed: hash ^ UInt64(truncatingIfNeeded: value))
            hash = mixed.next()
        }
        return SeededRandom(seed: hash)
    }

    func score(_ work: WorkClass, on node: Int, _: Double, in rooms: NodeRooms) -> Double {
        var chance = chance(work, node, rooms)
        return Double.random(in: 0..<1, using: &chance)
    }

    func devices(_ work: WorkClass, on node: Int, _: Double, in rooms: NodeRooms) -> [Int] {
        var chance = chance(work, node, rooms)
        let range = rooms.devices(of: node)
        let fitting = range.filter { work.devices > 0 && rooms.shares[$0] >= work.shares }
        return fitting.shuffled(using: &chance).prefix(work.devices).map { $0 - range.lowerBound }
    }
}
