/// Work beside its like: parts of a device, one device, two, … (as the FGD artifact has it). Full nodes first among those.
struct GpuClustering: NodeScore {
    func score(_ work: WorkClass, on node: Int, _: Double, in rooms: NodeRooms) -> Double {
        guard work.devices > 0 else { return 0 }
        let kinds = rooms.kinds(on: node)
        let own = WorkKinds(work)
        let likeness =
            switch () {
            case _ where kinds == own: 75
            case _ where kinds.isSuperset(of: own): 50
            case _ where kinds.isEmpty: 25
            default: 0
            }
        return Double(25 * (8_000 - rooms.freeShares[node]) / 8_000 + likeness)
    }

    func devices(_ work: WorkClass, on node: Int, _: Double, in rooms: NodeRooms) -> [Int] {
        rooms.tightest(work, on: node)
    }
}
