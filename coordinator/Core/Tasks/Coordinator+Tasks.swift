import ClusterTypes
import ProtocolMessages

extension Coordinator {
    // MARK: Pull

    mutating func pullTasks(
        _ key: SlotKey, _ credits: UInt32, from node: NodeID, at now: Instant, into output: inout Output
    ) {
        guard let record = slots[key.slot]?.record, record.key == key, record.node == node else { return }
        let most = UInt32(limits.tasksPerSlot)
        slots[key.slot]?.credits = min(credits, most)
        if grant(to: key.slot, at: now, into: &output) { writeJob(record.job, into: &output) }
        releaseIdleProbe(key.slot, at: now, into: &output)
    }

    /// Gives the slot what it asked for, as far as there is something to give.
    /// - Returns: whether any task was given: the job's row has changed then.
    private mutating func grant(to slot: SlotID, at now: Instant, into output: inout Output) -> Bool {
        switch grantable(to: slot, at: now) {
        case .nothing: return false
        case .end(let reason):
            stop(slot, reason: reason, at: now, into: &output)
            return false
        case .tasks(let limit, let connection):
            guard let record = slots[slot]?.record else { return false }
            // No copy of the job is held here: taking tasks from a shared ledger would copy all its states.
            let taken = jobs[record.job]?.ledger?.takeReady(limit) ?? []
            slots[slot]?.credits -= UInt32(taken.count)
            slots[slot]?.record.tasks.append(contentsOf: taken)
            writeSlot(slot, into: &output)
            noteGiven(to: record, at: now)
            let hasPayloads = jobs[record.job]?.record.specification.array == nil
            output.actions.append(
                .sendTasks(connection, record.key, record.job, taken, hasPayloads: hasPayloads))
            if jobs[record.job]?.ledger?.counts.ready == 0 {
                dropPendingSlots(of: record.job, at: now, into: &output)
                endIdleSlots(of: record.job, at: now, into: &output)
            }
            return true
        }
    }

    /// Slots that asked and may not be given tasks now (their node is quarantined, or its time ends) wait no longer
    /// when there are none.
    private mutating func endIdleSlots(of job: JobID, at now: Instant, into output: inout Output) {
        for slot in jobs[job]?.slots ?? [] {
            guard case .end(let reason) = grantable(to: slot, at: now) else { continue }
            stop(slot, reason: reason, at: now, into: &output)
        }
    }

    /// What a slot gets that asks for tasks.
    enum Grant: Equatable {
        case nothing
        case tasks(limit: Int, ConnectionID)
        /// There will be none for it.
        case end(reason: String)
    }

    func grantable(to slot: SlotID, at now: Instant) -> Grant {
        guard storeFailure == nil, let known = slots[slot], known.credits > 0,
            known.record.state == .running || known.record.state == .starting
                || known.record.state == .assigned,
            let node = known.record.node.flatMap({ nodes[$0] }), node.record.state != .suspect,
            let connection = node.connection, let job = jobs[known.record.job], let ledger = job.ledger
        else { return .nothing }
        if node.isGoing || (ledger.counts.ready == 0 && !job.record.isOpen) {
            guard known.record.tasks.isEmpty else { return .nothing }
            return .end(reason: node.isGoing ? "its node drains" : "no more tasks")
        }
        if let fault = node.deviceFault(of: known.record) {
            return known.record.tasks.isEmpty ? .end(reason: fault) : .nothing
        }
        let room = max(
            0, min(limits.tasksPerSlot, node.taskLimit(of: known.record)) - known.record.tasks.count)
        let limit = min(Int(known.credits), room, Int(ledger.counts.ready))
        guard job.record.state == .running, limit > 0 else { return .nothing }
        guard let fitting = tasksThatFit(job.record.specification, on: node.record, at: now) else {
            return .tasks(limit: limit, connection)
        }
        let held = known.record.tasks.count
        if fitting > held { return .tasks(limit: min(limit, fitting - held), connection) }
        return held == 0 ? .end(reason: "its node's time ends too soon") : .nothing
    }

