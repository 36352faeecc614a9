/// Which devices of a node to take, by their positions in it.
extension NodeRooms {
    /// Those with the least room that is enough; of equal ones the first.
    func tightest(_ work: WorkClass, on node: Int) -> [Int] {
        guard work.devices > 0 else { return [] }
        let range = devices(of: node)
        let fitting = range.filter { shares[$0] >= work.shares }
        return fitting.sorted { (shares[$0], $0) < (shares[$1], $1) }.prefix(work.devices).map {
            $0 - range.lowerBound
        }
    }

    /// The first ones with room enough.
    func first(_ work: WorkClass, on node: Int) -> [Int] {
        guard work.devices > 0 else { return [] }
        let range = devices(of: node)
        return range.lazy.filter { shares[$0] >= work.shares }.prefix(work.devices).map {
            $0 - range.lowerBound
        }
    }
}
