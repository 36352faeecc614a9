import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Black holes: where tasks fail fast one after another")
struct BlackHoleTests {
    private typealias Joined = (node: NodeID, connection: ConnectionID)

    private func state(_ node: NodeID, _ fixture: Fixture) -> NodeState? {
        fixture.core.nodes[node]?.record.state
    }

    /// The slot is given this many tasks, and all end like this.
    private func run(
        _ count: Int, in slot: UInt64, on joined: Joined, exit: Int32, seconds: Int64 = 0,
        _ fixture: inout Fixture
    ) {
        let key = SlotKey(slot, 1)
        if fixture.core.slots[SlotID(slot)]?.record.state == .assigned {
            fixture.run(key, on: joined.connection)
        }
        for _ in 0..<count {
            _ = fixture.say(.pullTasks(key, credits: 1), on: joined.connection)
            let results = (fixture.core.slots[SlotID(slot)]?.record.tasks ?? []).map {
                TaskResult(
                    attempt: $0, exitCode: exit, reason: "exit code \(exit)",
                    durationMicroseconds: seconds * 1_000_000)
            }
            _ = fixture.say(.taskResults(key, results), on: joined.connection)
            _ = fixture.place()
        }
    }

    /// Two nodes with a slot each; the second has shown that the job works.
    private func twoNodes(gpus: Int = 0) -> (Fixture, bad: Joined, good: Joined, JobID) {
        var fixture = Fixture.withToken()
        let bad = fixture.join(cpus: 1, gpus: gpus)
        let good = fixture.join(cpus: 1, gpus: gpus)
        let job = fixture.submit(
            .tasks(1_000, slots: 2) {
                if gpus > 0 { $0.resources.devices = DeviceRequest(type: .gpu, count: 1) }
            })
        run(1, in: 2, on: good, exit: 0, &fixture)
        return (fixture, bad, good, job)
    }

