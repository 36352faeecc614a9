/// The fullest node: the Kubernetes scheduler's MostAllocated with equal weights, on the scale of the FGD artifact.
struct BestFit: NodeScore {
    func score(_ work: WorkClass, on node: Int, _: Double, in rooms: NodeRooms) -> Double {
        let cpu = Double(rooms.milliCPU[node] - work.milliCPU) / 128_000
        let devices = Double(rooms.freeShares[node] - work.devices * work.shares) / 8_000
        return (100 * (1 - 0.5 * cpu - 0.5 * devices)).rounded(.towardZero)
    }

    func devices(_ work: WorkClass, on node: Int, _: Double, in rooms: NodeRooms) -> [Int] {
        rooms.tightest(work, on: node)
    }
}
