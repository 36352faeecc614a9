package import ClusterTypes

/// `POST /v1/plan`.
package struct PlanRequest: Codable, Sendable, Hashable {
    /// As it would be submitted.
    package var specification: JobSpecification
    /// How many tasks a job of kind tasks without an array would have; left out: any number.
    package var tasks: UInt32?

    package init(specification: JobSpecification, tasks: UInt32? = nil) {
        self.specification = specification
        self.tasks = tasks
    }

    /// All that is wrong with it, each as `path: what and why`.
    package func validate() -> [String] {
        var faults = Faults()
        faults.lines = specification.validate().map { "specification." + $0 }
        guard let tasks else { return faults.lines }
        faults.checkRange(tasks, 1...UInt32(JobLimits.tasks), "tasks")
        faults.check(
            specification.kind == .tasks, "tasks",
            "are for jobs of kind tasks; this is a \(specification.kind.rawValue) job")
        faults.check(
            specification.array == nil, "tasks", "do not go with specification.array: give one of them")
        return faults.lines
    }
}

/// Where the slots of a job would go now.
package struct PlanView: Codable, Sendable, Hashable {
    package struct Place: Codable, Sendable, Hashable {
        package var node: NodeID
        package var nodeName: String
        package var devices: [DeviceGrant]
        /// Which request it has: 0 is `resources`, 1 the first of `placement.alternatives`.
        package var alternative: UInt32

        package init(node: NodeID, nodeName: String, devices: [DeviceGrant] = [], alternative: UInt32 = 0) {
            self.node = node
            self.nodeName = nodeName
            self.devices = devices
            self.alternative = alternative
        }
    }

    /// One for each slot, in the order in which they would be taken.
    package var places: [Place]
    /// Slots that would wait; of a job that takes as many as fit, those that it would lack to its least.
    package var waiting: UInt32
    /// Why they would, most important first.
    package var reasons: [String]

    package init(places: [Place], waiting: UInt32 = 0, reasons: [String] = []) {
        self.places = places
        self.waiting = waiting
        self.reasons = reasons
    }
}

/// Devices that would be whole again, and what would have to move for it.
package struct MovesView: Codable, Sendable, Hashable {
    package struct FreedDevice: Codable, Sendable, Hashable {
        package var nodeName: String
        /// Position in the node's device list.
        package var device: UInt32
        /// Supposing that those of the devices before are done.
        package var moves: [Move]

        package init(nodeName: String, device: UInt32, moves: [Move]) {
            self.nodeName = nodeName
            self.device = device
            self.moves = moves
        }
    }

    package struct Move: Codable, Sendable, Hashable {
        package var slot: SlotID
        package var job: JobID
        /// The name of the node that it would go to.
        package var to: String
        /// What it would have there.
        package var devices: [DeviceGrant]

        package init(slot: SlotID, job: JobID, to: String, devices: [DeviceGrant]) {
            self.slot = slot
            self.job = job
            self.to = to
            self.devices = devices
        }
    }

    /// The cheapest first.
    package var freed: [FreedDevice]
    /// Devices of which nothing is used now.
    package var wholeDevices: Int

    package init(freed: [FreedDevice], wholeDevices: Int) {
        self.freed = freed
        self.wholeDevices = wholeDevices
    }
}
