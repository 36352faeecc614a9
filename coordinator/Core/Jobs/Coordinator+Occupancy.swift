import ClusterTypes
import CoordinatorPlacement
import ProtocolMessages

extension Coordinator {
    /// The slot's next incarnation starts there.
    ///
    /// - Parameters:
    ///   - environment: added to the job's, for this slot alone.
    ///   - rankTable: of its gang.
    mutating func assign(
        _ slot: SlotID, to placement: Placement, environment: [String] = [], rankTable: RankTable? = nil,
        at now: Instant, into output: inout Output
    ) {
        let node = placement.node
        guard var record = slots[slot]?.record, let job = jobs[record.job],
            let connection = nodes[node]?.connection
        else { return }
        record.generation = record.generation.next
        record.state = .assigned
        record.reason = ""
        record.exitCode = nil
        record.node = node
        record.devices = placement.devices
        record.alternative = UInt32(placement.alternative)
        record.since = now
        slots[slot]?.record = record
        slots[slot]?.credits = 0
        occupy(node, with: record)
        nodes[node]?.credits -= 1
        nodes[node]?.assignments += 1
        noteGiven(to: record, at: now)
        tally.note(job.demands[placement.alternative].request)
        output.writes.append(.putSlot(record))
        var specification = job.record.specification
        specification.resources = specification.request(record.alternative)
        specification.environment += environment
        if let bytes = specification.resources.devices?.memoryShareBytes {
            specification.environment.append("MORTISE_DEVICE_MEMORY=\(bytes)")
        }
        output.actions.append(
            .send(
                connection,
                .assign(
                    Assignment(
                        key: record.key, job: record.job, specification: specification,
                        devices: placement.devices, rankTable: rankTable))))
        countAssigned(record.job, into: &output)
        settle(node, reason: "", at: now, into: &output)
        // It may take no more than this one, as when it is on probation.
        if let known = nodes[node] { board.update(known.placement) }
    }

    private mutating func countAssigned(_ job: JobID, into output: inout Output) {
        guard let record = jobs[job]?.record, jobs[job]?.ledger == nil else { return }
        if record.specification.isEverywhere {
            jobs[job]?.record.taskCount += 1
            jobs[job]?.record.counts.running += 1
            writeJob(job, into: &output)
        } else {
            moveSlot(of: job, from: \.ready, to: \.running, into: &output)
        }
    }

    /// Books the slot's resources on its node.
    mutating func occupy(_ node: NodeID, with slot: SlotRecord) {
        guard let job = jobs[slot.job], nodes[node] != nil else { return }
        let request = job.record.specification.request(slot.alternative)
        nodes[node]?.occupants.append(
            Occupant(slot: slot.slot, job: slot.job, request: request, devices: slot.devices))
        nodes[node]?.used += request.resources
        nodes[node]?.idleSince = nil
        for grant in slot.devices { nodes[node]?.book(grant) }
        charge(slot, on: node)
    }

    /// Gives back what `occupy` booked.
    mutating func vacate(_ node: NodeID, by slot: SlotRecord, at now: Instant, into output: inout Output) {
        guard let position = nodes[node]?.occupants.firstIndex(where: { $0.slot == slot.slot }),
            let occupant = nodes[node]?.occupants.remove(at: position)
        else { return }
        nodes[node]?.used -= occupant.request.resources
        for grant in occupant.devices { nodes[node]?.usedShares[Int(grant.device)] -= grant.shares }
        discharge(slot.slot, at: now)
        needsPlacement = true
        settle(node, reason: "", at: now, into: &output)
        releaseProbe(slot, at: now, into: &output)
    }

    /// Why no node that is known or could be launched could ever hold such a slot; nil while none is known.
    func impossibility(of specification: JobSpecification, at now: Instant) -> String? {
        let known = nodes.values.lazy.filter { $0.record.state != .released && $0.record.state != .joining }
            .map { $0.placement.emptied }
        let demands = ([specification.resources] + specification.placement.alternatives).map {
            PlacementDemand(request: $0, constraints: specification.constraints)
        }
        // Nearly always the first node will do: the others are not looked at.
        let couldHold = known.contains { node in demands.contains { Fit($0, on: node, at: now).isFit } }
        guard !couldHold else { return nil }
        for template in launchableNodes {
            // Of a node that nobody has seen, nothing can be said.
            guard let template else { return nil }
            if demands.contains(where: { Fit($0, on: template, at: now).isFit }) { return nil }
        }
        return impossibility(of: demands[0], on: Array(known), at: now)
    }

    private func impossibility(
        of demand: PlacementDemand, on known: [PlacementNode], at now: Instant
    ) -> String? {
        guard !known.isEmpty else { return nil }
        let reasons = Fit.misfits(demand, on: known, at: now).map {
            "\($0.1) \($0.0.explanation(for: demand))"
        }
        let cpus = known.map(\.capacity.resources.milliCPU).max() ?? 0
        let memory = known.map(\.capacity.resources.memoryBytes).max() ?? 0
        let devices = known.map(\.capacity.devices.count).max() ?? 0
        return "no node could ever hold a slot of this job: of \(known.count) nodes, "
            + reasons.joined(separator: ", ")
            + "; the largest offer is \(cpus / 1_000) CPUs, \(memory >> 20) MiB of memory, \(devices) devices"
    }
}

extension Node {
    fileprivate mutating func book(_ grant: DeviceGrant) {
        while usedShares.count <= Int(grant.device) { usedShares.append(0) }
        usedShares[Int(grant.device)] += grant.shares
    }
}