    @Test("ten fast failures in a row of a job that works elsewhere: nothing new for a minute")
    func quarantine() {
        var (fixture, bad, _, job) = twoNodes()
        run(9, in: 1, on: bad, exit: 127, &fixture)
        #expect(state(bad.node, fixture) == .ready)
        run(1, in: 1, on: bad, exit: 127, &fixture)
        #expect(state(bad.node, fixture) == .cordoned)
        #expect(
            fixture.core.nodes[bad.node]?.record.reason
                == "quarantined until 1970-01-01T00:17:40.000000Z: 10 tasks in a row failed within 10 s (last: exit 127)"
        )
        #expect(fixture.say(.pullTasks(SlotKey(1, 1), credits: 3), on: bad.connection) == Output())
        #expect(fixture.core.jobs[job]?.record.counts.failed == 10)
    }

    @Test("slow failures do not count, and a success begins the count anew")
    func reset() {
        var (fixture, bad, _, _) = twoNodes()
        run(9, in: 1, on: bad, exit: 1, &fixture)
        run(20, in: 1, on: bad, exit: 1, seconds: 10, &fixture)
        run(1, in: 1, on: bad, exit: 0, &fixture)
        run(9, in: 1, on: bad, exit: 1, &fixture)
        #expect(state(bad.node, fixture) == .ready)
        run(1, in: 1, on: bad, exit: 1, &fixture)
        #expect(state(bad.node, fixture) == .cordoned)
    }

    @Test("a job that fails everywhere is broken itself; three such jobs on one node are not")
    func brokenJobs() {
        var fixture = Fixture.withToken()
        let bad = fixture.join(cpus: 3)
        for _ in 1...2 {
            let job = fixture.submit(.tasks(100))
            run(30, in: job.rawValue, on: bad, exit: 2, &fixture)
        }
        #expect(state(bad.node, fixture) == .ready)
        let job = fixture.submit(.tasks(100))
        run(1, in: job.rawValue, on: bad, exit: 2, &fixture)
        #expect(state(bad.node, fixture) == .cordoned)
    }

    @Test("probation is one task in one slot; each failure doubles the next period, up to an hour")
    func probation() {
        var (fixture, bad, good, _) = twoNodes()
        let beats = [bad.connection, good.connection]
        run(10, in: 1, on: bad, exit: 127, &fixture)
        var periods: [UInt32] = []
        for _ in 1...8 {
            let period = fixture.core.nodes[bad.node]?.record.quarantine?.periodSeconds ?? 0
            periods.append(period)
            fixture.pass(Int(period) - 1, beatsOn: beats)
            #expect(state(bad.node, fixture) == .cordoned)
            fixture.pass(1, beatsOn: beats)
            #expect(state(bad.node, fixture) == .ready)
            _ = fixture.say(.pullTasks(SlotKey(1, 1), credits: 5), on: bad.connection)
            #expect(fixture.core.slots[SlotID(1)]?.record.tasks.count == 1)
            run(1, in: 1, on: bad, exit: 127, &fixture)
            #expect(state(bad.node, fixture) == .cordoned)
        }
        #expect(periods == [60, 120, 240, 480, 960, 1_920, 3_600, 3_600])
    }

    @Test("a success on probation ends the quarantine, and the slot is fed as before")
    func success() {
        var (fixture, bad, good, _) = twoNodes()
        run(10, in: 1, on: bad, exit: 127, &fixture)
        fixture.pass(60, beatsOn: [bad.connection, good.connection])
        run(1, in: 1, on: bad, exit: 0, &fixture)
        #expect(fixture.core.nodes[bad.node]?.record.quarantine == nil)
        #expect(fixture.core.nodes[bad.node]?.record.reason == "")
        _ = fixture.say(.pullTasks(SlotKey(1, 1), credits: 5), on: bad.connection)
        #expect(fixture.core.slots[SlotID(1)]?.record.tasks.count == 5)
    }

    @Test("of several slots one is tried on probation, and what runs longer than a fast failure ends it")
    func longProbe() {
        var (fixture, bad, good, job) = twoNodes()
        let beats = [bad.connection, good.connection]
        run(10, in: 1, on: bad, exit: 127, &fixture)
        _ = fixture.reply(to: .cancelJob(job))
        for slot in [1, 2] as [UInt64] {
            let end = SlotReport(key: SlotKey(slot, 1), state: .finished, reason: "stopped", at: fixture.now)
            _ = fixture.say(.slotReport(end), on: slot == 1 ? bad.connection : good.connection)
        }
        _ = fixture.reply(to: .cordonNode(good.node, reason: ""))
        _ = fixture.submit(.single(.service, slots: 3, cpus: 0))
        fixture.pass(60, beatsOn: beats)
        #expect(fixture.core.nodes[bad.node]?.slots.count == 1)
        let slot = fixture.core.nodes[bad.node]?.slots.first ?? SlotID(0)
        fixture.run(SlotKey(slot, Generation(1)), on: bad.connection)
        fixture.pass(20, beatsOn: beats)
        #expect(fixture.core.nodes[bad.node]?.record.quarantine == nil)
        #expect(fixture.core.nodes[bad.node]?.slots.count == 3)
    }

    @Test("where only one device fails, it alone is quarantined, and the node works on with the others")
    func device() {
        var (fixture, bad, _, job) = twoNodes(gpus: 2)
        run(10, in: 1, on: bad, exit: 1, &fixture)
        let record = fixture.core.nodes[bad.node]?.record
        #expect(record?.state == .ready && record?.quarantine == nil)
        #expect(record?.deviceQuarantines.map(\.device) == [0])
        #expect(record?.reason.hasPrefix("device 0 is quarantined until ") ?? false)
        #expect(fixture.say(.pullTasks(SlotKey(1, 1), credits: 3), on: bad.connection) == Output())
        _ = fixture.reply(to: .cancelJob(job))
        let end = SlotReport(key: SlotKey(1, 1), state: .finished, reason: "stopped", at: fixture.now)
        _ = fixture.say(.slotReport(end), on: bad.connection)
        _ = fixture.submit(
            .single(.batch) {
                $0.constraints = [.node("n1")]
                $0.resources.devices = DeviceRequest(type: .gpu, count: 1)
            })
        let devices = fixture.core.slots.values.first { $0.record.node == bad.node }?.record.devices
        #expect(devices?.map(\.device) == [1])
    }

    @Test("a quarantine outlives the coordinator; uncordon ends it")
    func restoredAndUncordoned() throws {
        var (fixture, bad, _, _) = twoNodes()
        run(10, in: 1, on: bad, exit: 127, &fixture)
        var snapshot = Snapshot()
        snapshot.nodes = [try #require(fixture.core.nodes[bad.node]?.record)]
        var restarted = Fixture(restoring: snapshot, at: fixture.now)
        let connection = restarted.connect(bad.node)
        _ = restarted.say(.hello(.example(bad.node, cpus: 1)), on: connection)
        _ = restarted.say(.pull(credits: 8), on: connection)
        #expect(state(bad.node, restarted) == .cordoned)
        restarted.pass(60, beatsOn: [connection])
        #expect(state(bad.node, restarted) == .ready)
        #expect(restarted.core.nodes[bad.node]?.record.quarantine?.periodSeconds == 60)
        _ = fixture.reply(to: .uncordonNode(bad.node))
        #expect(fixture.core.nodes[bad.node]?.record.quarantine == nil)
        #expect(state(bad.node, fixture) == .ready)
        run(9, in: 1, on: bad, exit: 127, &fixture)
        #expect(state(bad.node, fixture) == .ready)
    }

    @Test("slots that cannot start on one node do not fail a job that works on another")
    func slots() {
        var (fixture, bad, _, job) = twoNodes()
        for _ in 1...10 {
            let slot = fixture.core.nodes[bad.node]?.slots.first ?? SlotID(0)
            let end = SlotReport(
                key: SlotKey(slot, Generation(1)), state: .failed, reason: "no image", at: fixture.now)
            _ = fixture.say(.slotReport(end), on: bad.connection)
            _ = fixture.place()
        }
        #expect(fixture.core.jobs[job]?.record.state == .running)
        #expect(state(bad.node, fixture) == .cordoned)
        #expect(fixture.core.nodes[bad.node]?.slots == [])
    }

    @Test("a slot that asked under a quarantine is ended when others have taken the last tasks")
    func idleUnderQuarantine() {
        var fixture = Fixture.withToken()
        let bad = fixture.join(cpus: 1)
        let good = fixture.join(cpus: 1)
        _ = fixture.submit(.tasks(13, slots: 2))
        run(1, in: 2, on: good, exit: 0, &fixture)
        run(10, in: 1, on: bad, exit: 1, &fixture)
        _ = fixture.say(.pullTasks(SlotKey(1, 1), credits: 1), on: bad.connection)
        let last = fixture.say(.pullTasks(SlotKey(2, 1), credits: 2), on: good.connection)
        #expect(
            last.actions.contains(.send(bad.connection, .stopSlot(SlotKey(1, 1), reason: "no more tasks"))))
    }
}
