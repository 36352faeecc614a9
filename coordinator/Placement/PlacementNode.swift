package import ClusterTypes

/// A node as placement sees it: what it offers, what of it is free, whether it takes work now.
package struct PlacementNode: Sendable, Hashable {
    package var node: NodeID
    package var name: String
    package var pool: String
    package var capacity: NodeCapacity
    package var free: Resources
    /// Of each device of `capacity.devices`, in 1/1000.
    package var freeShares: [UInt32]
    /// Slots that the node has asked for.
    package var credits: UInt32

    package init(
        node: NodeID, name: String, pool: String, capacity: NodeCapacity, free: Resources,
        freeShares: [UInt32],
        credits: UInt32
    ) {
        self.node = node
        self.name = name
        self.pool = pool
        self.capacity = capacity
        self.free = free
        self.freeShares = freeShares
        self.credits = credits
    }

    /// The same node with nothing running on it and ready for work: could it ever hold a slot?
    package var emptied: PlacementNode {
        var node = self
        node.free = capacity.resources
        node.freeShares = capacity.devices.map { _ in wholeDeviceShares }
        node.credits = max(credits, 1)
        return node
    }
}

/// What one slot needs of a node.
package struct PlacementDemand: Sendable, Hashable {
    package var request: ResourceRequest
    package var constraints: [Constraint]

    package init(request: ResourceRequest, constraints: [Constraint]) {
        self.request = request
        self.constraints = constraints
    }
}

/// Why a node does not take a slot. Ordered from what will never change to what changes by itself.
package enum Misfit: Int, Sendable, Hashable, CaseIterable, Comparable {
    case architecture, pool, name, label, deviceModel, deviceMemory, deviceCount, processor, memory, disk,
        credits

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// Completes "3 nodes …".
    package var explanation: String {
        switch self {
        case .architecture: "have another architecture"
        case .pool: "are in another pool"
        case .name: "have another name"
        case .label: "lack a label"
        case .deviceModel: "have no device of this type and model"
        case .deviceMemory: "have no device with enough memory"
        case .deviceCount: "have too few free devices"
        case .processor: "lack free CPUs"
        case .memory: "lack free memory"
        case .disk: "lack free disk"
        case .credits: "have not asked for more work"
        }
    }
}
