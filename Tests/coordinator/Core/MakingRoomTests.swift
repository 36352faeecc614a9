import ClusterTypes
import CoordinatorPlacement
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Making room")
struct MakingRoomTests {
    private static func preemptible(slots: UInt32 = 1, cpus: Int64 = 1) -> JobSpecification {
        .single(.batch, slots: slots, cpus: cpus) { $0.placement.isPreemptible = true }
    }

    @Test("a preemptible slot gives way, is not lost, and comes back when there is room")
    func preempts() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join(cpus: 2)
        let given = fixture.assignments(of: Self.preemptible(slots: 2)).map(\.key)
        for key in given { fixture.run(key, on: connection) }
        _ = fixture.command(.submitJob(.single(.batch), payloads: [], submitter: "bob"))
        let stops = fixture.place().stops
        #expect(stops.count == 1, "one is enough")
        #expect(fixture.core.nodes[node]?.hold?.job == JobID(2))
        _ = fixture.place()
        let placed = fixture.end(stops[0], exit: nil, on: connection).assignments
        #expect(placed.map(\.job) == [JobID(2)], "the place is kept for whom it was made")
        #expect(fixture.core.nodes[node]?.hold == nil)
        #expect(fixture.core.jobs[JobID(1)]?.record.counts.ready == 1, "it waits again")
        let back = fixture.end(placed[0].key, on: connection).assignments
        #expect(back.map(\.job) == [JobID(1)])
    }

    @Test("preemptible work does not stop its like; lower priority alone stops nobody")
    func spares() {
        var fixture = Fixture.withToken()
        _ = fixture.join(cpus: 1)
        _ = fixture.assignments(of: Self.preemptible())
        _ = fixture.command(.submitJob(Self.preemptible(), payloads: [], submitter: "bob"))
        #expect(fixture.place().stops.isEmpty)

        var other = Fixture.withToken()
        _ = other.join(cpus: 1)
        _ = other.assignments(of: .single(.batch))
        _ = other.command(
            .submitJob(.single(.batch) { $0.priority = 500 }, payloads: [], submitter: "bob"))
        #expect(other.place().stops.isEmpty)
    }

    @Test("with a gap, work of a priority that is higher by it stops other work")
    func gap() {
        var limits = Limits.defaults
        limits.preemptionGap = 100
        var fixture = Fixture.withToken(limits: limits)
        _ = fixture.join(cpus: 2)
        let low = fixture.assignments(of: .single(.batch, slots: 2)).map(\.key)
        _ = fixture.command(
            .submitJob(.single(.batch) { $0.priority = 99 }, payloads: [], submitter: "bob"))
        #expect(fixture.place().stops.isEmpty)
        _ = fixture.command(
            .submitJob(.single(.batch, cpus: 2) { $0.priority = 100 }, payloads: [], submitter: "bob"))
        #expect(fixture.place().stops.sorted { $0.slot < $1.slot } == low)
    }

    @Test("a large job that has waited long has a node kept; what ends before it starts may still go there")
    func reserves() {
        var limits = Limits.defaults
        limits.patienceSeconds = 60
        var fixture = Fixture.withToken(limits: limits)
        let (node, connection) = fixture.join(cpus: 4)
        let long = fixture.assignments(
            of: .single(.batch, cpus: 1) { $0.timeoutSeconds = 500 })
        fixture.run(long[0].key, on: connection)
        _ = fixture.submit(.single(.batch, cpus: 4) { $0.job = "large" })
        let small = JobSpecification.single(.batch) { $0.timeRequestSeconds = 1_000 }
        #expect(fixture.assignments(of: small).count == 1, "nothing is kept yet")
        fixture.pass(61, beatsOn: [connection])
        #expect(fixture.core.nodes[node]?.hold?.job == JobID(2))
        #expect(fixture.assignments(of: small).isEmpty, "it would delay the large one")
        let ends = fixture.core.slots.values.filter { $0.record.job == JobID(3) }.map(\.record.key)
        let placed = fixture.end(ends[0], on: connection).assignments
        #expect(placed.isEmpty, "the large one still waits for the long one, and its node is kept")
        let started = fixture.end(long[0].key, on: connection).assignments
        #expect(started.map(\.job) == [JobID(2)])
        #expect(fixture.core.nodes[node]?.hold == nil)
    }

    @Test("nothing is kept where only the end of a service would make room")
    func serviceStays() {
        var limits = Limits.defaults
        limits.patienceSeconds = 10
        var fixture = Fixture.withToken(limits: limits)
        let (node, connection) = fixture.join(cpus: 2)
        _ = fixture.assignments(of: .single(.service))
        _ = fixture.submit(.single(.batch, cpus: 2) { $0.job = "large" })
        fixture.pass(20, beatsOn: [connection])
        #expect(fixture.core.nodes[node]?.hold == nil)
        #expect(fixture.assignments(of: .single(.batch)).count == 1)
    }

    @Test("short work fills what is kept for a job whose start is known")
    func backfills() {
        var limits = Limits.defaults
        limits.patienceSeconds = 10
        var fixture = Fixture.withToken(limits: limits)
        let (node, connection) = fixture.join(cpus: 2)
        let long = fixture.assignments(of: .single(.batch) { $0.timeoutSeconds = 1_000 })
        fixture.run(long[0].key, on: connection)
        _ = fixture.submit(.single(.batch, cpus: 2) { $0.job = "large" })
        fixture.pass(11, beatsOn: [connection])
        #expect(fixture.core.nodes[node]?.hold?.startsAt != nil)
        let short = JobSpecification.single(.batch) { $0.timeRequestSeconds = 300 }
        let slow = JobSpecification.single(.batch) { $0.timeRequestSeconds = 2_000 }
        #expect(fixture.assignments(of: slow).isEmpty)
        #expect(fixture.assignments(of: short).count == 1)
    }

    @Test("nothing is kept for a job that is paused, canceled or has all its places")
    func releases() {
        var limits = Limits.defaults
        limits.patienceSeconds = 10
        var fixture = Fixture.withToken(limits: limits)
        let (node, connection) = fixture.join(cpus: 2)
        _ = fixture.assignments(of: .single(.batch))
        let large = fixture.submit(.single(.batch, cpus: 2))
        fixture.pass(11, beatsOn: [connection])
        #expect(fixture.core.nodes[node]?.hold?.job == large)
        _ = fixture.reply(to: .pauseJob(large))
        #expect(fixture.core.nodes[node]?.hold == nil)
        _ = fixture.reply(to: .resumeJob(large))
        fixture.pass(11, beatsOn: [connection])
        #expect(fixture.core.nodes[node]?.hold?.job == large)
        _ = fixture.reply(to: .cancelJob(large))
        #expect(fixture.core.nodes[node]?.hold == nil)
    }

    @Test("waiting makes a job more urgent, so that it is not overtaken for ever")
    func aging() {
        var limits = Limits.defaults
        limits.agingPerHour = 60
        limits.patienceSeconds = 1_000_000
        var fixture = Fixture.withToken(limits: limits)
        let (_, connection) = fixture.join(cpus: 1)
        let first = fixture.assignments(of: .single(.batch) { $0.priority = 1_000 })
        let old = fixture.submit(.single(.batch))
        fixture.pass(3_600, beatsOn: [connection])
        _ = fixture.submit(.single(.batch) { $0.priority = 50 })
        let next = fixture.end(first[0].key, on: connection).assignments
        #expect(next.map(\.job) == [old])
    }
}

