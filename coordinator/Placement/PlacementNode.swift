package import ClusterTypes

/// A node as placement sees it: what it offers, what of it is free, who is there, whether it takes work now.
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
    /// It is given new work.
    package var takesWork = true
    /// One for each slot that is there.
    package var occupants: [Occupant] = []
    /// Kept for a job; nil: for nobody.
    package var hold: Hold?

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
        node.takesWork = true
        node.occupants = []
        node.hold = nil
        return node
    }

    func value(of label: String) -> String? { capacity.labels.first { $0.key == label }?.value }

    /// How much of a counted resource is there in all; 0 where the label is missing or no whole number.
    func total(of name: String) -> Int { value(of: name).flatMap { UInt32($0) }.map(Int.init) ?? 0 }

    func free(of name: String) -> Int {
        occupants.reduce(total(of: name)) { left, occupant in
            left - occupant.request.counted.reduce(0) { $0 + ($1.name == name ? Int($1.count) : 0) }
        }
    }

    /// Such a slot is placed here.
    package mutating func take(_ occupant: Occupant) {
        free -= occupant.request.resources
        for grant in occupant.devices {
            freeShares[Int(grant.device)] -= min(freeShares[Int(grant.device)], grant.shares)
        }
        occupants.append(occupant)
        credits -= min(credits, 1)
    }

    /// What the slot took is free again; as nothing else of the node is known to have changed.
    package mutating func release(_ slot: SlotID) {
        guard let position = occupants.firstIndex(where: { $0.slot == slot }) else { return }
        let occupant = occupants.remove(at: position)
        free += occupant.request.resources
        for grant in occupant.devices {
            freeShares[Int(grant.device)] = min(
                wholeDeviceShares, freeShares[Int(grant.device)] + grant.shares)
        }
        credits += 1
    }
}

/// A slot on a node.
package struct Occupant: Sendable, Hashable {
    package var slot: SlotID
    package var job: JobID
    /// What it was placed with, one of its job's alternatives.
    package var request: ResourceRequest
    package var devices: [DeviceGrant]

    package init(slot: SlotID, job: JobID, request: ResourceRequest, devices: [DeviceGrant]) {
        self.slot = slot
        self.job = job
        self.request = request
        self.devices = devices
    }
}

/// A node that is kept for a job which waits for it. For others it is as if the node's time ended at `startsAt`.
package struct Hold: Sendable, Hashable {
    package var job: JobID
    /// When the job is expected to have its place; nil: nobody knows, so nothing else is placed there.
    package var startsAt: Instant?

    package init(job: JobID, startsAt: Instant? = nil) {
        self.job = job
        self.startsAt = startsAt
    }
}
