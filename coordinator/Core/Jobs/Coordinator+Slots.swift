import ClusterTypes
import ProtocolMessages

extension Coordinator {
    // MARK: What agents report

    mutating func receive(
        _ report: SlotReport, from node: NodeID, on connection: ConnectionID, at now: Instant,
        into output: inout Output
    ) {
        let slot = report.key.slot
        guard let record = slots[slot]?.record, record.key == report.key, record.node == node else {
            // Outdated or foreign: it has no effect, and the agent need not say it again.
            if report.state.isEnded {
                output.actions.append(.send(connection, .slotEndAcknowledged(report.key)))
            }
            return
        }
        switch report.state {
        case .starting, .running:
            // A service that starts again goes from running to starting.
            if record.state != .stopping {
                setState(report.state, of: slot, reason: report.reason, at: now, into: &output)
            }
        case .stopping:
            setState(.stopping, of: slot, reason: report.reason, at: now, into: &output)
        case .finished, .failed:
            endIncarnation(slot, report, at: now, into: &output)
            output.actions.append(.send(connection, .slotEndAcknowledged(report.key)))
        case .pending, .assigned, .lost: break
        }
    }

    /// The agent found this incarnation running when it connected.
    mutating func adopt(_ slot: SlotID, _ running: RunningSlot, at now: Instant, into output: inout Output) {
        guard let record = slots[slot]?.record else { return }
        slots[slot]?.credits = 0
        // An agent may have found an ended slot without what it held: the end, which is told later, decides.
        if !running.state.isEnded {
            let held = Set(running.tasks)
            giveBack(record.tasks.filter { !held.contains($0) }, of: slot, at: now, into: &output)
        }
        guard record.state != .stopping else { return }
        switch running.state {
        case .assigned, .starting, .running, .stopping:
            setState(running.state, of: slot, reason: "", at: now, into: &output)
        // An end is told after the results that it follows.
        case .finished, .failed, .pending, .lost: break
        }
    }

    // MARK: Ends

    private mutating func endIncarnation(
        _ slot: SlotID, _ report: SlotReport, at now: Instant, into output: inout Output
    ) {
        guard let record = slots[slot]?.record, let job = jobs[record.job] else { return }
        note(outcome(of: report, record, at: now), of: record, at: now, into: &output)
        // What was not started came back before; of the rest nobody knows how far it came.
        let isCrash = report.hasVanished && record.state != .stopping
        giveBackTasks(
            of: slot, isLoss: true, reason: report.reason, isCrash: isCrash, at: now, into: &output)
        if let node = record.node { vacate(node, by: record, at: now, into: &output) }
        slots[slot]?.record.exitCode = report.exitCode
        let kind = job.record.specification.kind
        if kind == .tasks || job.record.state.isEnded {
            finish(slot, as: report.state, reason: report.reason, at: now, into: &output)
            let isOfItsNode = record.node.map { job.succeedsElsewhere(than: $0) } ?? false
            if report.state == .failed, record.state != .stopping, !job.record.state.isEnded, !isOfItsNode {
                countSlotFailure(of: record.job, report.reason, at: now, into: &output)
            }
        } else if report.state == .failed,
            // A command that was faster than the order to stop it has failed by itself.
            record.state != .stopping || (kind == .batch && report.exitCode != nil)
        {
            failIncarnation(slot, report, at: now, into: &output)
        } else if kind == .batch, report.exitCode != nil {
            moveSlot(of: record.job, from: \.running, to: \.succeeded, into: &output)
            finish(slot, as: .finished, reason: report.reason, at: now, into: &output)
        } else {
            abandonIncarnation(
                slot, hasStarted: true, reason: report.reason, isCrash: isCrash, at: now, into: &output)
        }
        endIfOver(record.job, at: now, into: &output)
        evictEndedJobs()
    }

    /// It ended without an outcome of its own, and through no fault of its own: it is still wanted, but where
    /// `on_lost` says that it must not run twice.
    private mutating func abandonIncarnation(
        _ slot: SlotID, hasStarted: Bool, reason: String, isCrash: Bool, at now: Instant,
        into output: inout Output
    ) {
        guard let record = slots[slot]?.record, let job = jobs[record.job] else { return }
        let specification = job.record.specification
        if hasStarted, specification.kind == .batch, specification.onLost == .fail {
            moveSlot(of: record.job, from: \.running, to: \.failed, into: &output)
            finish(slot, as: .failed, reason: reason, at: now, into: &output)
            failGang(record.job, reason: reason, at: now, into: &output)
        } else if isCrash, specification.kind == .batch, let verdict = countCrash(of: slot) {
            moveSlot(of: record.job, from: \.running, to: \.failed, into: &output)
            finish(slot, as: .failed, reason: verdict, at: now, into: &output)
            failGang(record.job, reason: verdict, at: now, into: &output)
        } else {
            makePending(slot, reason: reason, at: now, into: &output)
        }
    }

    /// A batch command failed, or a slot could not run: tried again as its job's rules say.
    private mutating func failIncarnation(
        _ slot: SlotID, _ report: SlotReport, at now: Instant, into output: inout Output
    ) {
        guard let record = slots[slot]?.record, let job = jobs[record.job] else { return }
        let retries = job.record.specification.retries.count(forExitCode: report.exitCode ?? -1)
        if record.attempts < retries {
            slots[slot]?.record.attempts += 1
            jobs[record.job]?.record.retried += 1
            makePending(slot, reason: report.reason, at: now, into: &output)
        } else {
            moveSlot(of: record.job, from: \.running, to: \.failed, into: &output)
            finish(slot, as: .failed, reason: report.reason, at: now, into: &output)
            if job.record.specification.isEverywhere {
                countSlotFailure(of: record.job, report.reason, at: now, into: &output)
            }
            failGang(record.job, reason: report.reason, at: now, into: &output)
        }
    }

