import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Slots: what they report, hold and lose")
struct SlotTests {
    @Test("what a slot says of its state is written when it is news")
    func slotReports() throws {
        var fixture = Fixture.withToken()
        let (_, connection) = fixture.join()
        _ = fixture.submit(.single(.service))
        let key = SlotKey(1, 1)
        var slot = try #require(fixture.core.slots[SlotID(1)]?.record)
        func say(_ state: SlotState, _ reason: String = "") -> Output {
            let report = SlotReport(key: key, state: state, reason: reason, at: fixture.now)
            return fixture.say(.slotReport(report), on: connection)
        }
        for (state, reason) in [
            (SlotState.starting, ""), (.running, ""), (.starting, "again in 1 s"), (.running, ""),
        ] {
            slot.state = state
            slot.reason = reason
            #expect(say(state, reason) == Output([.putSlot(slot)]))
            #expect(say(state, reason) == Output(), "said again")
        }
        for state in [SlotState.pending, .assigned, .lost] { #expect(say(state) == Output()) }
    }

    @Test("a slot that ended while it held tasks gives them back, and is not given them again itself")
    func endWithTasks() throws {
        var fixture = Fixture.withToken()
        let (_, connection) = fixture.join(cpus: 1)
        let id = fixture.submit(.tasks(2))
        let key = SlotKey(1, 1)
        fixture.run(key, on: connection)
        _ = fixture.say(.pullTasks(key, credits: 1), on: connection)
        // It asks for more than there is, so that it still has credits when it ends.
        _ = fixture.say(.pullTasks(key, credits: 8), on: connection)
        let output = fixture.say(
            .slotReport(SlotReport(key: key, state: .failed, reason: "killed", at: fixture.now)),
            on: connection)
        #expect(output.actions == [.send(connection, .slotEndAcknowledged(key))])
        #expect(fixture.core.jobs[id]?.record.counts == TaskCounts(ready: 2))
    }

    @Test("what a draining node's slot holds is finished there; then it is stopped, asked or not")
    func drainingSlot() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        _ = fixture.submit(.tasks(5))
        let key = SlotKey(1, 1)
        fixture.run(key, on: connection)
        _ = fixture.say(.pullTasks(key, credits: 2), on: connection)
        _ = fixture.reply(to: .drainNode(node, reason: "disk"))
        #expect(fixture.say(.pullTasks(key, credits: 5), on: connection) == Output())
        _ = fixture.say(.taskResults(key, [TaskResult(1)]), on: connection)
        #expect(fixture.core.slots[SlotID(1)]?.record.state == .running)
        let output = fixture.say(.taskResults(key, [TaskResult(2)]), on: connection)
        #expect(output.actions.last == .send(connection, .stopSlot(key, reason: "its node drains")))
    }

