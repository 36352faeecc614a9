import ClusterTypes

/// Which devices of a node a slot gets.
///
/// A share goes to the fullest device that still has room, so that whole ones stay whole. Several devices go together
/// where links are fast: within one link group (NVLink, HCCS) if one has enough, else near one NUMA node, else anywhere;
/// of the groups that have enough the one with the fewest free, so that larger sets stay whole. An Ascend server's link
/// groups of four are never mixed below eight devices: a ring over both would not start.
enum DeviceChoice {
    /// Positions in the node's list, ascending.
    case chosen([Int])
    case misses(Misfit)

    init(_ request: DeviceRequest, on node: PlacementNode) {
        let devices = node.capacity.devices
        let wish = request.wish
        let ofModel = devices.indices.filter { devices[$0].isUsable && wish.admits(devices[$0]) }
        if ofModel.isEmpty {
            self = .misses(.deviceModel)
            return
        }
        let large = ofModel.filter { devices[$0].memoryBytes >= request.leastMemoryBytes }
        if large.isEmpty {
            self = .misses(.deviceMemory)
            return
        }
        let count = Int(request.count)
        let free = large.filter { position in
            request.shares(of: devices[position]).map { $0 <= node.freeShares[position] } ?? false
        }.sorted { (node.freeShares[$0], $0) < (node.freeShares[$1], $1) }
        guard free.count >= count else {
            self = .misses(.deviceCount)
            return
        }
        guard count > 1 else {
            self = .chosen(Array(free.prefix(1)))
            return
        }
        if let together = Self.smallest(of: free.grouped { devices[$0].linkGroup }, with: count) {
            self = .chosen(together)
        } else if Self.mustShareLinks(request, devices, count: count) {
            self = .misses(.deviceCount)
        } else {
            let near = Self.smallest(of: free.grouped { devices[$0].memoryNode }, with: count)
            self = .chosen(near ?? free.prefix(count).sorted())
        }
    }

    /// The group with the fewest devices of those with enough; of equal ones the first.
    private static func smallest(of groups: [[Int]], with count: Int) -> [Int]? {
        groups.filter { $0.count >= count }.min { $0.count < $1.count }.map { $0.prefix(count).sorted() }
    }

    private static func mustShareLinks(
        _ request: DeviceRequest, _ devices: [DeviceCapacity], count: Int
    ) -> Bool {
        guard request.type == .npu, count < 8 else { return false }
        let groups = devices.indices.filter { devices[$0].type == .npu }.grouped { devices[$0].linkGroup }
        return groups.count > 1 && groups.contains { $0.count >= count }
    }
}

extension Array where Element == Int {
    /// By a number that some lack; these are in no group. In the order of the first of each.
    fileprivate func grouped(by number: (Int) -> UInt32?) -> [[Int]] {
        var numbers: [UInt32] = []
        var groups: [[Int]] = []
        for element in self {
            guard let number = number(element) else { continue }
            if let position = numbers.firstIndex(of: number) {
                groups[position].append(element)
            } else {
                numbers.append(number)
                groups.append([element])
            }
        }
        return groups
    }
}
