import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Jobs: the whole output of each event")
struct JobTests {
    private func event(_ job: JobID, _ message: String, at now: Instant) -> Write {
        .addEvent(EventRecord(at: now, subject: .job(job), message: message))
    }

    @Test("a submission is written and answered; placing it is for the next wakeup")
    func submit() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        let specification = JobSpecification.tasks(3)
        let job = JobRecord(
            job: JobID(1), specification: specification, taskCount: 3, counts: TaskCounts(ready: 3),
            submitter: "ada", submittedAt: fixture.now)
        let output = fixture.command(.submitJob(specification, payloads: [], submitter: "ada"))
        #expect(output == Output([.putJob(job)], [.reply(fixture.request, .job(job))]))
        let pending = SlotRecord(slot: SlotID(1), job: JobID(1), createdAt: fixture.now, since: fixture.now)
        var assigned = pending
        assigned.generation = Generation(1)
        assigned.state = .assigned
        assigned.node = node
        #expect(
            fixture.place()
                == Output(
                    [.putSlot(pending), .putSlot(assigned)],
                    [
                        .send(
                            connection,
                            .assign(
                                Assignment(key: SlotKey(1, 1), job: JobID(1), specification: specification)))
                    ]))
        #expect(fixture.place() == Output())
    }

    @Test("payloads are written once and never kept")
    func payloads() {
        var fixture = Fixture()
        let specification = JobSpecification.tasks(0) { $0.isOpen = true }
        var job = JobRecord(
            job: JobID(1), specification: specification, taskCount: 2, isOpen: true,
            counts: TaskCounts(ready: 2), submitter: "ada", submittedAt: fixture.now)
        let output = fixture.command(.submitJob(specification, payloads: ["a", "b"], submitter: "ada"))
        #expect(
            output
                == Output(
                    [.putJob(job), .appendPayloads(JobID(1), first: 0, payloads: ["a", "b"])],
                    [.reply(fixture.request, .job(job))]))
        job.taskCount = 3
        job.counts.ready = 3
        job.isOpen = false
        let appended = fixture.command(.appendTasks(JobID(1), payloads: ["c"], close: true))
        #expect(
            appended
                == Output(
                    [.appendPayloads(JobID(1), first: 2, payloads: ["c"]), .putJob(job)],
                    [.reply(fixture.request, .job(job))]))
    }

    @Test("tasks are given as far as they were asked for, and kept in the slot's row")
    func grant() throws {
        var fixture = Fixture.withToken()
        let (_, connection) = fixture.join()
        let id = fixture.submit(.tasks(3))
        fixture.run(SlotKey(1, 1), on: connection)
        var slot = try #require(fixture.core.slots[SlotID(1)]?.record)
        var job = try #require(fixture.core.jobs[id]?.record)
        slot.tasks = [TaskAttempt(1), TaskAttempt(2)]
        job.counts = TaskCounts(ready: 1, running: 2)
        #expect(
            fixture.say(.pullTasks(SlotKey(1, 1), credits: 2), on: connection)
                == Output(
                    [.putSlot(slot), .putJob(job)],
                    [.sendTasks(connection, SlotKey(1, 1), id, slot.tasks, hasPayloads: false)]))
        #expect(
            fixture.say(.pullTasks(SlotKey(1, 9), credits: 2), on: connection) == Output(),
            "another generation")
        #expect(fixture.say(.pullTasks(SlotKey(1, 1), credits: 0), on: connection) == Output())
    }

    @Test("a result is acknowledged, recorded, and the last one ends the job and its slot")
    func results() throws {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        let id = fixture.submit(.tasks(1))
        let key = SlotKey(1, 1)
        fixture.run(key, on: connection)
        _ = fixture.say(.pullTasks(key, credits: 1), on: connection)
        fixture.now = fixture.now + .seconds(1)
        var slot = try #require(fixture.core.slots[SlotID(1)]?.record)
        var job = try #require(fixture.core.jobs[id]?.record)
        let row = TaskRecord(
            index: 1, state: .succeeded, attempt: 1, exitCode: 0, slot: key, node: node, startedAt: .epoch)
        slot.tasks = []
        let idle = slot
        slot.state = .stopping
        slot.reason = "job finished"
        slot.since = fixture.now
        job.counts = TaskCounts(succeeded: 1)
        let decided = job
        job.state = .finished
        job.endedAt = fixture.now
        let output = fixture.say(.taskResults(key, [TaskResult(1)]), on: connection)
        #expect(
            output
                == Output(
                    [
                        .putTasks(id, [row]), .putSlot(idle), .putJob(decided), .putSlot(slot), .putJob(job),
                        event(id, "finished", at: fixture.now),
                    ],
                    [
                        .send(connection, .taskResultsAcknowledged(key, [TaskAttempt(1)])),
                        .send(connection, .stopSlot(key, reason: "job finished")),
                    ]))
        #expect(
            fixture.say(.taskResults(key, [TaskResult(1, exit: 1)]), on: connection)
                == .actions([.send(connection, .taskResultsAcknowledged(key, [TaskAttempt(1)]))]))
    }

    @Test("the end of a slot is acknowledged and frees its node")
    func slotEnd() throws {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join(cpus: 1)
        let id = fixture.submit(.single(.batch))
        let key = SlotKey(1, 1)
        fixture.run(key, on: connection)
        var slot = try #require(fixture.core.slots[SlotID(1)]?.record)
        var job = try #require(fixture.core.jobs[id]?.record)
        slot.state = .finished
        slot.exitCode = 0
        job.counts = TaskCounts(succeeded: 1)
        let counted = job
        job.state = .finished
        job.endedAt = fixture.now
        let report = SlotReport(key: key, state: .finished, exitCode: 0, at: fixture.now)
        #expect(
            fixture.say(.slotReport(report), on: connection)
                == Output(
                    [.putJob(counted), .putSlot(slot), .putJob(job), event(id, "finished", at: fixture.now)],
                    [.send(connection, .slotEndAcknowledged(key))]))
        #expect(fixture.core.nodes[node]?.used == Resources.none)
        #expect(
            fixture.say(.slotReport(report), on: connection)
                == .actions([.send(connection, .slotEndAcknowledged(key))]))
    }

    @Test("an unknown task, job or slot is nobody's")
    func notFound() {
        var fixture = Fixture()
        let commands: [Command] = [
            .appendTasks(JobID(7), payloads: [], close: true), .cancelJob(JobID(7)), .pauseJob(JobID(7)),
            .resumeJob(JobID(7)), .retryTasks(JobID(7), nil), .drainNode(NodeID(7), reason: ""),
            .cordonNode(NodeID(7), reason: ""), .uncordonNode(NodeID(7)), .acceptNode(NodeID(7)),
            .removeNode(NodeID(7), reason: ""),
            .revokeToken(TokenID(7)), .explainJob(JobID(7)), .explainTask(JobID(7), 1),
            .explainNode(NodeID(7)),
            .locateLog(.slot(SlotID(7))), .locateLog(.task(JobID(7), 1, attempt: nil)),
            .locateNode(NodeID(7)),
        ]
        for command in commands {
            guard case .refused(let refusal) = fixture.reply(to: command) else {
                Issue.record("\(command) is answered")
                continue
            }
            #expect(refusal.code == .notFound, "\(command)")
        }
    }

    @Test("what ended is not canceled, paused or resumed; canceling twice is no error")
    func conflicts() {
        var fixture = Fixture()
        let job = fixture.submit(.tasks(2))
        #expect(fixture.reply(to: .cancelJob(job)) == fixture.core.jobs[job].map { .job($0.record) })
        #expect(fixture.command(.cancelJob(job)).writes == [])
        for command in [
            Command.pauseJob(job), .resumeJob(job), .appendTasks(job, payloads: ["a"], close: false),
        ] {
            guard case .refused(let refusal) = fixture.reply(to: command) else {
                Issue.record("\(command) is answered")
                continue
            }
            #expect(refusal.code == .conflict)
        }
    }

    @Test("retrying some tasks of a canceled job leaves the others canceled, also in the store")
    func retryOfCanceled() throws {
        var fixture = Fixture()
        let job = fixture.submit(.tasks(4))
        _ = fixture.reply(to: .cancelJob(job))
        var record = try #require(fixture.core.jobs[job]?.record)
        record.state = .running
        record.reason = ""
        record.endedAt = nil
        record.counts = TaskCounts(ready: 2, canceled: 2)
        let output = fixture.command(.retryTasks(job, [2, 4, 2]))
        #expect(
            output
                == Output(
                    [
                        .putTasks(
                            job,
                            [1, 3].map {
                                TaskRecord(index: $0, state: .canceled, attempt: 0, reason: "canceled")
                            }),
                        .putJob(record),
                    ], [.reply(fixture.request, .tasksRetried(count: 2))]))
    }

    @Test("retrying a canceled job as a whole writes no row for tasks that never ran")
    func retryAll() {
        var fixture = Fixture()
        let job = fixture.submit(.tasks(100_000))
        _ = fixture.reply(to: .cancelJob(job))
        let output = fixture.command(.retryTasks(job, nil))
        #expect(output.writes.count == 1)
        #expect(output.actions == [.reply(fixture.request, .tasksRetried(count: 100_000))])
        #expect(fixture.core.jobs[job]?.record.counts == TaskCounts(ready: 100_000))
    }

    @Test("a failed job keeps its rowless tasks canceled after a restart")
    func restoreFailed() {
        var snapshot = Snapshot()
        let record = JobRecord(
            job: JobID(1), specification: .tasks(3), state: .failed, taskCount: 3,
            counts: TaskCounts(succeeded: 1, canceled: 2), submitter: "", submittedAt: .epoch, endedAt: .epoch
        )
        snapshot.jobs = [
            Snapshot.Job(record: record, tasks: [Snapshot.TaskMark(index: 2, state: .succeeded, attempt: 1)])
        ]
        let fixture = Fixture(restoring: snapshot)
        #expect(fixture.core.checkInvariants() == [])
        #expect(fixture.core.jobs[JobID(1)]?.record == record)
    }

    @Test("a retry of a job whose slots still stop waits for them where it may have only one")
    func retryWhileStopping() {
        var fixture = Fixture.withToken()
        let (_, connection) = fixture.join()
        let job = fixture.submit(.tasks(2))
        let key = SlotKey(1, 1)
        fixture.run(key, on: connection)
        _ = fixture.say(.pullTasks(key, credits: 1), on: connection)
        _ = fixture.reply(to: .cancelJob(job))
        _ = fixture.reply(to: .retryTasks(job, nil))
        #expect(fixture.core.slots.keys == [SlotID(1)])
        #expect(
            fixture.say(.pullTasks(key, credits: 1), on: connection) == Output(),
            "a stopping slot gets nothing")
        let end = SlotReport(key: key, state: .failed, exitCode: 137, reason: "killed", at: fixture.now)
        _ = fixture.say(.slotReport(end), on: connection)
        #expect(fixture.core.jobs[job]?.slotFailuresInARow == 0, "it was told to stop")
        _ = fixture.place()
        #expect(fixture.core.slots.values.map(\.record.key) == [SlotKey(2, 1)])
    }

    @Test("a million tasks are one row, and handing some out copies nothing")
    func million() {
        var fixture = Fixture.withToken()
        let (_, connection) = fixture.join()
        let output = fixture.command(.submitJob(.tasks(1_000_000), payloads: [], submitter: "ada"))
        #expect(output.writes.count == 1)
        _ = fixture.place()
        let job = JobID(1)
        let key = SlotKey(1, 1)
        fixture.run(key, on: connection)
        func storage() -> UnsafeRawPointer? {
            fixture.core.jobs[job]?.ledger?.states.withUnsafeBytes { $0.baseAddress }
        }
        let before = storage()
        for round in 0..<20 {
            // Not by `say`: checking the invariants of a million tasks twenty times is not the point here.
            var output = Output()
            fixture.core.handle(
                .agentMessage(connection, .pullTasks(key, credits: 256)), at: fixture.now, into: &output)
            guard case .sendTasks(_, _, _, let tasks, _) = output.actions.first else {
                Issue.record("round \(round) gives nothing")
                return
            }
            #expect(tasks.map(\.index) == Array(UInt32(round * 256 + 1)...UInt32(round * 256 + 256)))
            let results = tasks.map { TaskResult($0.index) }
            fixture.core.handle(
                .agentMessage(connection, .taskResults(key, results)), at: fixture.now, into: &output)
        }
        #expect(storage() == before)
        #expect(fixture.core.jobs[job]?.record.counts == TaskCounts(ready: 994_880, succeeded: 5_120))
    }
}