@Suite("Plans and what is done")
struct PlanOutcomeTests {
    @Test("a plan is what the coordinator then does", arguments: 1...10)
    func equals(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
        var fixture = Fixture.withToken()
        for _ in 0..<6 { _ = fixture.join(cpus: Int64(1 + below(8)), gpus: below(5)) }
        for _ in 0..<20 {
            var job = JobSpecification.single(.batch, slots: UInt32(1 + below(5)), cpus: Int64(1 + below(3)))
            if below(2) == 0 {
                job.resources.devices = DeviceRequest(
                    type: .gpu, count: UInt32(1 + below(2)), shares: [300, 1_000][below(2)])
            }
            if below(3) == 0 { job.placement.slotsPerNode = 1 }
            if below(4) == 0, job.slots.maximum > 1 { job.placement.gang = Gang() }
            guard case .jobPlan(let plan) = fixture.reply(to: .planJob(job, tasks: nil, submitter: "ada"))
            else {
                Issue.record("seed \(seed): no plan")
                return
            }
            let given = fixture.assignments(of: job)
            #expect(given.map { fixture.node(of: $0.key) } == plan.placed.map { $0.node }, "seed \(seed)")
            #expect(given.map(\.devices) == plan.placed.map(\.devices), "seed \(seed)")
            #expect(plan.waiting == Int(job.slots.maximum) - given.count)
            guard plan.waiting > 0 else { continue }
            #expect(!plan.reasons.isEmpty)
            guard case .explanation(let lines) = fixture.reply(to: .explainJob(JobID(fixture.core.lastJob)))
            else {
                Issue.record("seed \(seed): no explanation")
                return
            }
            #expect(lines.contains { $0.contains("of 6 nodes that take work") }, "seed \(seed)")
        }
    }

