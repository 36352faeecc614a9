import ClusterTypes
import CoordinatorPlacement
import ProtocolMessages

extension Coordinator {
    // MARK: Submission

    mutating func submit(
        _ specification: JobSpecification, payloads: [String], by submitter: String, at now: Instant,
        into output: inout Output
    ) throws(CommandRefusal) -> Reply {
        try checkSubmission(specification, payloads, at: now)
        try checkVirtualCluster(of: specification, by: submitter)
        lastJob += 1
        let job = JobID(lastJob)
        var record = JobRecord(
            job: job, specification: specification, isOpen: specification.isOpen, submitter: submitter,
            submittedAt: now)
        var state = Job(record: record, limits)
        if specification.kind == .tasks {
            var ledger = TaskLedger(array: specification.array)
            ledger.append(count: payloads.count)
            record.taskCount = UInt32(ledger.count)
            record.counts = ledger.counts
            state.ledger = ledger
        } else {
            // What runs everywhere is counted as it is placed.
            record.taskCount = specification.isEverywhere ? 0 : specification.slots.maximum
            record.counts.ready = record.taskCount
        }
        state.record = record
        jobs[job] = state
        output.writes.append(.putJob(record))
        if !payloads.isEmpty { output.writes.append(.appendPayloads(job, first: 0, payloads: payloads)) }
        needsPlacement = true
        return .job(record)
    }

    private func checkSubmission(
        _ specification: JobSpecification, _ payloads: [String], at now: Instant
    ) throws(CommandRefusal) {
        if jobs.count - endedJobs.count >= limits.activeJobs {
            throw CommandRefusal(.limitReached, "\(limits.activeJobs) jobs are active: wait for some to end")
        }
        let taskCount = (specification.array?.count ?? 0) + payloads.count
        if taskCount > limits.tasksPerJob {
            throw CommandRefusal(
                .limitReached, "a job has at most \(limits.tasksPerJob) tasks, not \(taskCount)")
        }
        if specification.kind == .tasks {
            if specification.array != nil, !payloads.isEmpty || specification.isOpen {
                throw CommandRefusal(
                    .invalid, "an array's tasks are its indices: give no payloads, append none")
            }
            if taskCount == 0, !specification.isOpen {
                throw CommandRefusal(.invalid, "the job has no tasks")
            }
        } else if taskCount > 0 || specification.isOpen {
            throw CommandRefusal(.invalid, "only a job of kind 'tasks' has tasks")
        }
        // A tasks job has as many slots as fit and have tasks to run: its maximum may say "any number".
        let isUnlimited = specification.kind == .tasks || specification.isEverywhere
        let slotLimit = isUnlimited ? UInt32.max : limits.slotsPerJob
        if specification.slots.maximum == 0 || specification.slots.maximum > slotLimit {
            throw CommandRefusal(
                .invalid,
                "a \(specification.kind.rawValue) job has 1 to \(limits.slotsPerJob) slots, "
                    + "not \(specification.slots.maximum)")
        }
        try checkPayloads(payloads)
        if let reason = impossibility(of: specification, at: now) {
            throw CommandRefusal(.impossible, reason)
        }
    }

    private func checkPayloads(_ payloads: [String]) throws(CommandRefusal) {
        if payloads.count > limits.payloadsPerCommand {
            throw CommandRefusal(
                .limitReached,
                "one request carries at most \(limits.payloadsPerCommand) tasks: append the rest")
        }
        let large = payloads.firstIndex { $0.utf8.count > ProtocolLimits.payloadBytes }
        if let large {
            throw CommandRefusal(
                .invalid,
                "payload \(large) has \(payloads[large].utf8.count) bytes; at most \(ProtocolLimits.payloadBytes): "
                    + "put the data into a file and pass its name")
        }
    }