    @Test("a drain that is taken back feeds the slots that asked meanwhile")
    func drainTakenBack() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        let job = fixture.submit(.tasks(5))
        let key = SlotKey(1, 1)
        fixture.run(key, on: connection)
        _ = fixture.say(.pullTasks(key, credits: 1), on: connection)
        _ = fixture.reply(to: .drainNode(node, reason: "disk"))
        _ = fixture.say(.pullTasks(key, credits: 1), on: connection)
        let output = fixture.command(.uncordonNode(node))
        #expect(
            output.actions
                == [
                    .sendTasks(connection, key, job, [TaskAttempt(2)], hasPayloads: false),
                    .reply(
                        fixture.request,
                        fixture.core.nodes[node].map { .node($0.record) } ?? .tasksRetried(count: 0)),
                ])
    }

    @Test("a task that did not reach its slot goes back, even where losing it would be a failure")
    func lostOnTheWay() throws {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        let job = fixture.submit(.tasks(2) { $0.onLost = .fail })
        let key = SlotKey(1, 1)
        fixture.run(key, on: connection)
        _ = fixture.say(.pullTasks(key, credits: 5), on: connection)
        _ = fixture.handle(.agentDisconnected(connection, reason: "reset"))
        var slot = try #require(fixture.core.slots[SlotID(1)]?.record)
        var record = try #require(fixture.core.jobs[job]?.record)
        slot.tasks = [TaskAttempt(1)]
        record.counts = TaskCounts(ready: 1, running: 1)
        let next = fixture.connect(node)
        let running = RunningSlot(key: key, state: .running, tasks: [TaskAttempt(1), TaskAttempt(9)])
        let output = fixture.say(.hello(.example(node, slots: [running])), on: next)
        #expect(output.writes == [.putSlot(slot), .putJob(record)])
        guard case .send(next, .welcome(let welcome)) = output.actions.first else {
            Issue.record("no welcome")
            return
        }
        #expect(welcome.keep == [key] && output.actions.count == 1)
        #expect(fixture.core.slots[SlotID(1)]?.credits == 0, "it has to ask again")
    }

    @Test("what a slot held that a new agent finds ended was started, for all that anybody knows")
    func endedBeforeHello() throws {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join(cpus: 2)
        let job = fixture.submit(.tasks(2) { $0.onLost = .fail })
        let key = SlotKey(1, 1)
        fixture.run(key, on: connection)
        _ = fixture.say(.pullTasks(key, credits: 1), on: connection)
        _ = fixture.handle(.agentDisconnected(connection, reason: "reset"))
        let next = fixture.connect(node)
        let ended = RunningSlot(key: key, state: .finished)
        _ = fixture.say(.hello(.example(node, instance: 8, slots: [ended])), on: next)
        #expect(fixture.core.slots[SlotID(1)]?.record.tasks == [TaskAttempt(1)])
        let report = SlotReport(
            key: key, state: .finished, reason: "its supervisor vanished", at: fixture.now)
        let output = fixture.say(.slotReport(report), on: next)
        let lost = TaskRecord(
            index: 1, state: .failed, attempt: 1, reason: "lost: its supervisor vanished", slot: key,
            node: node)
        #expect(output.writes.contains(.putTasks(job, [lost])))
        #expect(fixture.core.jobs[job]?.ledger?.counts == TaskCounts(ready: 1, failed: 1))
    }

    @Test(
        "what comes back at a hello goes to slots of other nodes at once, and to none of this node before its welcome"
    )
    func backAtHello() {
        var fixture = Fixture.withToken()
        let (first, connection) = fixture.join(cpus: 2)
        let (_, other) = fixture.join(cpus: 1)
        let job = fixture.submit(.tasks(0, slots: 3) { $0.isOpen = true }, payloads: ["a", "b", "c"])
        for (slot, on) in [(1, connection), (2, connection), (3, other)] as [(UInt64, ConnectionID)] {
            fixture.run(SlotKey(slot, 1), on: on)
            _ = fixture.say(.pullTasks(SlotKey(slot, 1), credits: 1), on: on)
        }
        // The second and the third have nothing, and ask.
        for (slot, on) in [(2, connection), (3, other)] as [(UInt64, ConnectionID)] {
            _ = fixture.say(.taskResults(SlotKey(slot, 1), [TaskResult(TaskIndex(slot - 1))]), on: on)
            _ = fixture.say(.pullTasks(SlotKey(slot, 1), credits: 1), on: on)
        }
        _ = fixture.handle(.agentDisconnected(connection, reason: "reset"))
        let next = fixture.connect(first)
        let running = [1, 2].map { RunningSlot(key: SlotKey($0, 1), state: .running) }
        let output = fixture.say(.hello(.example(first, slots: running)), on: next)
        #expect(
            output.actions.first
                == .sendTasks(other, SlotKey(3, 1), job, [TaskAttempt(0)], hasPayloads: true))
        guard output.actions.count == 2, case .send(next, .welcome) = output.actions.last else {
            Issue.record("\(output.actions)")
            return
        }
    }

    @Test("a slot that asked before its connection broke is given nothing before its welcome")
    func nothingBeforeWelcome() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        _ = fixture.submit(.tasks(0, slots: 2) { $0.isOpen = true }, payloads: ["a", "b"])
        for slot in [1, 2] as [UInt64] {
            fixture.run(SlotKey(slot, 1), on: connection)
            _ = fixture.say(.pullTasks(SlotKey(slot, 1), credits: 1), on: connection)
        }
        _ = fixture.say(.taskResults(SlotKey(2, 1), [TaskResult(1)]), on: connection)
        _ = fixture.say(.pullTasks(SlotKey(2, 1), credits: 1), on: connection)
        let next = fixture.connect(node)
        let running = RunningSlot(key: SlotKey(2, 1), state: .running)
        let output = fixture.say(.hello(.example(node, slots: [running])), on: next)
        #expect(output.actions.first == .refuse(connection, Refusal(.replaced, "the agent connected again")))
        guard output.actions.count == 2, case .send(next, .welcome) = output.actions.last else {
            Issue.record("\(output.actions)")
            return
        }
    }

    @Test(
        "an assignment that did not arrive is none; whoever cannot know of it may have started it",
        arguments: [7, 8] as [UInt64])
    func lostAssignment(instance: UInt64) {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        let job = fixture.submit(.single(.batch) { $0.onLost = .fail })
        _ = fixture.handle(.agentDisconnected(connection, reason: "reset"))
        let next = fixture.connect(node)
        _ = fixture.say(.hello(.example(node, instance: instance)), on: next)
        let isSameProcess = instance == 7
        #expect(fixture.core.jobs[job]?.record.state == (isSameProcess ? .running : .failed))
    }

    @Test(
        "a slot that was stopped before it ended by itself has not failed: on_lost decides",
        arguments: JobKind.allCases, LossPolicy.allCases)
    func stopped(_ kind: JobKind, _ policy: LossPolicy) {
        var fixture = Fixture.withToken()
        let (_, connection) = fixture.join(cpus: 1)
        let change = { (job: inout JobSpecification) in job.onLost = policy }
        let job = fixture.submit(
            kind == .tasks ? .tasks(2, slots: 1, cpus: 1, change) : .single(kind, slots: 1, cpus: 1, change))
        let key = SlotKey(1, 1)
        fixture.run(key, on: connection)
        _ = fixture.say(.pullTasks(key, credits: 1), on: connection)
        let end = SlotReport(key: key, state: .finished, reason: "lease over", at: fixture.now)
        _ = fixture.say(.slotReport(end), on: connection)
        _ = fixture.place()
        let counts = fixture.core.jobs[job]?.record.counts
        switch (kind, policy) {
        case (.tasks, .requeue): #expect(counts == TaskCounts(ready: 2))
        case (.tasks, .fail): #expect(counts == TaskCounts(ready: 1, failed: 1))
        case (.batch, .fail): #expect(counts == TaskCounts(failed: 1))
        case (.batch, .requeue), (.service, _): #expect(counts == TaskCounts(running: 1))
        }
        #expect(fixture.core.jobs[job]?.slotFailuresInARow == 0)
    }

    @Test("a slot that has not asked is stopped on a draining node as soon as it asks")
    func drainingSlotThatAsksLate() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        _ = fixture.submit(.tasks(5))
        let key = SlotKey(1, 1)
        fixture.run(key, on: connection)
        _ = fixture.say(.pullTasks(key, credits: 1), on: connection)
        _ = fixture.reply(to: .drainNode(node, reason: "disk"))
        _ = fixture.say(.taskResults(key, [TaskResult(1)]), on: connection)
        let output = fixture.say(.pullTasks(key, credits: 1), on: connection)
        #expect(output.actions == [.send(connection, .stopSlot(key, reason: "its node drains"))])
    }

    @Test(
        "a slot that had ended before its agent began decides by its end, however often that agent connects")
    func endedBeforeItsAgent() {
        var fixture = Fixture.withToken()
        let (node, first) = fixture.join()
        let job = fixture.submit(.tasks(1) { $0.onLost = .fail })
        let key = SlotKey(1, 1)
        fixture.run(key, on: first)
        _ = fixture.say(.pullTasks(key, credits: 1), on: first)
        var connection = first
        for _ in 1...2 {
            _ = fixture.handle(.agentDisconnected(connection, reason: "reset"))
            connection = fixture.connect(node)
            let ended = RunningSlot(key: key, state: .finished)
            _ = fixture.say(.hello(.example(node, instance: 8, slots: [ended])), on: connection)
        }
        let end = SlotReport(key: key, state: .finished, reason: "lease over", at: fixture.now)
        _ = fixture.say(.slotReport(end), on: connection)
        #expect(fixture.core.jobs[job]?.record.counts == TaskCounts(failed: 1))
    }
}
