import ClusterTypes

/// Which devices of a node a slot gets.
///
/// A share goes to the fullest device that still has room, so that whole ones stay whole. Whole devices go where they are
/// near to each other, and where the rest stays near as well: `NearDevices`. An Ascend server's link groups of four are
/// never mixed below eight devices: a ring over both would not start.
enum DeviceChoice {
    /// Positions in the node's list, ascending.
    case chosen([Int])
    case misses(Misfit)

    init(_ request: DeviceRequest, milliCPU: Int64, on node: PlacementNode) {
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
        let alike =
            count == 1 ? free.filter { node.freeShares[$0] == node.freeShares[free[0]] } : free
        if Self.mustShareLinks(request, ofModel, devices),
            !free.grouped(by: { devices[$0].linkGroup }).contains(where: { $0.count >= count })
        {
            self = .misses(.deviceCount)
        } else {
            self = .chosen(NearDevices(of: node, milliCPU: milliCPU).choose(count, among: alike).sorted())
        }
    }

    private static func mustShareLinks(
        _ request: DeviceRequest, _ admitted: [Int], _ devices: [DeviceCapacity]
    ) -> Bool {
        guard request.type == .npu, (2..<8).contains(request.count) else { return false }
        let groups = admitted.grouped { devices[$0].linkGroup }
        return groups.count > 1 && groups.contains { $0.count >= Int(request.count) }
    }
}