    @Test("an explanation counts every node, and a slot starts when it says", arguments: 1...20)
    func explained(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
        var fixture = Fixture.withToken()
        var connections: [NodeID: ConnectionID] = [:]
        let count = 2 + below(4)
        for number in 0..<count {
            let (node, connection) = fixture.join(cpus: number == 0 ? 6 : Int64(2 + below(5)))
            connections[node] = connection
        }
        var ends: [(at: Instant, key: SlotKey, connection: ConnectionID)] = []
        for _ in 0..<16 {
            let seconds = UInt32(2 + below(60))
            let job = JobSpecification.single(.batch, cpus: Int64(1 + below(3))) {
                $0.timeoutSeconds = seconds
                $0.stopGraceSeconds = 0
            }
            guard let key = fixture.assignments(of: job).first?.key else {
                _ = fixture.reply(to: .cancelJob(JobID(fixture.core.lastJob)))
                continue
            }
            let connection = try #require(fixture.node(of: key).flatMap { connections[$0] })
            fixture.run(key, on: connection)
            ends.append((fixture.now + .seconds(Int64(seconds)), key, connection))
        }
        let wanted = fixture.submit(.single(.batch, cpus: Int64(4 + below(3))))
        func isPlaced() -> Bool { fixture.core.jobs[wanted]?.record.counts.ready == 0 }
        try #require(!isPlaced(), "seed \(seed): there is nothing to explain")
        guard case .explanation(let lines) = fixture.reply(to: .explainJob(wanted)) else {
            Issue.record("seed \(seed): no explanation")
            return
        }
        let text = lines.joined(separator: "\n")
        let counted = try #require(text.split(separator: "of \(count) nodes that take work, ").last)
        let numbers = counted.prefix { $0 != ";" && $0 != "\n" }.split(separator: ", ").compactMap { reason in
            Int(reason.prefix { $0.isNumber })
        }
        #expect(numbers.reduce(0, +) == count, "seed \(seed): \(text)")
        let start = try #require(text.split(separator: "it would start about ").last?.prefix(20))
        for _ in 0..<70 where !isPlaced() {
            fixture.pass(1, beatsOn: Array(connections.values))
            for (at, key, connection) in ends where at == fixture.now {
                _ = fixture.end(key, on: connection)
            }
        }
        #expect(isPlaced() && fixture.now.rfc3339Seconds == start, "seed \(seed): \(text)")
    }

    @Test("the reasons of an explanation count every node once")
    func counts() {
        var fixture = Fixture.withToken()
        for cpus in [1, 1, 2, 4] { _ = fixture.join(cpus: Int64(cpus)) }
        _ = fixture.assignments(of: .single(.batch, slots: 3, cpus: 1) { $0.placement.slotsPerNode = 1 })
        let job = fixture.submit(.single(.batch, slots: 2, cpus: 3))
        guard case .explanation(let lines) = fixture.reply(to: .explainJob(job)) else {
            Issue.record("no explanation")
            return
        }
        let text = lines.joined(separator: "\n")
        #expect(text.contains("of 4 nodes that take work, 4 lack free CPUs; nearest: node"))
    }

    @Test("what is to be apart from a job waits until that one's slots have ended, canceled or not")
    func apart() {
        var fixture = Fixture.withToken()
        let (_, connection) = fixture.join(cpus: 4)
        let first = fixture.assignments(of: .single(.service))
        let other = JobSpecification.single(.batch) { $0.constraints = [.apart(job: "service")] }
        #expect(fixture.assignments(of: other).isEmpty)
        _ = fixture.command(.cancelJob(JobID(1)))
        #expect(fixture.place().assignments.isEmpty, "its slot is still there")
        #expect(fixture.end(first[0].key, exit: nil, on: connection).assignments.map(\.job) == [JobID(2)])
    }
}
