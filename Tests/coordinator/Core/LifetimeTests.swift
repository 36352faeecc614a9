import ClusterTypes
import CoordinatorPlacement
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Nodes whose end is known take only what fits, and drain before it")
struct LifetimeTests {
    /// With a node whose time ends in so many seconds.
    private func fixture(_ seconds: UInt64) -> (fixture: Fixture, node: NodeID, connection: ConnectionID) {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join(cpus: 4)
        _ = fixture.say(.lifetime(Lifetime(remainingMilliseconds: seconds * 1_000)), on: connection)
        _ = fixture.place()
        return (fixture, node, connection)
    }

    private func state(_ slot: UInt64, _ fixture: Fixture) -> SlotState? {
        fixture.core.slots[SlotID(slot)]?.record.state
    }

    @Test("what remains is kept as a moment; the same end told again writes nothing")
    func moment() throws {
        var (fixture, node, connection) = fixture(600)
        let end = fixture.now + .seconds(600)
        #expect(fixture.core.nodes[node]?.record.endsAt == end)
        fixture.pass(10, beatsOn: [connection])
        #expect(
            fixture.say(.lifetime(Lifetime(remainingMilliseconds: 588_500)), on: connection) == Output())
        var record = try #require(fixture.core.nodes[node]?.record)
        record.endsAt = nil
        #expect(
            fixture.say(.lifetime(Lifetime(remainingMilliseconds: nil)), on: connection)
                == Output([.putNode(record)]))
        guard case .explanation(let lines) = fixture.reply(to: .explainNode(node)) else { return }
        #expect(!lines.contains { $0.contains("time ends") })
    }

    @Test("hello carries it, and a new agent process without an end takes it back")
    func hello() {
        var fixture = Fixture.withToken()
        let (node, first) = fixture.join()
        _ = fixture.handle(.agentDisconnected(first, reason: "reset"))
        var hello = Hello.example(node)
        hello.lifetime = Lifetime(remainingMilliseconds: 90_000, isEnding: true)
        let second = fixture.connect(node)
        _ = fixture.say(.hello(hello), on: second)
        let record = fixture.core.nodes[node]?.record
        #expect(record?.state == .draining && record?.endsAt == fixture.now + .seconds(90))
        #expect(record?.reason == "its time ends at 1970-01-01T00:18:10Z")
        _ = fixture.handle(.agentDisconnected(second, reason: "reset"))
        let third = fixture.connect(node)
        _ = fixture.say(.hello(.example(node, instance: 8)), on: third)
        #expect(fixture.core.nodes[node]?.record.state == .ready)
        #expect(fixture.core.nodes[node]?.record.endsAt == nil)
    }

    @Test(
        "a slot is placed if its time, its grace and a reserve fit; without a time a minute has to be left",
        arguments: [
            (UInt32?.some(100), UInt64(110), true), (100, 109, false), (nil, 70, true), (nil, 69, false),
        ])
    func placement(time: UInt32?, remaining: UInt64, fits: Bool) {
        var (fixture, _, _) = fixture(remaining)
        let job = fixture.submit(.single(.batch) { $0.timeRequestSeconds = time })
        #expect(state(1, fixture) == (fits ? .assigned : .pending))
        guard case .explanation(let lines) = fixture.reply(to: .explainJob(job)) else {
            Issue.record("not explained")
            return
        }
        #expect(
            lines.contains("slot 1 waits: of 1 nodes that take work, 1 end too soon") == !fits, "\(lines)")
    }

    @Test("a node that ends too soon makes no job impossible")
    func possible() {
        var (fixture, _, _) = fixture(30)
        guard
            case .job = fixture.reply(
                to: .submitJob(
                    .single(.batch) { $0.timeRequestSeconds = 3_600 }, payloads: [], submitter: "ada"))
        else {
            Issue.record("refused")
            return
        }
    }

    @Test("a slot gets as many tasks as fit one after the other, and ends when none fits any more")
    func tasks() throws {
        var (fixture, _, connection) = fixture(130)
        let job = fixture.submit(.tasks(10) { $0.timeRequestSeconds = 50 })
        let key = SlotKey(1, 1)
        fixture.run(key, on: connection)
        let given = fixture.say(.pullTasks(key, credits: 8), on: connection)
        #expect(
            given.actions == [
                .sendTasks(connection, key, job, [TaskAttempt(1), TaskAttempt(2)], hasPayloads: false)
            ])
        fixture.pass(75, beatsOn: [connection])
        let first = fixture.say(.taskResults(key, [TaskResult(1)]), on: connection)
        #expect(
            !first.actions.contains(
                .send(connection, .stopSlot(key, reason: "its node's time ends too soon"))))
        let second = fixture.say(.taskResults(key, [TaskResult(2)]), on: connection)
        #expect(
            second.actions.contains(
                .send(connection, .stopSlot(key, reason: "its node's time ends too soon"))))
    }

    @Test("a node that is about to end drains: services move on, idle task slots end, commands run on")
    func ending() throws {
        var (fixture, node, connection) = fixture(600)
        _ = fixture.submit(.single(.batch))
        _ = fixture.submit(.single(.service))
        _ = fixture.submit(.tasks(1))
        for slot in 1...3 as ClosedRange<UInt64> { fixture.run(SlotKey(slot, 1), on: connection) }
        fixture.now = fixture.now + .seconds(10)
        let output = fixture.say(
            .lifetime(Lifetime(remainingMilliseconds: 590_000, isEnding: true)), on: connection)
        let record = try #require(fixture.core.nodes[node]?.record)
        #expect(record.state == .draining && record.reason == "its time ends at 1970-01-01T00:26:40Z")
        #expect(
            output.actions == [
                .send(connection, .stopSlot(SlotKey(2, 1), reason: "its node drains")),
                .send(connection, .stopSlot(SlotKey(3, 1), reason: "its node drains")),
            ])
        #expect(state(1, fixture) == .running)
        let reply = fixture.reply(to: .explainNode(node))
        guard case .explanation(let lines) = reply else { return }
        #expect(lines.contains("its time ends at 1970-01-01T00:26:40Z, in 590 s: it takes only what fits"))
    }

    @Test("an end that is taken back lets waiting slots have their tasks")
    func takenBack() {
        var (fixture, node, connection) = fixture(600)
        let job = fixture.submit(.tasks(2))
        let key = SlotKey(1, 1)
        fixture.run(key, on: connection)
        _ = fixture.say(.pullTasks(key, credits: 1), on: connection)
        _ = fixture.say(.lifetime(Lifetime(remainingMilliseconds: 590_000, isEnding: true)), on: connection)
        #expect(fixture.say(.pullTasks(key, credits: 1), on: connection) == Output())
        let output = fixture.say(.lifetime(Lifetime(remainingMilliseconds: nil)), on: connection)
        #expect(
            output.actions == [
                .sendTasks(connection, key, job, [TaskAttempt(2)], hasPayloads: false)
            ])
        #expect(fixture.core.nodes[node]?.record.state == .ready)
    }

    @Test("what is cut off runs again elsewhere, and counts as no attempt")
    func cutOff() {
        var (fixture, _, connection) = fixture(600)
        let batch = fixture.submit(.single(.batch))
        let sweep = fixture.submit(.tasks(1))
        for slot in 1...2 as ClosedRange<UInt64> { fixture.run(SlotKey(slot, 1), on: connection) }
        _ = fixture.say(.pullTasks(SlotKey(2, 1), credits: 1), on: connection)
        _ = fixture.say(.lifetime(Lifetime(remainingMilliseconds: 5_000, isEnding: true)), on: connection)
        for slot in 1...2 as ClosedRange<UInt64> {
            let report = SlotReport(
                key: SlotKey(slot, 1), state: .finished, reason: "its node's time ends", at: fixture.now)
            _ = fixture.say(.slotReport(report), on: connection)
        }
        _ = fixture.say(.leaving(reason: "its time is over"), on: connection)
        _ = fixture.place()
        #expect(state(1, fixture) == .pending)
        #expect(fixture.core.slots[SlotID(1)]?.record.attempts == 0)
        #expect(fixture.core.jobs[batch]?.record.counts.ready == 1)
        #expect(fixture.core.jobs[sweep]?.record.counts == TaskCounts(ready: 1))
        #expect(fixture.core.jobs[sweep]?.ledger?.attempt(of: 1) == 1)
        #expect(fixture.core.jobs[sweep]?.record.retried == 0)
    }
}
