import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Poison: what goes down with its node or supervisor is stopped")
struct CrashTests {
    /// The supervisor of this slot was killed.
    private func vanish(_ key: SlotKey, on connection: ConnectionID, _ fixture: inout Fixture) -> Output {
        let output = fixture.say(
            .slotReport(
                SlotReport(
                    key: key, state: .finished, reason: "its supervisor vanished", at: fixture.now,
                    hasVanished: true)),
            on: connection)
        _ = fixture.place()
        return output
    }

    private func start(
        _ key: SlotKey, wants credits: UInt32, on connection: ConnectionID, _ fixture: inout Fixture
    ) {
        fixture.run(key, on: connection)
        _ = fixture.say(.pullTasks(key, credits: credits), on: connection)
    }

    private func crashes(_ index: TaskIndex, of job: JobID, _ fixture: Fixture) -> [NodeID]? {
        fixture.core.jobs[job]?.ledger?.crashes(of: index)
    }

    @Test("the oldest task of a vanished slot is blamed and ready again, the others are only ready again")
    func suspect() throws {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join(cpus: 1)
        let job = fixture.submit(.tasks(4))
        let key = SlotKey(1, 1)
        start(key, wants: 4, on: connection, &fixture)
        _ = fixture.say(.taskResults(key, [TaskResult(1)]), on: connection)
        let output = vanish(key, on: connection, &fixture)
        let blamed = TaskRecord(
            index: 2, state: .ready, attempt: 0, reason: "crash 1: its supervisor vanished", slot: key,
            node: node, crashes: [node])
        #expect(output.writes.contains(.putTasks(job, [blamed])))
        #expect(output.writes.count { if case .putTasks = $0 { true } else { false } } == 1)
        #expect(fixture.core.jobs[job]?.record.counts == TaskCounts(ready: 3, succeeded: 1))
        #expect([3, 4].allSatisfy { crashes($0, of: job, fixture) == [] })
    }

    @Test("at its crash limit the task fails, with the nodes that went down, and the others go on")
    func limit() throws {
        var fixture = Fixture.withToken()
        let nodes = [fixture.join(cpus: 1), fixture.join(cpus: 1)]
        let job = fixture.submit(.tasks(2))
        for round in 1...3 as ClosedRange<UInt64> {
            let slot = try #require(fixture.core.slots.values.first { $0.record.state == .assigned }?.record)
            let connection = try #require(nodes.first { $0.node == slot.node }?.connection)
            start(slot.key, wants: 2, on: connection, &fixture)
            #expect(fixture.core.slots[slot.slot]?.record.tasks.first == TaskAttempt(1))
            if round == 2 {
                // Now it goes to the other node.
                _ = fixture.reply(to: .cordonNode(nodes[0].node, reason: ""))
            }
            _ = vanish(slot.key, on: connection, &fixture)
            let lines = ["job \(job)", "crashes: \(round) of at most 3"]
            guard case .explanation(let explanation) = fixture.reply(to: .explainTask(job, 1)) else {
                Issue.record("no explanation")
                return
            }
            #expect(lines.allSatisfy { line in explanation.contains { $0.contains(line) } }, "\(explanation)")
        }
        #expect(fixture.core.jobs[job]?.record.counts == TaskCounts(ready: 1, failed: 1))
        #expect(crashes(1, of: job, fixture) == [nodes[0].node, nodes[0].node, nodes[1].node])
        #expect(crashes(2, of: job, fixture) == [])
    }

