/// Devices that are begun before whole ones, and those before empty nodes (as the FGD artifact has it).
struct GpuPacking: NodeScore {
    func score(_ work: WorkClass, on node: Int, _: Double, in rooms: NodeRooms) -> Double {
        guard work.devices > 0 else { return 0 }
        let shares = rooms.shares[rooms.devices(of: node)]
        if rooms.freeShares[node] == shares.count * 1_000 {
            return Double(max(33 - shares.count, shares.count))
        }
        let taken = rooms.tightest(work, on: node).map { shares[shares.startIndex + $0] }
        let whole = taken.count { $0 == 1_000 }
        if whole > 0 { return Double(max(50 - whole, 33)) }
        return Double(max(100 - taken.reduce(0) { $0 + $1 / 10 } / 10, 50))
    }

    func devices(_ work: WorkClass, on node: Int, _: Double, in rooms: NodeRooms) -> [Int] {
        rooms.tightest(work, on: node)
    }
}