    mutating func append(
        _ payloads: [String], to job: JobID, closing: Bool, at now: Instant, into output: inout Output
    ) throws(CommandRefusal) -> Reply {
        guard let record = jobs[job]?.record else {
            throw CommandRefusal(.notFound, "there is no active job \(job)")
        }
        guard record.isOpen, !record.state.isEnded else {
            throw CommandRefusal(.conflict, "job \(job) is closed: it takes no more tasks")
        }
        try checkPayloads(payloads)
        if Int(record.taskCount) + payloads.count > limits.tasksPerJob {
            throw CommandRefusal(.limitReached, "a job has at most \(limits.tasksPerJob) tasks")
        }
        if !payloads.isEmpty {
            output.writes.append(.appendPayloads(job, first: record.taskCount, payloads: payloads))
        }
        jobs[job]?.ledger?.append(count: payloads.count)
        jobs[job]?.record.taskCount += UInt32(payloads.count)
        if closing { jobs[job]?.record.isOpen = false }
        writeJob(job, into: &output)
        grantWaiting(of: job, at: now, into: &output)
        endIfOver(job, at: now, into: &output)
        needsPlacement = true
        return .job(jobs[job]?.record ?? record)
    }

    // MARK: Orders

    mutating func cancel(
        _ job: JobID, at now: Instant, into output: inout Output
    ) throws(CommandRefusal) -> Reply {
        guard let record = jobs[job]?.record else {
            throw CommandRefusal(.notFound, "there is no active job \(job)")
        }
        if record.state == .canceled { return .job(record) }
        guard !record.state.isEnded else {
            throw CommandRefusal(.conflict, "job \(job) has already \(record.state.rawValue)")
        }
        end(job, as: .canceled, reason: "canceled", at: now, into: &output)
        return .job(jobs[job]?.record ?? record)
    }

    mutating func pause(_ job: JobID, into output: inout Output) throws(CommandRefusal) -> Reply {
        guard let record = jobs[job]?.record else {
            throw CommandRefusal(.notFound, "there is no active job \(job)")
        }
        guard !record.state.isEnded else {
            throw CommandRefusal(.conflict, "job \(job) has already \(record.state.rawValue)")
        }
        jobs[job]?.record.state = .paused
        jobs[job]?.record.reason = "paused: what runs goes on, nothing new starts"
        stopWaiting(job)
        writeJob(job, into: &output)
        return .job(jobs[job]?.record ?? record)
    }

    mutating func resume(
        _ job: JobID, at now: Instant, into output: inout Output
    ) throws(CommandRefusal) -> Reply {
        guard let record = jobs[job]?.record else {
            throw CommandRefusal(.notFound, "there is no active job \(job)")
        }
        guard !record.state.isEnded else {
            throw CommandRefusal(.conflict, "job \(job) has already \(record.state.rawValue)")
        }
        jobs[job]?.record.state = .running
        jobs[job]?.record.reason = ""
        writeJob(job, into: &output)
        grantWaiting(of: job, at: now, into: &output)
        needsPlacement = true
        return .job(jobs[job]?.record ?? record)
    }

    mutating func retry(
        _ indices: [TaskIndex]?, of job: JobID, at now: Instant, into output: inout Output
    ) throws(CommandRefusal) -> Reply {
        guard let state = jobs[job], let ledger = state.ledger else {
            throw CommandRefusal(
                .notFound,
                "job \(job) has no tasks to retry here: it is of another kind, or ended too long ago; submit it again"
            )
        }
        var seen: Set<TaskIndex> = []
        let chosen =
            indices?.filter { seen.insert($0).inserted } ?? ledger.indices(in: [.failed, .canceled])
        for index in chosen {
            guard let task = ledger.state(of: index) else {
                throw CommandRefusal(.notFound, "job \(job) has no task \(index)")
            }
            guard task == .failed || task == .canceled else {
                throw CommandRefusal(
                    .conflict,
                    "task \(index) of job \(job) is \(task.rawValue): only failed or canceled ones are retried"
                )
            }
        }
        let unwritten = chosen.count { ledger.isUnwritten($0) }
        let rowCount = chosen.count - unwritten + (chosen.isEmpty ? 0 : ledger.unwrittenCount - unwritten)
        if rowCount > limits.rowsPerCommand {
            throw CommandRefusal(
                .limitReached,
                "this would change \(rowCount) tasks; one order changes at most \(limits.rowsPerCommand): "
                    + "submit the job again")
        }
        resetTasks(chosen, of: job, into: &output)
        if state.record.state.isEnded, !chosen.isEmpty {
            jobs[job]?.record.state = .running
            jobs[job]?.record.reason = ""
            jobs[job]?.record.endedAt = nil
            endedJobs.removeAll { $0 == job }
        }
        jobs[job]?.slotFailuresInARow = 0
        writeJob(job, into: &output)
        grantWaiting(of: job, at: now, into: &output)
        needsPlacement = true
        return .tasksRetried(count: UInt32(chosen.count))
    }

