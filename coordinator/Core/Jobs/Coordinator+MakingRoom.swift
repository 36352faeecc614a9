import ClusterTypes
import CoordinatorPlacement
import ProtocolMessages

// What a job that finds no place can do: stop what gives way to it, or, when it has waited long, have nodes kept for it.
extension Coordinator {
    mutating func makeRoom(
        for waiting: [SlotID], of job: JobID, _ request: PlacementRequest, at now: Instant,
        into output: inout Output
    ) {
        guard let state = jobs[job], !state.record.specification.isEverywhere,
            !request.alternatives.allSatisfy(\.isOverQuota)
        else { return }
        let since = state.waitsSince ?? now
        jobs[job]?.waitsSince = since
        guard searchesLeft > 0 else { return }
        if preempt(for: waiting, of: job, request, at: now, into: &output) { return }
        guard lacksItsLeast(state) else { return }
        let patience = Duration.seconds(Int64(limits.patienceSeconds))
        if now < since + patience {
            patienceDeadlines.set(job, to: since + patience)
        } else {
            reserve(for: waiting, of: job, request, at: now)
        }
    }

    /// More slots than its least only make a job faster: nothing is kept for that.
    private func lacksItsLeast(_ job: Job) -> Bool {
        let placed = job.slots.count { slots[$0]?.record.state.isPlaced ?? false }
        // The commands of a batch job are each for itself: where one runs, the next ones will.
        return job.record.specification.kind == .batch
            ? placed == 0 : placed < job.record.specification.slots.minimum
    }

    /// It has all its places, or wants none any more.
    mutating func stopWaiting(_ job: JobID) {
        guard jobs[job]?.waitsSince != nil || jobs[job]?.heldNodes.isEmpty == false else { return }
        jobs[job]?.waitsSince = nil
        patienceDeadlines.remove(job)
        release(job)
    }

    /// The nodes that were kept for it are there for all.
    mutating func release(_ job: JobID) {
        for node in jobs[job]?.heldNodes ?? [] where nodes[node]?.hold?.job == job {
            nodes[node]?.hold = nil
            board.change(node) { $0.hold = nil }
            needsPlacement = true
        }
        jobs[job]?.heldNodes = []
        holders.removeAll { $0 == job }
    }

    private mutating func keep(_ kept: [NodeID], startsAt: Instant?, for job: JobID) {
        for node in jobs[job]?.heldNodes ?? [] where !kept.contains(node) && nodes[node]?.hold?.job == job {
            nodes[node]?.hold = nil
            board.change(node) { $0.hold = nil }
            needsPlacement = true
        }
        let hold = Hold(job: job, startsAt: startsAt)
        for node in kept {
            nodes[node]?.hold = hold
            board.change(node) { $0.hold = hold }
        }
        if jobs[job]?.heldNodes != kept {
            jobs[job]?.heldNodes = kept
            if !holders.contains(job) { holders.append(job) }
            // What it may use is another class of places now.
            needsPlacement = true
        }
    }

    // MARK: Preemption

    /// - Returns: something is on its way out.
    private mutating func preempt(
        for waiting: [SlotID], of job: JobID, _ request: PlacementRequest, at now: Instant,
        into output: inout Output
    ) -> Bool {
        guard let state = jobs[job], mayPreempt(state) else { return false }
        // Those that were stopped for it before have not ended yet.
        let isUnderWay = state.heldNodes.contains { node in
            nodes[node]?.slots.contains { slots[$0]?.record.state == .stopping } ?? false
        }
        if isUnderWay { return true }
        searchesLeft -= 1
        var trial = board
        var request = request
        // The nodes will be its own.
        for position in request.alternatives.indices { request.alternatives[position].job = job }
        var victims: [SlotID] = []
        var kept: [NodeID] = []
        for slot in waiting {
            if let placement = trial.place(slot, of: &request, at: now) {
                if waiting.count > 1, !kept.contains(placement.node) { kept.append(placement.node) }
                continue
            }
            let plan = preemption(for: request.alternatives, of: state, on: trial, at: now)
            guard let plan else { return false }
            trial.change(plan.node) { node in
                for victim in plan.victims { node.release(victim) }
            }
            guard trial.place(slot, of: &request, at: now) != nil else { return false }
            victims += plan.victims
            if !kept.contains(plan.node) { kept.append(plan.node) }
        }
        guard !victims.isEmpty else { return false }
        keep(kept, startsAt: nil, for: job)
        for victim in victims {
            stop(
                victim, reason: "makes room for job \(job) '\(state.record.specification.job)'", at: now,
                into: &output)
        }
        return true
    }

    private func preemption(
        for demands: [PlacementDemand], of job: Job, on board: PlacementBoard, at now: Instant
    ) -> Preemption? {
        for demand in demands {
            let plan = board.preemption(for: demand, at: now) { worth(of: $0, to: job) }
            if let plan { return plan }
        }
        return nil
    }

    private func mayPreempt(_ job: Job) -> Bool {
        limits.preemptionGap != nil || sharing.preemptibleSlots > 0
    }

    /// What the slots of a job are worth to one that wants their place; nil: they stay.
    private func worth(of victim: JobID, to job: Job) -> Int32? {
        guard let other = jobs[victim], victim != job.record.job, !other.record.state.isEnded else {
            return nil
        }
        let own = job.record.specification
        let specification = other.record.specification
        let isHigher = specification.priority < own.priority
        if specification.placement.isPreemptible, isHigher || !own.placement.isPreemptible {
            return specification.priority - 10_000
        }
        guard let gap = limits.preemptionGap, own.priority - specification.priority >= gap else { return nil }
        return specification.priority
    }

    // MARK: Reservation

    /// Keeps the nodes for it where it would start soonest.
    private mutating func reserve(
        for waiting: [SlotID], of job: JobID, _ request: PlacementRequest, at now: Instant
    ) {
        guard let state = jobs[job] else { return }
        let stillGood = state.heldNodes.allSatisfy { nodes[$0]?.takesWork == true }
        if !state.heldNodes.isEmpty, stillGood { return }
        guard holders.count(where: { $0 != job }) < limits.reservations else { return }
        searchesLeft -= 1
        let found = board.reservation(for: waiting, of: request, at: now) { self.end(of: $0, at: now) }
        guard let found else {
            release(job)
            return
        }
        let start = found.startsAt.flatMap { $0 > now ? $0 : nil }
        keep(found.nodes, startsAt: start, for: job)
    }

    /// As its job says.
    func end(of occupant: Occupant, at now: Instant) -> ExpectedEnd {
        guard let record = slots[occupant.slot]?.record, let job = jobs[record.job]?.record else {
            return .unknown
        }
        let specification = job.specification
        if specification.kind == .service, record.state != .stopping { return .never }
        let seconds = specification.timeoutSeconds ?? specification.timeRequestSeconds
        guard specification.kind == .batch, let seconds else { return .unknown }
        return .latest(
            max(now, record.since + .seconds(Int64(seconds) + Int64(specification.stopGraceSeconds))))
    }
}