    /// The incarnation is gone with its node or never arrived; whatever it may still do is refused by generation.
    /// - Parameters:
    ///   - hasStarted: work may have run: `on_lost` decides about it.
    ///   - isCrash: nobody ordered it: what ran may have been the cause.
    mutating func loseIncarnation(
        _ slot: SlotID, hasStarted: Bool, reason: String, isCrash: Bool = false, at now: Instant,
        into output: inout Output
    ) {
        guard let record = slots[slot]?.record, let job = jobs[record.job] else { return }
        let isCrash = isCrash && record.state != .stopping
        giveBackTasks(
            of: slot, isLoss: hasStarted, reason: reason, isCrash: isCrash, at: now, into: &output)
        if let node = record.node { vacate(node, by: record, at: now, into: &output) }
        if job.ledger != nil || job.record.state.isEnded {
            finish(slot, as: .failed, reason: reason, at: now, into: &output)
        } else {
            abandonIncarnation(
                slot, hasStarted: hasStarted, reason: reason, isCrash: isCrash, at: now, into: &output)
        }
        endIfOver(record.job, at: now, into: &output)
        evictEndedJobs()
        needsPlacement = true
    }

    private mutating func makePending(
        _ slot: SlotID, reason: String, at now: Instant, into output: inout Output
    ) {
        guard var record = slots[slot]?.record else { return }
        record.state = .pending
        record.reason = reason
        record.node = nil
        record.devices = []
        record.tasks = []
        record.since = now
        slots[slot]?.record = record
        slots[slot]?.credits = 0
        needsPlacement = true
        if jobs[record.job]?.record.specification.isEverywhere == true {
            forgetIncarnation(slot, reason: reason, at: now, into: &output)
            return
        }
        output.writes.append(.putSlot(record))
        moveSlot(of: record.job, from: \.running, to: \.ready, into: &output)
        restartGang(of: slot, at: now, into: &output)
    }

    /// Of what runs everywhere a slot is not waited for: its node, or another one, gets a new one.
    private mutating func forgetIncarnation(
        _ slot: SlotID, reason: String, at now: Instant, into output: inout Output
    ) {
        guard let job = slots[slot]?.record.job else { return }
        finish(slot, as: .finished, reason: reason, at: now, into: &output)
        jobs[job]?.record.counts.running -= 1
        jobs[job]?.record.taskCount -= 1
        writeJob(job, into: &output)
    }

    /// The last state of a slot; it leaves the memory.
    mutating func finish(
        _ slot: SlotID, as state: SlotState, reason: String, at now: Instant, into output: inout Output
    ) {
        setState(state, of: slot, reason: reason, at: now, into: &output)
        guard let job = slots[slot]?.record.job else { return }
        slots[slot] = nil
        jobs[job]?.slots.removeAll { $0 == slot }
    }

    /// Slots that end badly one after another, with no task decided between, are the job's own fault, but where it
    /// has had a success on another node.
    private mutating func countSlotFailure(
        of job: JobID, _ reason: String, at now: Instant, into output: inout Output
    ) {
        jobs[job]?.slotFailuresInARow += 1
        guard let failures = jobs[job]?.slotFailuresInARow, failures >= limits.slotFailuresInARow else {
            return
        }
        end(job, as: .failed, reason: "\(failures) slots in a row failed: \(reason)", at: now, into: &output)
    }

    // MARK: Orders

    mutating func stop(_ slot: SlotID, reason: String, at now: Instant, into output: inout Output) {
        guard let record = slots[slot]?.record, record.state != .stopping else { return }
        setState(.stopping, of: slot, reason: reason, at: now, into: &output)
        if let node = record.node, let connection = nodes[node]?.connection {
            output.actions.append(.send(connection, .stopSlot(record.key, reason: reason)))
        }
    }

    /// A draining node: services move on, task slots end when they hold nothing, batch commands run to their end.
    mutating func quiesce(_ node: NodeID, at now: Instant, into output: inout Output) {
        for slot in nodes[node]?.slots ?? [] {
            guard let record = slots[slot]?.record, let job = jobs[record.job] else { continue }
            switch job.record.specification.kind {
            case .batch: break
            case .service: stop(slot, reason: "its node drains", at: now, into: &output)
            case .tasks:
                if record.tasks.isEmpty { stop(slot, reason: "its node drains", at: now, into: &output) }
            }
        }
    }

    // MARK: State

    /// Writes the row, if that changes it.
    mutating func setState(
        _ state: SlotState, of slot: SlotID, reason: String, at now: Instant, into output: inout Output
    ) {
        guard var record = slots[slot]?.record, record.state != state || record.reason != reason else {
            return
        }
        if record.state != state { record.since = now }
        record.state = state
        record.reason = reason
        slots[slot]?.record = record
        output.writes.append(.putSlot(record))
    }

    mutating func writeSlot(_ slot: SlotID, into output: inout Output) {
        if let record = slots[slot]?.record { output.writes.append(.putSlot(record)) }
    }

    /// Batch and service jobs count their slots as others count tasks.
    mutating func moveSlot(
        of job: JobID, from: WritableKeyPath<TaskCounts, UInt32>, to: WritableKeyPath<TaskCounts, UInt32>,
        into output: inout Output
    ) {
        guard var record = jobs[job]?.record, jobs[job]?.ledger == nil, record.counts[keyPath: from] > 0
        else { return }
        record.counts[keyPath: from] -= 1
        record.counts[keyPath: to] += 1
        jobs[job]?.record = record
        output.writes.append(.putJob(record))
    }
}
