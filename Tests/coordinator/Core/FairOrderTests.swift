import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Whose turn it is")
struct FairOrderTests {
    /// Who has how many of the slots that are placed.
    private func held(_ fixture: Fixture) -> [String: Int] {
        var counts: [String: Int] = [:]
        for slot in fixture.core.slots.values where slot.record.state.isPlaced {
            counts[fixture.core.jobs[slot.record.job]?.record.submitter ?? "", default: 0] += 1
        }
        return counts
    }

    @Test("what comes free in one round is divided among those who wait, whoever was first")
    func oneRound() {
        var fixture = Fixture.withToken()
        for user in ["ada", "bob", "cyd"] {
            _ = fixture.command(.submitJob(.single(.batch, slots: 20), payloads: [], submitter: user))
        }
        _ = fixture.join(cpus: 9)
        #expect(held(fixture) == ["ada": 3, "bob": 3, "cyd": 3])
    }

    @Test("who has had less goes first, until both have had the same")
    func decayed() {
        var fixture = Fixture.withToken()
        let (_, connection) = fixture.join(cpus: 4)
        let job = JobSpecification.single(.batch, slots: 100)
        _ = fixture.command(.submitJob(job, payloads: [], submitter: "ada"))
        _ = fixture.place()
        fixture.pass(600, beatsOn: [connection])
        _ = fixture.command(.submitJob(job, payloads: [], submitter: "bob"))
        _ = fixture.place()
        #expect(held(fixture) == ["ada": 4], "what runs is not stopped")
        for slot in fixture.core.slots.values.map(\.record) where slot.state.isPlaced {
            _ = fixture.end(slot.key, on: connection)
        }
        #expect(held(fixture) == ["bob": 4])
    }

    @Test("priority goes before fair share")
    func priority() {
        var fixture = Fixture.withToken()
        _ = fixture.command(.submitJob(.single(.batch, slots: 9), payloads: [], submitter: "bob"))
        _ = fixture.command(
            .submitJob(.single(.batch, slots: 9) { $0.priority = 5 }, payloads: [], submitter: "ada"))
        _ = fixture.join(cpus: 4)
        #expect(held(fixture) == ["ada": 4])
    }

    @Test("a quota holds back what it must, and lets preemptible work have what is idle")
    func quota() throws {
        var fixture = Fixture.withToken()
        let cores = try #require(Quota(named: "cpu", 3))
        _ = fixture.command(
            .setVirtualCluster(VirtualClusterRecord(name: "v", quotas: [cores], createdAt: .epoch)))
        _ = fixture.join(cpus: 8)
        let job = JobSpecification.single(.batch, slots: 6) { $0.placement.virtualCluster = "v" }
        guard case .jobPlan(let plan) = fixture.reply(to: .planJob(job, tasks: nil, submitter: "ada")) else {
            Issue.record("no plan")
            return
        }
        #expect(
            plan.placed.count == 3 && plan.waiting == 3 && plan.reasons.contains { $0.contains("quota 3") })
        #expect(fixture.assignments(of: job).count == 3)
        guard case .explanation(let lines) = fixture.reply(to: .explainJob(JobID(1))) else {
            Issue.record("no explanation")
            return
        }
        #expect(lines.contains { $0.contains("quota 3, used 3") }, "\(lines)")
        let idle = JobSpecification.single(.batch, slots: 9) {
            $0.placement.virtualCluster = "v"
            $0.placement.isPreemptible = true
        }
        #expect(fixture.assignments(of: idle).count == 5)
    }
}