    /// Tasks became ready: the slots that wait for some get them.
    mutating func grantWaiting(of job: JobID, at now: Instant, into output: inout Output) {
        var hasGranted = false
        for slot in jobs[job]?.slots ?? [] where grant(to: slot, at: now, into: &output) { hasGranted = true }
        if hasGranted { writeJob(job, into: &output) }
    }

    /// The node takes work again: its slots that wait for tasks get them.
    mutating func grantWaiting(on node: NodeID, at now: Instant, into output: inout Output) {
        for slot in nodes[node]?.slots ?? [] {
            guard let job = slots[slot]?.record.job else { continue }
            if grant(to: slot, at: now, into: &output) { writeJob(job, into: &output) }
        }
    }

    // MARK: Results

    mutating func receive(
        _ results: [TaskResult], of key: SlotKey, from node: NodeID, on connection: ConnectionID,
        at now: Instant,
        into output: inout Output
    ) {
        output.actions.append(.send(connection, .taskResultsAcknowledged(key, results.map(\.attempt))))
        guard let record = slots[key.slot]?.record, record.key == key, record.node == node else { return }
        let job = record.job
        var rows: [TaskRecord] = []
        rows.reserveCapacity(results.count)
        for result in results where take(result.attempt, from: key.slot) {
            if let row = decide(result, of: job, ranOn: key, node) { rows.append(row) }
        }
        guard slots[key.slot]?.record.tasks.count != record.tasks.count else { return }
        if !rows.isEmpty { output.writes.append(.putTasks(job, rows)) }
        // What was never started says nothing for the slot.
        if !rows.isEmpty {
            jobs[job]?.slotFailuresInARow = 0
            slots[key.slot]?.hasRunTask = true
        }
        writeSlot(key.slot, into: &output)
        note(rows, of: record, at: now, into: &output)
        _ = grant(to: key.slot, at: now, into: &output)
        if results.contains(where: \.isUnstarted) || rows.contains(where: { $0.state == .ready }) {
            grantWaiting(of: job, at: now, into: &output)
            // What this slot does not want now may run in a new one.
            if let counts = jobs[job]?.ledger?.counts, counts.ready > 0 { needsPlacement = true }
        }
        writeJob(job, into: &output)
        releaseIdleProbe(key.slot, at: now, into: &output)
        endIfOver(job, at: now, into: &output)
    }

    /// - Returns: false when the slot does not hold this execution: it was decided before, or given to another.
    private mutating func take(_ attempt: TaskAttempt, from slot: SlotID) -> Bool {
        guard let position = slots[slot]?.record.tasks.firstIndex(of: attempt) else { return false }
        slots[slot]?.record.tasks.remove(at: position)
        return true
    }

    /// - Returns: the task's new row; nil when it goes back as if it had never been handed out.
    private mutating func decide(
        _ result: TaskResult, of job: JobID, ranOn key: SlotKey, _ node: NodeID
    ) -> TaskRecord? {
        let index = result.attempt.index
        if result.isUnstarted {
            jobs[job]?.ledger?.giveBack(index, hasFailed: false)
            return nil
        }
        let state: TaskState
        if result.exitCode == 0 {
            state = .succeeded
            jobs[job]?.ledger?.decide(index, .succeeded)
        } else if let retries = jobs[job]?.record.specification.retries.count(forExitCode: result.exitCode),
            jobs[job]?.ledger?.isRetried(result.attempt, upTo: retries) ?? false
        {
            state = .ready
            jobs[job]?.ledger?.giveBack(index, hasFailed: true)
            jobs[job]?.record.retried += 1
        } else {
            state = .failed
            jobs[job]?.ledger?.decide(index, .failed)
        }
        return TaskRecord(
            index: index, state: state, attempt: result.attempt.attempt, exitCode: result.exitCode,
            reason: result.reason, slot: key, node: node, startedAt: result.startedAt,
            durationMicroseconds: result.durationMicroseconds,
            crashes: jobs[job]?.ledger?.crashes(of: index) ?? [],
            pardoned: jobs[job]?.ledger?.pardoned(index) ?? 0)
    }