    @Test("the reason names each node once")
    func reason() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join(cpus: 1)
        let job = fixture.submit(.tasks(1) { $0.crashLimit = 2 })
        start(SlotKey(1, 1), wants: 1, on: connection, &fixture)
        _ = vanish(SlotKey(1, 1), on: connection, &fixture)
        start(SlotKey(2, 1), wants: 1, on: connection, &fixture)
        let output = vanish(SlotKey(2, 1), on: connection, &fixture)
        let stopped = TaskRecord(
            index: 1, state: .failed, attempt: 1,
            reason: "stopped after 2 crashes: its node or supervisor went down each time it ran (node n1)",
            slot: SlotKey(2, 1), node: node, crashes: [node, node])
        #expect(output.writes.contains(.putTasks(job, [stopped])))
        #expect(fixture.core.jobs[job]?.record.state == .failed)
    }

    @Test("a batch command is stopped like a task; 0 is no limit", arguments: [0, 1, 2] as [UInt32])
    func batch(limit: UInt32) {
        var fixture = Fixture.withToken()
        let (_, connection) = fixture.join(cpus: 1)
        let job = fixture.submit(.single(.batch) { $0.crashLimit = limit })
        for generation in 1...2 as ClosedRange<UInt64> where fixture.core.slots[SlotID(1)] != nil {
            fixture.run(SlotKey(1, generation), on: connection)
            _ = vanish(SlotKey(1, generation), on: connection, &fixture)
        }
        #expect(fixture.core.jobs[job]?.record.state == (limit == 0 ? .running : .failed))
        #expect(fixture.core.slots[SlotID(1)]?.record.crashes.count == (limit == 0 ? 2 : nil))
    }

    @Test("a service may go down as often as it likes")
    func service() {
        var fixture = Fixture.withToken()
        let (_, connection) = fixture.join(cpus: 1)
        let job = fixture.submit(.single(.service))
        for generation in 1...5 as ClosedRange<UInt64> {
            fixture.run(SlotKey(1, generation), on: connection)
            _ = vanish(SlotKey(1, generation), on: connection, &fixture)
        }
        #expect(fixture.core.jobs[job]?.record.state == .running)
    }

    enum Order: CaseIterable {
        case stopped, leaseOver, leave, remove, killedWhileStopping
    }

    @Test("what is stopped by order, or by the end of its lease, is no crash", arguments: Order.allCases)
    func ordered(_ order: Order) {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join(cpus: 1)
        let job = fixture.submit(.tasks(2))
        let key = SlotKey(1, 1)
        start(key, wants: 1, on: connection, &fixture)
        func end(_ reason: String) {
            let end = SlotReport(key: key, state: .finished, reason: reason, at: fixture.now)
            _ = fixture.say(.slotReport(end), on: connection)
        }
        switch order {
        case .stopped: end("its supervisor was told to end by signal 15 (TERM)")
        case .leaseOver: end("lease over")
        case .leave: _ = fixture.say(.leaving(reason: "maintenance"), on: connection)
        case .remove:
            _ = fixture.reply(to: .removeNode(node, reason: "old"))
            end("its node is to be removed")
        case .killedWhileStopping:
            _ = fixture.say(
                .slotReport(SlotReport(key: key, state: .stopping, at: fixture.now)), on: connection)
            _ = vanish(key, on: connection, &fixture)
        }
        #expect(fixture.core.jobs[job]?.record.counts == TaskCounts(ready: 2))
        #expect(crashes(1, of: job, fixture) == [])
    }

    @Test("a machine that was booted again has crashed; an assignment that may never have arrived has not")
    func boot() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join(cpus: 2)
        let job = fixture.submit(.tasks(1))
        let batch = fixture.submit(.single(.batch))
        start(SlotKey(1, 1), wants: 1, on: connection, &fixture)
        _ = fixture.handle(.agentDisconnected(connection, reason: "reset"))
        var hello = Hello.example(node, instance: 8)
        let next = fixture.connect(node)
        _ = fixture.say(.hello(hello), on: next)
        #expect(crashes(1, of: job, fixture) == [node], "the agent is another one and has no such slot")
        #expect(fixture.core.slots[SlotID(2)]?.record.crashes == [], "it was only assigned")
        _ = fixture.say(.pull(credits: 8), on: next)
        _ = fixture.place()
        _ = fixture.handle(.agentDisconnected(next, reason: "reset"))
        hello.bootID = "another boot"
        hello.instance = 9
        _ = fixture.say(.hello(hello), on: fixture.connect(node))
        #expect(fixture.core.jobs[batch]?.record.state == .running)
        #expect(fixture.core.slots[SlotID(2)]?.record.crashes == [node], "the machine went down under it")
    }

    @Test("what an ended slot held is not taken for unstarted because a new agent does not list it")
    func endedUnderAnotherAgent() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join(cpus: 1)
        let job = fixture.submit(.tasks(2) { $0.onLost = .fail })
        let key = SlotKey(1, 1)
        start(key, wants: 1, on: connection, &fixture)
        _ = fixture.handle(.agentDisconnected(connection, reason: "reset"))
        let next = fixture.connect(node)
        let ended = RunningSlot(key: key, state: .finished, hasVanished: true)
        _ = fixture.say(.hello(.example(node, instance: 8, slots: [ended])), on: next)
        #expect(fixture.core.jobs[job]?.record.counts == TaskCounts(ready: 1, running: 1))
        _ = vanish(key, on: next, &fixture)
        #expect(fixture.core.jobs[job]?.record.counts == TaskCounts(ready: 1, failed: 1))
    }

    enum Return: CaseIterable {
        case stoppedByItsLease, vanished, sameProcessWithout, otherProcessWithout, never
    }

    @Test("a lost node is a crash, until it returns and was only cut off", arguments: Return.allCases)
    func lost(_ end: Return) {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join(cpus: 2)
        let job = fixture.submit(.tasks(2))
        let batch = fixture.submit(.single(.batch))
        start(SlotKey(1, 1), wants: 2, on: connection, &fixture)
        fixture.run(SlotKey(2, 1), on: connection)
        fixture.pass(30)
        #expect(fixture.core.nodes[node]?.record.state == .lost)
        #expect(crashes(1, of: job, fixture) == [node] && crashes(2, of: job, fixture) == [])
        #expect(fixture.core.slots[SlotID(2)]?.record.crashes == [node])
        let ended = [SlotKey(1, 1), SlotKey(2, 1)].map {
            RunningSlot(key: $0, state: .finished, hasVanished: end == .vanished)
        }
        let hello =
            switch end {
            case .stoppedByItsLease, .vanished: Hello.example(node, instance: 8, slots: ended)
            case .sameProcessWithout: Hello.example(node)
            case .otherProcessWithout: Hello.example(node, instance: 8)
            case .never: nil as Hello?
            }
        if let hello { _ = fixture.say(.hello(hello), on: fixture.connect(node)) }
        let isTakenBack = end == .stoppedByItsLease || end == .sameProcessWithout
        #expect(crashes(1, of: job, fixture) == (isTakenBack ? [] : [node]))
        #expect(fixture.core.slots[SlotID(2)]?.record.crashes == (isTakenBack ? [] : [node]))
        #expect(fixture.core.jobs[batch]?.record.state == .running)
    }

    @Test("what was decided meanwhile stays decided when the node returns")
    func decided() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join(cpus: 1)
        let job = fixture.submit(.tasks(1) { $0.crashLimit = 1 })
        start(SlotKey(1, 1), wants: 1, on: connection, &fixture)
        fixture.pass(30)
        #expect(fixture.core.jobs[job]?.record.state == .failed)
        let slots = [RunningSlot(key: SlotKey(1, 1), state: .finished)]
        _ = fixture.say(.hello(.example(node, slots: slots)), on: fixture.connect(node))
        #expect(fixture.core.jobs[job]?.record.state == .failed)
        #expect(crashes(1, of: job, fixture) == [node])
    }

    @Test("crashes outlive the coordinator; an order to retry forgets them")
    func restoredAndRetried() throws {
        var record = JobRecord(
            job: JobID(1), specification: .tasks(2), taskCount: 2, counts: TaskCounts(ready: 2),
            submitter: "ada", submittedAt: .epoch)
        record.specification.crashLimit = 2
        var snapshot = Snapshot()
        snapshot.lastJob = 1
        snapshot.jobs = [
            Snapshot.Job(
                record: record, tasks: [Snapshot.TaskMark(index: 1, state: .ready, attempt: 0)],
                histories: [Snapshot.TaskHistory(index: 1, crashes: [NodeID(9)])])
        ]
        var fixture = Fixture(restoring: snapshot)
        _ = fixture.command(
            .createToken(
                name: "join", purpose: .join(pool: "default"), secretHash: Fixture.joinSecretHash,
                expiresAt: nil, uses: nil))
        let (node, connection) = fixture.join(cpus: 1)
        start(SlotKey(1, 1), wants: 1, on: connection, &fixture)
        _ = vanish(SlotKey(1, 1), on: connection, &fixture)
        #expect(fixture.core.jobs[JobID(1)]?.record.counts == TaskCounts(ready: 1, failed: 1))
        #expect(crashes(1, of: JobID(1), fixture) == [NodeID(9), node])
        let output = fixture.command(.retryTasks(JobID(1), [1]))
        let row = TaskRecord(index: 1, state: .ready, attempt: 1, reason: "retried by order", pardoned: 1)
        #expect(output.writes.contains(.putTasks(JobID(1), [row])))
        #expect(crashes(1, of: JobID(1), fixture) == [])
    }
}
