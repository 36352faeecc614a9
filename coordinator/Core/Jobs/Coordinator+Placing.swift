import ClusterTypes
import CoordinatorAutoscale
import CoordinatorPlacement
import ProtocolMessages

extension Coordinator {
    /// One round: jobs by priority, then by number; of each job as many slots as it wants and fit.
    mutating func placePendingSlots(at now: Instant, into output: inout Output) {
        let jobsThatWant = jobsThatWantSlots()
        if jobsThatWant.isEmpty { return }
        var open = OpenNodes(candidates: nodes.keys[...])
        for job in jobsThatWant {
            guard let demand = jobs[job]?.demand(at: now, limits) else { continue }
            var waiting = pendingSlots(of: job)[...]
            for _ in 0..<slotsWanted(job) {
                let slot = waiting.popFirst() ?? addPendingSlot(to: job, at: now, into: &output)
                guard let (node, grants) = open.place(demand, nodes) else { break }
                assign(slot, to: node, grants, at: now, into: &output)
                if let node = nodes[node] { open.update(node.placement) }
            }
        }
    }

    /// A slot waits only while there are tasks that no other slot has taken.
    mutating func dropPendingSlots(of job: JobID, at now: Instant, into output: inout Output) {
        for slot in pendingSlots(of: job) {
            finish(slot, as: .finished, reason: "no more tasks", at: now, into: &output)
        }
    }

    /// The highest priority first, then the oldest.
    private func jobsThatWantSlots() -> [JobID] {
        var found: [(priority: Int32, job: JobID)] = []
        for job in jobs.values where slotsWanted(job) > 0 {
            found.append((job.record.specification.priority, job.record.job))
        }
        return found.sorted { ($1.priority, $0.job) < ($0.priority, $1.job) }.map(\.job)
    }

    /// How many more slots of this job could run now, if they had a place.
    func slotsWanted(_ job: JobID) -> Int { jobs[job].map(slotsWanted) ?? 0 }

    private func slotsWanted(_ state: Job) -> Int {
        guard state.record.state == .running else { return 0 }
        guard let ledger = state.ledger else { return Int(state.record.counts.ready) }
        guard ledger.counts.ready > 0 else { return 0 }
        let working = state.slots.count { slots[$0]?.record.state.isPlaced ?? false }
        return max(0, min(Int(state.record.specification.slots.maximum), ledger.undecided) - working)
    }

    private func pendingSlots(of job: JobID) -> [SlotID] {
        (jobs[job]?.slots ?? []).filter { slots[$0]?.record.state == .pending }
    }

    private mutating func addPendingSlot(to job: JobID, at now: Instant, into output: inout Output) -> SlotID
    {
        lastSlot += 1
        let slot = SlotID(lastSlot)
        let record = SlotRecord(slot: slot, job: job, createdAt: now, since: now)
        slots[slot] = Slot(record: record)
        jobs[job]?.slots.append(slot)
        output.writes.append(.putSlot(record))
        return slot
    }

    private mutating func assign(
        _ slot: SlotID, to node: NodeID, _ grants: [DeviceGrant], at now: Instant, into output: inout Output
    ) {
        guard var record = slots[slot]?.record, let job = jobs[record.job],
            let connection = nodes[node]?.connection
        else { return }
        record.generation = record.generation.next
        record.state = .assigned
        record.reason = ""
        record.exitCode = nil
        record.node = node
        record.devices = grants
        record.since = now
        slots[slot]?.record = record
        slots[slot]?.credits = 0
        occupy(node, with: record)
        nodes[node]?.credits -= 1
        nodes[node]?.assignments += 1
        noteGiven(to: record, at: now)
        output.writes.append(.putSlot(record))
        output.actions.append(
            .send(
                connection,
                .assign(
                    Assignment(
                        key: record.key, job: record.job, specification: job.record.specification,
                        devices: grants))))
        if job.ledger == nil { moveSlot(of: record.job, from: \.ready, to: \.running, into: &output) }
        settle(node, reason: "", at: now, into: &output)
    }

    /// Books the slot's resources on its node.
    mutating func occupy(_ node: NodeID, with slot: SlotRecord) {
        guard var known = nodes[node], let job = jobs[slot.job] else { return }
        known.slots.append(slot.slot)
        known.used += job.record.specification.resources.resources
        for grant in slot.devices {
            while known.usedShares.count <= Int(grant.device) { known.usedShares.append(0) }
            known.usedShares[Int(grant.device)] += grant.shares
        }
        nodes[node] = known
    }

    /// Gives back what `occupy` booked.
    mutating func vacate(_ node: NodeID, by slot: SlotRecord, at now: Instant, into output: inout Output) {
        guard var known = nodes[node], let job = jobs[slot.job],
            let position = known.slots.firstIndex(of: slot.slot)
        else { return }
        known.slots.remove(at: position)
        known.used -= job.record.specification.resources.resources
        for grant in slot.devices { known.usedShares[Int(grant.device)] -= grant.shares }
        nodes[node] = known
        needsPlacement = true
        settle(node, reason: "", at: now, into: &output)
        releaseProbe(slot, at: now, into: &output)
    }

    /// Why no node that is known could ever hold such a slot; nil while none is known.
    func impossibility(of specification: JobSpecification) -> String? {
        let known = nodes.values.lazy.filter { $0.record.state != .released && $0.record.state != .joining }
            .map { $0.placement.emptied }
        let demand = PlacementDemand(
            request: specification.resources, constraints: specification.constraints)
        // Nearly always the first node will do: the others are not looked at.
        let couldHold = known.contains {
            if case .fits = FirstFit.fit(demand, on: $0) { true } else { false }
        }
        return couldHold ? nil : impossibility(of: demand, on: Array(known))
    }

    private func impossibility(of demand: PlacementDemand, on known: [PlacementNode]) -> String? {
        guard !known.isEmpty else { return nil }
        let reasons = FirstFit.misfits(demand, on: known).map { "\($0.1) \($0.0.explanation)" }
        let cpus = known.map(\.capacity.resources.milliCPU).max() ?? 0
        let memory = known.map(\.capacity.resources.memoryBytes).max() ?? 0
        let devices = known.map(\.capacity.devices.count).max() ?? 0
        return "no node could ever hold a slot of this job: of \(known.count) nodes, "
            + reasons.joined(separator: ", ")
            + "; the largest offer is \(cpus / 1_000) CPUs, \(memory >> 20) MiB of memory, \(devices) devices"
    }
}

/// Nodes that take work, in their order. One is looked at when no node before it has room: nearly always some of the
/// first ones have.
private struct OpenNodes {
    private var known: [PlacementNode] = []
    private var candidates: ArraySlice<NodeID>

    init(candidates: ArraySlice<NodeID>) { self.candidates = candidates }

    /// - Returns: nil when no node fits now.
    mutating func place(
        _ demand: PlacementDemand, _ nodes: OrderedTable<NodeID, Node>
    ) -> (NodeID, [DeviceGrant])? {
        if let (position, grants) = FirstFit.place(demand, on: known) {
            return (known[position].node, grants)
        }
        while let candidate = candidates.popFirst() {
            guard let node = nodes[candidate], node.takesWork, node.credits > 0 else { continue }
            known.append(node.placement)
            if case .fits(let grants) = FirstFit.fit(demand, on: node.placement) {
                return (candidate, grants)
            }
        }
        return nil
    }

    /// After something was placed there.
    mutating func update(_ node: PlacementNode) {
        guard let position = known.firstIndex(where: { $0.node == node.node }) else { return }
        known[position] = node
    }
}
