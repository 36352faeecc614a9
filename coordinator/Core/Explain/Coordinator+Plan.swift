package import ClusterTypes
import CoordinatorPlacement

/// Where the slots of a job would go, if it were submitted now.
package struct JobPlan: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var node: NodeID
        package var name: String
        package var devices: [DeviceGrant]
        /// Which of the job's requests; see `JobSpecification.request(_:)`.
        package var alternative: UInt32

        package init(node: NodeID, name: String, devices: [DeviceGrant], alternative: UInt32) {
            self.node = node
            self.name = name
            self.devices = devices
            self.alternative = alternative
        }
    }

    package var placed: [Entry]
    /// Slots that would wait; of a job that takes as many as fit, those that it would lack to its least.
    package var waiting: Int
    /// Why they would, most important first.
    package var reasons: [String]

    package init(placed: [Entry], waiting: Int, reasons: [String]) {
        self.placed = placed
        self.waiting = waiting
        self.reasons = reasons
    }
}

/// Devices that would be whole again, and what would have to move for it.
package struct MovePlan: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var node: String
        package var device: UInt32
        /// All of them are to be made before those of the next entry.
        package var moves: [Move]

        package init(node: String, device: UInt32, moves: [Move]) {
            self.node = node
            self.device = device
            self.moves = moves
        }
    }

    package struct Move: Hashable, Sendable {
        package var slot: SlotID
        package var job: JobID
        package var to: String
        package var devices: [DeviceGrant]

        package init(slot: SlotID, job: JobID, to: String, devices: [DeviceGrant]) {
            self.slot = slot
            self.job = job
            self.to = to
            self.devices = devices
        }
    }

    package var freed: [Entry]
    /// How many are whole now.
    package var wholeDevices: Int

    package init(freed: [Entry], wholeDevices: Int) {
        self.freed = freed
        self.wholeDevices = wholeDevices
    }
}

extension Coordinator {
    /// Places the job's slots on a copy of what is known now, as if it were the next in its turn. Nothing is submitted,
    /// and nothing is stopped for it.
    func plan(
        _ specification: JobSpecification, tasks: UInt32?, by submitter: String, at now: Instant
    ) throws(CommandRefusal) -> JobPlan {
        if let reason = impossibility(of: specification, at: now) {
            throw CommandRefusal(.impossible, reason)
        }
        try checkVirtualCluster(of: specification, by: submitter)
        var trial = self
        trial.refreshBoard()
        let job = JobID(lastJob + 1)
        let most = slotsAtMost(specification, tasks)
        var record = JobRecord(job: job, specification: specification, submitter: submitter, submittedAt: now)
        record.counts.ready = UInt32(most)
        trial.jobs[job] = Job(record: record, limits)
        var request = trial.request(of: job)
        let allowed = min(most, Int(trial.quotaRoom(for: job)))
        var placements = trial.place(allowed, of: &request, at: now)
        let isUnlimited = specification.slots.maximum >= SlotCount.unlimited
        let least = isUnlimited ? min(most, Int(specification.slots.minimum)) : most
        let isWhole = placements.count >= least || specification.isEverywhere
        var reasons = isWhole ? [] : trial.reasonsToWait(request, at: now)
        if allowed < most { reasons += [trial.quotaExplanation(for: job)].compactMap(\.self) }
        if !isWhole, specification.placement.gang != nil {
            reasons.insert(
                "it is a gang of \(most): \(placements.count) of its slots would fit now, all or none "
                    + "start", at: 0)
            placements = []
        }
        return JobPlan(
            placed: placements.map { placement in
                JobPlan.Entry(
                    node: placement.node, name: nodes[placement.node]?.record.name ?? "",
                    devices: placement.devices, alternative: UInt32(placement.alternative))
            },
            waiting: isWhole ? 0 : least - placements.count, reasons: reasons)
    }

    private func slotsAtMost(_ specification: JobSpecification, _ tasks: UInt32?) -> Int {
        var most = Int(min(specification.slots.maximum, limits.slotsPerJob))
        if let count = specification.array.map({ Int($0.count) }) ?? tasks.map(Int.init) {
            most = min(most, count)
        }
        return most
    }

    /// Takes places for so many slots, or for as many as there is room for.
    private mutating func place(
        _ most: Int, of request: inout PlacementRequest, at now: Instant
    ) -> [Placement] {
        var placements: [Placement] = []
        while placements.count < most {
            let slot = SlotID(lastSlot + 1 + UInt64(placements.count))
            guard let placement = board.place(slot, of: &request, at: now) else { break }
            placements.append(placement)
        }
        return placements
    }

    private func reasonsToWait(_ request: PlacementRequest, at now: Instant) -> [String] {
        let open = board.nodes.filter(\.takesWork)
        guard !open.isEmpty else { return ["no node takes work now"] }
        return request.alternatives.enumerated().map { number, demand in
            (number == 0 ? "" : "alternative \(number): ") + "of \(open.count) nodes that take work, "
                + Fit.misfits(demand, on: open, at: now).map { "\($0.1) \($0.0.explanation(for: demand))" }
                .joined(separator: ", ")
        }
    }

    /// Which moves would make devices whole. Nothing is moved.
    func planMoves(at now: Instant) -> MovePlan {
        var trial = self
        trial.refreshBoard()
        let freed = trial.board.defragmentation(at: now) { occupant in
            jobs[occupant.job]?.record.state.isEnded == false ? request(of: occupant.job) : nil
        }
        func name(_ node: NodeID) -> String { nodes[node]?.record.name ?? "\(node)" }
        return MovePlan(
            freed: freed.map { entry in
                MovePlan.Entry(
                    node: name(entry.node), device: entry.device,
                    moves: entry.moves.map {
                        MovePlan.Move(slot: $0.slot, job: $0.job, to: name($0.to), devices: $0.devices)
                    })
            },
            wholeDevices: trial.board.wholeDevices)
    }
}
