import ClusterTypes
import CoordinatorAutoscale
import ProtocolMessages
import Testing

@testable import CoordinatorCore

/// What the simulator has found.
@Suite("Pools under faults")
struct PoolFaultTests {
    /// With one launch of one node, which its launcher says to run.
    private func fixture(
        _ job: JobSpecification = .tasks(2, slots: 1), _ change: (inout PoolConfiguration) -> Void = { _ in }
    ) -> Fixture {
        var fixture = Fixture.withToken()
        var pool = PoolConfiguration.example
        change(&pool)
        _ = fixture.reply(to: .configurePools([pool]))
        _ = fixture.submit(job)
        _ = fixture.look()
        fixture.token(1)
        _ = fixture.command(.noteLaunched(LaunchID(1), [Self.running]))
        return fixture
    }

    private static let running = Allocation(name: "i-1", launch: LaunchID(1), state: .running)
    private static let canceled = Allocation(name: "i-1", launch: LaunchID(1), state: .canceled)

    private func enroll(_ fixture: inout Fixture, key: String) -> Reply? {
        fixture.reply(
            to: .enrollNode(secretHash: "secret of 1", name: "n", keyFingerprint: key, allocation: "i-1"))
    }

    @Test("Nodes of which nobody knows whether they come count against the maximum")
    func uncertain() {
        var fixture = Fixture.withToken()
        var pool = PoolConfiguration.example
        pool.limits.max = 3
        pool.limits.registrationDeadline = .seconds(60)
        _ = fixture.reply(to: .configurePools([pool]))
        _ = fixture.submit(.tasks(6, slots: 6))
        #expect(fixture.look().launches.map(\.count) == [3])
        _ = fixture.command(.noteLaunchFailed(LaunchID(1), LaunchFailure(.unavailable, "timed out")))
        #expect(fixture.look().launches == [])
        #expect(fixture.lines(.explainPool("cloud")).first?.contains("nobody knows") == true)
        // Asked again, its launcher takes longer than its nodes have to join.
        for _ in 0..<60 { #expect(fixture.look().launches.allSatisfy { $0.launch == LaunchID(1) }) }
    }

    @Test("What never joined and could not be released is looked for until it is gone")
    func looksForLeftovers() {
        var fixture = fixture { $0.limits.registrationDeadline = .seconds(60) }
        _ = fixture.command(.cancelJob(JobID(1)))
        for _ in 0..<14 { _ = fixture.look() }
        #expect(fixture.record(1)?.state == .failed)
        func listings(_ looks: Int) -> Int {
            (0..<looks).reduce(0) { sum, _ in
                sum + fixture.look().actions.count { $0 == .listAllocations(pool: "cloud") }
            }
        }
        fixture.list(1, [Self.running])
        #expect(listings(4) == 1)
        fixture.now = fixture.now + .milliseconds(1)
        let output = fixture.command(
            .noteListed(pool: "cloud", .success([Self.running]), asked: fixture.now))
        #expect(output.releases == [["i-1"]])
        #expect(listings(4) == 1)
        fixture.list(1, [Self.canceled])
        #expect(listings(60) == 0)
        #expect(listings(80) == 1, "now and then, for what a late call has left")
    }

    @Test("A node that has enrolled and never said what it has did not come")
    func neverSaysHello() {
        var fixture = fixture { $0.limits.registrationDeadline = .seconds(60) }
        guard case .enrolled(let node, _)? = enroll(&fixture, key: "k") else {
            Issue.record("it is taken")
            return
        }
        let outputs = (0..<14).map { _ in fixture.look() }
        #expect(outputs.flatMap(\.releases) == [["i-1"]])
        #expect(fixture.core.nodes[node]?.record.state == .released)
        #expect(fixture.record(1)?.state == .failed)
        #expect(fixture.pool.record.failures >= 1)
    }

    @Test("Nothing is learned from a node that has never said what it has")
    func learnsNothing() {
        var fixture = fixture { $0.template = nil }
        _ = enroll(&fixture, key: "k")
        fixture.list(1, [Self.canceled])
        #expect(fixture.record(1)?.state == .failed)
        #expect(fixture.pool.record.learned == nil)
        #expect(fixture.look().launches.map(\.launch) == [LaunchID(2)])
    }

    @Test("A device that has failed on the node that tells is not missing on the next one")
    func learnsOfDevices() {
        var fixture = fixture { $0.template = nil }
        let node = fixture.joinLaunched(1, allocation: "i-1") { hello in
            hello.hardware.devices = [
                DeviceReport(
                    type: .gpu, vendor: "nvidia", model: "H100", index: 0, visibleID: "GPU-0",
                    memoryTotalBytes: 80 << 30, health: .failed, reason: "fell off the bus")
            ]
        }
        #expect(fixture.core.nodes[node]?.record.capacity.devices.map(\.isUsable) == [false])
        _ = fixture.look()
        #expect(fixture.pool.record.learned?.devices.map(\.isUsable) == [true])
    }

    @Test(
        "An allocation that is released, or about to be, takes no other node; one that is started over does")
    func releasedTakesNone() {
        var fixture = fixture()
        let node = fixture.joinLaunched(1, allocation: "i-1")
        _ = fixture.command(.cancelJob(JobID(1)))
        fixture.finish(SlotKey(1, 1), on: fixture.connection(of: node))
        _ = fixture.command(.removeNode(node, reason: "replaced"))
        if let asked = fixture.core.nodes[node]?.emptinessAsked {
            _ = fixture.say(.empty(generation: asked), on: fixture.connection(of: node))
        }
        #expect(fixture.core.nodes[node]?.record.state == .released)
        for _ in 0..<2 {
            guard case .refused(let refusal)? = enroll(&fixture, key: "other") else {
                Issue.record("it is refused")
                return
            }
            #expect(refusal.message.contains("i-1"))
            _ = fixture.look()
        }
    }

    @Test("What may run on without us is placed again only when its lost node's allocation is over")
    func keptUntilOver() {
        var job = JobSpecification.tasks(2, slots: 1)
        job.onDisconnect = .keep
        var fixture = fixture(job)
        let node = fixture.joinLaunched(1, allocation: "i-1")
        #expect(fixture.core.nodes[node]?.slots.isEmpty == false)
        var releases: [[String]] = []
        for _ in 0..<20 { releases += fixture.look().releases }
        #expect(fixture.core.nodes[node]?.record.state == .lost)
        #expect(releases == [["i-1"]])
        #expect(fixture.core.slots.values.map(\.record.state) == [.lost])
        fixture.list(1, [Self.canceled])
        #expect(fixture.core.nodes[node]?.record.state == .released)
        #expect(fixture.core.slots.values.contains { $0.record.state == .lost } == false)
    }
}
