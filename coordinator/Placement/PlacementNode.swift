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
    /// When the node will be gone; nil: no end is known.
    package var endsAt: Instant?

    package init(
        node: NodeID, name: String, pool: String, capacity: NodeCapacity, free: Resources,
        freeShares: [UInt32],
        credits: UInt32, endsAt: Instant? = nil
    ) {
        self.node = node
        self.name = name
        self.pool = pool
        self.capacity = capacity
        self.free = free
        self.freeShares = freeShares
        self.credits = credits
        self.endsAt = endsAt
    }

    /// The same node with nothing running on it, ready for work and with time: could it ever hold a slot?
    package var emptied: PlacementNode {
        var node = self
        node.free = capacity.resources
        node.freeShares = capacity.devices.map { _ in wholeDeviceShares }
        node.credits = max(credits, 1)
        node.endsAt = nil
        return node
    }
}

/// What one slot needs of a node.
package struct PlacementDemand: Sendable, Hashable {
    package var request: ResourceRequest
    package var constraints: [Constraint]
    /// A slot that is given now may need its node until then; nil: that does not matter.
    package var neededUntil: Instant?

    package init(request: ResourceRequest, constraints: [Constraint], neededUntil: Instant? = nil) {
        self.request = request
        self.constraints = constraints
        self.neededUntil = neededUntil
    }
}

/// Why a node does not take a slot. Ordered from what will never change to what changes by itself.
package enum Misfit: Int, Sendable, Hashable, CaseIterable, Comparable {
    case architecture, pool, name, label, deviceModel, deviceMemory, time, deviceCount, processor, memory,
        disk, credits

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
        case .time: "end too soon"
        case .deviceCount: "have too few free devices"
        case .processor: "lack free CPUs"
        case .memory: "lack free memory"
        case .disk: "lack free disk"
        case .credits: "have not asked for more work"
        }
    }
}
