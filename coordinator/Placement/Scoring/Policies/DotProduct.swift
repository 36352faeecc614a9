/// The node whose free room is least like what is asked for (Panigrahy et al., 2011), as the FGD artifact has it.
struct DotProduct: NodeScore {
    func score(_ work: WorkClass, on node: Int, _: Double, in rooms: NodeRooms) -> Double {
        let cpu = Double(rooms.milliCPU[node]) / 128_000 * (Double(work.milliCPU) / 128_000)
        let devices = Double(rooms.freeShares[node]) / 8_000 * (Double(work.devices * work.shares) / 8_000)
        return (100 * (1 - (cpu + devices) / 2)).rounded(.towardZero)
    }

    func devices(_ work: WorkClass, on node: Int, _: Double, in rooms: NodeRooms) -> [Int] {
        rooms.tightest(work, on: node)
    }
}