    // MARK: Loss

    /// What an ending incarnation still holds goes back to its job.
    mutating func giveBackTasks(
        of slot: SlotID, isLoss: Bool, reason: String, isCrash: Bool, at now: Instant,
        into output: inout Output
    ) {
        guard let record = slots[slot]?.record, !record.tasks.isEmpty else { return }
        slots[slot]?.record.tasks = []
        // It must not be given them back at once.
        slots[slot]?.credits = 0
        if isLoss {
            loseTasks(record.tasks, of: record, reason: reason, isCrash: isCrash, into: &output)
        } else {
            for task in record.tasks { jobs[record.job]?.ledger?.giveBack(task.index, hasFailed: false) }
        }
        writeJob(record.job, into: &output)
        grantWaiting(of: record.job, at: now, into: &output)
        needsPlacement = true
    }

    /// These were never started there.
    mutating func giveBack(
        _ tasks: [TaskAttempt], of slot: SlotID, at now: Instant, into output: inout Output
    ) {
        guard !tasks.isEmpty, let job = slots[slot]?.record.job else { return }
        slots[slot]?.record.tasks.removeAll { tasks.contains($0) }
        for task in tasks { jobs[job]?.ledger?.giveBack(task.index, hasFailed: false) }
        writeSlot(slot, into: &output)
        writeJob(job, into: &output)
        grantWaiting(of: job, at: now, into: &output)
        needsPlacement = true
    }

    /// These executions have no known end: `on_lost` decides.
    private mutating func loseTasks(
        _ tasks: [TaskAttempt], of record: SlotRecord, reason: String, isCrash: Bool,
        into output: inout Output
    ) {
        switch jobs[record.job]?.record.specification.onLost {
        case .requeue:
            var innocent = tasks[...]
            // A slot runs them one after another in this order: only the first can have been running.
            if isCrash, let suspect = innocent.popFirst() {
                crash(suspect, of: record, reason: reason, into: &output)
            }
            for task in innocent { jobs[record.job]?.ledger?.giveBack(task.index, hasFailed: false) }
        case .fail:
            let rows = tasks.map {
                TaskRecord(
                    index: $0.index, state: .failed, attempt: $0.attempt, reason: "lost: \(reason)",
                    slot: record.key, node: record.node,
                    crashes: jobs[record.job]?.ledger?.crashes(of: $0.index) ?? [],
                    pardoned: jobs[record.job]?.ledger?.pardoned($0.index) ?? 0)
            }
            for task in tasks { jobs[record.job]?.ledger?.decide(task.index, .failed) }
            output.writes.append(.putTasks(record.job, rows))
        case nil: break
        }
    }

    /// Everything that is undecided becomes canceled; only what a slot holds gets a row.
    mutating func cancelOpenTasks(of job: JobID, reason: String, into output: inout Output) {
        guard let state = jobs[job], state.ledger != nil else { return }
        var rows: [TaskRecord] = []
        for slot in state.slots {
            guard let record = slots[slot]?.record, !record.tasks.isEmpty else { continue }
            for task in record.tasks {
                jobs[job]?.ledger?.decide(task.index, .canceled)
                rows.append(
                    TaskRecord(
                        index: task.index, state: .canceled, attempt: task.attempt, reason: reason,
                        slot: record.key, node: record.node,
                        crashes: state.ledger?.crashes(of: task.index) ?? [],
                        pardoned: state.ledger?.pardoned(task.index) ?? 0))
            }
            slots[slot]?.record.tasks = []
            writeSlot(slot, into: &output)
        }
        jobs[job]?.ledger?.cancelReady()
        if !rows.isEmpty { output.writes.append(.putTasks(job, rows)) }
    }
}
