/// What is free of each node, as numbers alone. Nodes are in the order in which equal ones are preferred.
package struct NodeRooms: Sendable {
    /// One node, as it is given.
    package struct Room: Hashable, Sendable {
        /// Which of the cluster's device models it has, from 0, below 64; nil: no devices.
        package var model: Int?
        package var milliCPU: Int
        package var memory: Int
        /// Free thousandths of each device.
        package var shares: [Int]

        package init(model: Int?, milliCPU: Int, memory: Int, shares: [Int]) {
            self.model = model
            self.milliCPU = milliCPU
            self.memory = memory
            self.shares = shares
        }
    }

    private(set) var models: [Int] = []
    private(set) var milliCPU: [Int] = []
    private(set) var memory: [Int] = []
    /// Of all nodes, one after the other.
    private(set) var shares: [Int] = []
    /// Where a node's shares begin; one more at the end.
    private(set) var firstShare: [Int] = [0]
    /// Sums of a node's shares.
    private(set) var freeShares: [Int] = []
    /// How much work of each kind was taken in, node by node.
    private var held: [Int32] = []

    package var count: Int { models.count }

    package init(_ rooms: [Room] = []) {
        for room in rooms { append(room) }
    }

    package mutating func append(_ room: Room) {
        models.append(room.model ?? -1)
        milliCPU.append(room.milliCPU)
        memory.append(room.memory)
        shares += room.shares
        firstShare.append(shares.count)
        freeShares.append(room.shares.reduce(0, +))
        held += repeatElement(0, count: WorkKinds.count)
    }

    /// What the node is now, with this work on it. Another number of devices costs a pass over all nodes.
    package mutating func set(_ node: Int, to room: Room, with work: some Sequence<WorkClass>) {
        let devices = devices(of: node)
        models[node] = room.model ?? -1
        milliCPU[node] = room.milliCPU
        memory[node] = room.memory
        shares.replaceSubrange(devices, with: room.shares)
        freeShares[node] = room.shares.reduce(0, +)
        let grown = room.shares.count - devices.count
        if grown != 0 { for later in (node + 1)..<firstShare.count { firstShare[later] += grown } }
        for kind in 0..<WorkKinds.count { held[node * WorkKinds.count + kind] = 0 }
        for work in work { note(work, 1, on: node) }
    }

    package func room(_ node: Int) -> Room {
        Room(
            model: models[node] < 0 ? nil : models[node], milliCPU: milliCPU[node], memory: memory[node],
            shares: Array(shares[devices(of: node)]))
    }

    func devices(of node: Int) -> Range<Int> { firstShare[node]..<firstShare[node + 1] }

    /// Of the work with devices that was taken in and not given back.
    func kinds(on node: Int) -> WorkKinds {
        let counts = held[node * WorkKinds.count..<(node + 1) * WorkKinds.count]
        return WorkKinds(
            rawValue: zip(counts, 0...).reduce(0) { $1.0 > 0 ? $0 | 1 << UInt16($1.1) : $0 })
    }

    /// There is room for it now.
    func fits(_ work: WorkClass, on node: Int) -> Bool {
        guard milliCPU[node] >= work.milliCPU, memory[node] >= work.memory else { return false }
        guard work.devices > 0 else { return true }
        guard work.admits(model: models[node]) else { return false }
        var found = 0
        for device in devices(of: node) where shares[device] >= work.shares {
            found += 1
            if found == work.devices { return true }
        }
        return false
    }

    /// - Parameter devices: positions within the node.
    mutating func take(_ work: WorkClass, _ devices: [Int], on node: Int) {
        milliCPU[node] -= work.milliCPU
        memory[node] -= work.memory
        for device in devices { shares[firstShare[node] + device] -= work.shares }
        freeShares[node] -= devices.count * work.shares
        note(work, 1, on: node)
    }

    mutating func giveBack(_ work: WorkClass, _ devices: [Int], on node: Int) {
        milliCPU[node] += work.milliCPU
        memory[node] += work.memory
        for device in devices { shares[firstShare[node] + device] += work.shares }
        freeShares[node] += devices.count * work.shares
        note(work, -1, on: node)
    }

    private mutating func note(_ work: WorkClass, _ change: Int32, on node: Int) {
        guard work.devices > 0 else { return }
        held[node * WorkKinds.count + WorkKinds.index(of: work)] += change
    }
}

/// Slots that need the same of a node.
package struct WorkClass: Hashable, Sendable {
    package var milliCPU: Int
    package var memory: Int
    package var devices: Int
    /// Of each device, in 1/1000.
    package var shares: Int
    /// Bits of the models that will do; 0: all.
    package var models: UInt64

    package init(milliCPU: Int, memory: Int, devices: Int, shares: Int, models: UInt64 = 0) {
        self.milliCPU = milliCPU
        self.memory = memory
        self.devices = devices
        self.shares = devices == 0 ? 0 : shares
        self.models = models
    }

    package func admits(model: Int) -> Bool {
        model >= 0 && (models == 0 || models & (1 << UInt64(model)) != 0)
    }
    /// A part of one device.
    var isShare: Bool { devices == 1 && shares < 1_000 }
}

/// Parts of a device, one device, two and so on; eight and more are one kind.
struct WorkKinds: OptionSet, Sendable {
    static let count = 9
    let rawValue: UInt16

    init(rawValue: UInt16) { self.rawValue = rawValue }
    init(_ work: WorkClass) { rawValue = 1 << UInt16(Self.index(of: work)) }

    static func index(of work: WorkClass) -> Int { work.isShare ? 0 : min(work.devices, 8) }
}
