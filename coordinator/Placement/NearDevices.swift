import ClusterTypes

/// Chooses devices of a node that are near to each other, and leaves those together that are near to each other.
///
/// Devices are near, the nearest first: by fast links (NVLink, HCCS), behind one PCIe switch, at one NUMA node. They come
/// from the nearest group that has enough. Of several such groups those go first whose NUMA nodes have free processors
/// for the slot, and of these the one with the fewest devices, so that larger sets stay whole. What a group has more than
/// is wanted is chosen from in the same way. Where no group has enough, the largest is taken whole, and the rest as before.
struct NearDevices {
    private enum Level: CaseIterable {
        case links, pcieSwitch, memoryNode
    }

    private let devices: [DeviceCapacity]
    private let milliCPU: Int64
    /// Of each NUMA node, without what slots near it use; empty where nobody knows, and where there is one.
    private let free: [UInt32: Int64]

    /// - Parameter milliCPU: what the slot wants of processors.
    init(of node: PlacementNode, milliCPU: Int64) {
        devices = node.capacity.devices
        self.milliCPU = milliCPU
        free = node.freeMilliCPUByMemoryNode
    }

    /// - Parameter candidates: positions, at least `count`; of equally good ones the first are taken.
    func choose(_ count: Int, among candidates: [Int]) -> [Int] {
        choose(count, among: candidates, by: Level.allCases)
    }

    private func choose(_ count: Int, among candidates: [Int], by levels: [Level]) -> [Int] {
        guard count < candidates.count, !levels.isEmpty else { return Array(candidates.prefix(count)) }
        for level in levels {
            let enough = groups(of: candidates, by: level).filter { $0.count >= count }
            guard let group = enough.min(by: { isBetter($0, $1) }) else { continue }
            return choose(count, among: group, by: levels.filter { $0 != level })
        }
        for level in levels {
            guard let largest = groups(of: candidates, by: level).max(by: { $0.count < $1.count }) else {
                continue
            }
            let others = candidates.filter { !largest.contains($0) }
            return largest + choose(count - largest.count, among: others, by: levels)
        }
        return Array(candidates.prefix(count))
    }

    private func groups(of candidates: [Int], by level: Level) -> [[Int]] {
        switch level {
        case .links: candidates.grouped { devices[$0].linkGroup }
        case .pcieSwitch: candidates.grouped { devices[$0].rootPort }
        case .memoryNode: candidates.grouped { devices[$0].memoryNode }
        }
    }

    private func isBetter(_ left: [Int], _ right: [Int]) -> Bool {
        let (isLeftNear, isRightNear) = (hasProcessors(near: left), hasProcessors(near: right))
        return isLeftNear == isRightNear ? left.count < right.count : isLeftNear
    }

    private func hasProcessors(near group: [Int]) -> Bool {
        guard !free.isEmpty else { return true }
        return Set(group.compactMap { devices[$0].memoryNode }).reduce(0) { $0 + (free[$1] ?? 0) } >= milliCPU
    }
}

extension PlacementNode {
    /// What of the processors of each NUMA node is free if slots use those near their devices, and slots without devices
    /// all alike.
    fileprivate var freeMilliCPUByMemoryNode: [UInt32: Int64] {
        guard let nodes = capacity.memoryNodes, nodes.count > 1 else { return [:] }
        let all = max(1, nodes.reduce(0) { $0 + $1.milliCPU })
        var free: [UInt32: Int64] = [:]
        for node in nodes { free[node.number] = node.milliCPU }
        for occupant in occupants {
            let used = occupant.request.resources.milliCPU
            // A slot may be older than the node's devices, which are fewer now.
            let near = occupant.devices.compactMap { grant in
                capacity.devices.indices.contains(Int(grant.device))
                    ? capacity.devices[Int(grant.device)].memoryNode : nil
            }
            for number in near { free[number, default: 0] -= used / Int64(near.count) }
            guard near.isEmpty else { continue }
            for node in nodes {
                free[node.number, default: 0] -= Int64(Double(used) * Double(node.milliCPU) / Double(all))
            }
        }
        return free
    }
}

extension Array where Element == Int {
    /// By something that some lack; these are in no group. In the order of the first of each.
    func grouped<Key: Equatable>(by key: (Int) -> Key?) -> [[Int]] {
        var keys: [Key] = []
        var groups: [[Int]] = []
        for element in self {
            guard let key = key(element) else { continue }
            if let position = keys.firstIndex(of: key) {
                groups[position].append(element)
            } else {
                keys.append(key)
                groups.append([element])
            }
        }
        return groups
    }
}