    private mutating func resetTasks(_ indices: [TaskIndex], of job: JobID, into output: inout Output) {
        guard !indices.isEmpty else { return }
        var rows: [TaskRecord] = []
        for index in indices where jobs[job]?.ledger?.reset(index) ?? false {
            let executions = (jobs[job]?.ledger?.attempt(of: index) ?? 1) - 1
            rows.append(
                TaskRecord(
                    index: index, state: .ready, attempt: executions, reason: "retried by order",
                    pardoned: executions))
        }
        for index in jobs[job]?.ledger?.takeUnwritten() ?? [] {
            let attempts = (jobs[job]?.ledger?.attempt(of: index) ?? 1) - 1
            rows.append(
                TaskRecord(
                    index: index, state: .canceled, attempt: attempts, reason: "canceled",
                    crashes: jobs[job]?.ledger?.crashes(of: index) ?? [],
                    pardoned: jobs[job]?.ledger?.pardoned(index) ?? 0))
        }
        if !rows.isEmpty { output.writes.append(.putTasks(job, rows)) }
    }

    // MARK: The end

    /// Copies the ledger's counts into the record and writes the row.
    mutating func writeJob(_ job: JobID, into output: inout Output) {
        if let counts = jobs[job]?.ledger?.counts { jobs[job]?.record.counts = counts }
        if let record = jobs[job]?.record { output.writes.append(.putJob(record)) }
    }

    mutating func endIfOver(_ job: JobID, at now: Instant, into output: inout Output) {
        guard let state = jobs[job], state.isOver else { return }
        let counts = state.record.counts
        if counts.failed == 0, counts.canceled == 0 {
            end(job, as: .finished, reason: "", at: now, into: &output)
        } else {
            let unit = state.ledger == nil ? "slots" : "tasks"
            end(
                job, as: .failed, reason: "\(counts.failed) of \(counts.total) \(unit) failed", at: now,
                into: &output)
        }
    }

    /// Decides everything that is open and stops what runs.
    mutating func end(
        _ job: JobID, as state: JobState, reason: String, at now: Instant, into output: inout Output
    ) {
        cancelOpenTasks(of: job, reason: reason, into: &output)
        stopWaiting(job)
        startDeadlines.remove(job)
        gangDeadlines.remove(job)
        for slot in jobs[job]?.slots ?? [] {
            guard let record = slots[slot]?.record else { continue }
            switch record.state {
            case .pending:
                finish(slot, as: .finished, reason: "job \(state.rawValue)", at: now, into: &output)
            case .stopping, .finished, .failed: break
            case .assigned, .starting, .running, .lost:
                stop(slot, reason: "job \(state.rawValue)", at: now, into: &output)
            }
        }
        if jobs[job]?.ledger == nil, let record = jobs[job]?.record {
            jobs[job]?.record.counts.canceled += record.counts.ready + record.counts.running
            jobs[job]?.record.counts.ready = 0
            jobs[job]?.record.counts.running = 0
        }
        jobs[job]?.record.state = state
        jobs[job]?.record.reason = reason
        jobs[job]?.record.endedAt = now
        jobs[job]?.record.isOpen = false
        writeJob(job, into: &output)
        let why = reason.isEmpty ? "" : ": \(reason)"
        output.writes.append(
            .addEvent(EventRecord(at: now, subject: .job(job), message: "\(state.rawValue)\(why)")))
        endedJobs.append(job)
        evictEndedJobs()
    }

    /// The oldest go first, but for those that still have slots to stop.
    mutating func evictEndedJobs() {
        while endedJobs.count > limits.endedJobsKept {
            let oldest = endedJobs.firstIndex { jobs[$0]?.slots.isEmpty ?? true }
            guard let oldest else { return }
            jobs[endedJobs.remove(at: oldest)] = nil
        }
    }
}
