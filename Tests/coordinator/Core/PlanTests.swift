import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Plans")
struct PlanTests {
    private func plan(
        _ specification: JobSpecification, tasks: UInt32? = nil, in fixture: inout Fixture
    ) -> JobPlan? {
        let output = fixture.command(.planJob(specification, tasks: tasks, submitter: "ada"))
        #expect(output.writes.isEmpty && output.actions.count == 1)
        for case .reply(_, .jobPlan(let plan)) in output.actions { return plan }
        return nil
    }

    @Test func `A plan is where the job's slots go when it is submitted, and leaves no trace`() throws {
        var fixture = Fixture.withToken()
        for _ in 0..<3 { _ = fixture.join(cpus: 4, gpus: 2) }
        var specification = JobSpecification.single(.service, slots: 5)
        specification.resources.devices = DeviceRequest(type: .gpu, count: 1, shares: 500)
        let plan = try #require(plan(specification, in: &fixture))
        #expect(plan.placed.count == 5 && plan.waiting == 0 && plan.reasons.isEmpty)
        #expect(fixture.core.jobs.isEmpty && fixture.core.slots.isEmpty)
        let job = fixture.submit(specification)
        let slots = try #require(fixture.core.jobs[job]).slots.compactMap { fixture.core.slots[$0]?.record }
        #expect(plan.placed.map(\.node) == slots.compactMap(\.node))
        #expect(plan.placed.map(\.devices) == slots.map(\.devices))
        #expect(plan.placed.map(\.name) == plan.placed.map { "n\($0.node)" })
    }

    @Test func `What finds no place waits, and the plan says why`() throws {
        var fixture = Fixture.withToken()
        _ = fixture.join(cpus: 2)
        let plan = try #require(plan(.single(.service, slots: 5), in: &fixture))
        #expect(plan.placed.count == 2 && plan.waiting == 3)
        #expect(plan.reasons == ["of 1 nodes that take work, 1 lack free CPUs"])
    }

    @Test func `Alternatives are taken where the first request has no place`() throws {
        var fixture = Fixture.withToken()
        _ = fixture.join(cpus: 4, gpus: 1)
        var specification = JobSpecification.single(.service, slots: 3)
        specification.resources.devices = DeviceRequest(type: .gpu)
        specification.placement.alternatives = [ResourceRequest(resources: Resources(milliCPU: 3_000))]
        let plan = try #require(plan(specification, in: &fixture))
        #expect(plan.placed.map(\.alternative) == [0, 1] && plan.waiting == 1)
        #expect(plan.reasons.count == 2 && plan.reasons.last?.hasPrefix("alternative 1: ") == true)
    }

    @Test func `A gang without room for all has no place at all`() throws {
        var fixture = Fixture.withToken()
        _ = fixture.join(cpus: 2)
        var specification = JobSpecification.single(.batch, slots: 3)
        specification.placement.gang = Gang()
        let plan = try #require(plan(specification, in: &fixture))
        #expect(plan.placed.isEmpty && plan.waiting == 3)
        #expect(
            plan.reasons == [
                "it is a gang of 3: 2 of its slots would fit now, all or none start",
                "of 1 nodes that take work, 1 lack free CPUs",
            ])
    }

    @Test
    func `Tasks have no more slots than there are of them, and as many as fit wait for their least alone`()
        throws
    {
        var fixture = Fixture.withToken()
        _ = fixture.join(cpus: 4)
        var specification = JobSpecification.tasks(2, slots: SlotCount.unlimited)
        #expect(plan(specification, in: &fixture)?.placed.count == 2)
        specification.array = nil
        #expect(plan(specification, tasks: 3, in: &fixture)?.placed.count == 3)
        let open = try #require(plan(specification, in: &fixture))
        #expect(open.placed.count == 4 && open.waiting == 0 && open.reasons.isEmpty)
        _ = fixture.submit(.single(.service, cpus: 4))
        let full = try #require(plan(specification, in: &fixture))
        #expect(full.placed.isEmpty && full.waiting == 1 && !full.reasons.isEmpty)
    }

    @Test func `A job that no node could hold is refused`() {
        var fixture = Fixture.withToken()
        _ = fixture.join(cpus: 2)
        let reply = fixture.reply(to: .planJob(.single(.batch, cpus: 3), tasks: nil, submitter: "ada"))
        guard case .refused(let refusal) = reply else {
            Issue.record("\(String(describing: reply))")
            return
        }
        #expect(refusal.code == .impossible)
    }

    @Test func `Moves make devices whole that are in part used`() throws {
        var fixture = Fixture.withToken()
        let labels = ["a", "b"].map { Label("side", $0) }
        for label in labels { _ = fixture.join(cpus: 4, gpus: 1, labels: [label]) }
        var specification = JobSpecification.single(.service)
        specification.resources.devices = DeviceRequest(type: .gpu, count: 1, shares: 400)
        specification.placement.preferences = [.label(key: "side", value: "b")]
        let anywhere = fixture.submit(specification)
        specification.placement.preferences = []
        specification.constraints = [.label(key: "side", value: "a")]
        _ = fixture.submit(specification)
        #expect(fixture.core.slots[SlotID(1)]?.record.node == NodeID(2))
        guard case .movePlan(let plan) = fixture.reply(to: .planMoves) else {
            Issue.record("no plan")
            return
        }
        let move = MovePlan.Move(
            slot: SlotID(1), job: anywhere, to: "n1", devices: [DeviceGrant(device: 0, shares: 400)])
        #expect(
            plan == MovePlan(freed: [MovePlan.Entry(node: "n2", device: 0, moves: [move])], wholeDevices: 0))
        #expect(fixture.core.slots[SlotID(1)]?.record.node == NodeID(2))
    }
}
