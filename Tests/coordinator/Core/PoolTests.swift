import ClusterTypes
import CoordinatorAutoscale
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Pools")
struct PoolTests {
    /// With one launched pool, the autoscaler of which has looked once.
    private func fixture(_ change: (inout PoolConfiguration) -> Void = { _ in }) -> Fixture {
        var fixture = Fixture.withToken()
        var pool = PoolConfiguration.example
        change(&pool)
        _ = fixture.reply(to: .configurePools([pool]))
        return fixture
    }

    @Test("What waits is launched in one batch, and its launcher is told once")
    func launch() {
        var fixture = fixture()
        #expect(fixture.core.nextWakeup == fixture.now + .seconds(5))
        _ = fixture.submit(.tasks(6, slots: 6))
        let output = fixture.look()
        #expect(output.launches == [LaunchOrder(launch: LaunchID(1), pool: "cloud", count: 3)])
        #expect(fixture.record(1)?.cause.isEmpty == false)
        #expect(fixture.look().launches == [])
        #expect(fixture.look().launches == [])
    }

    @Test("A node that joins by its launch's token is its allocation's, and clears failures")
    func join() {
        var fixture = fixture()
        _ = fixture.submit(.tasks(2, slots: 1))
        _ = fixture.look()
        fixture.token(1)
        _ = fixture.command(
            .noteLaunched(LaunchID(1), [Allocation(name: "i-1", launch: LaunchID(1), state: .running)]))
        #expect(fixture.record(1)?.state == .starting)
        let node = fixture.joinLaunched(1, allocation: "i-1")
        _ = fixture.look()
        #expect(fixture.record(1)?.state == .up)
        #expect(fixture.record(1)?.allocations.first?.node == node)
        #expect(fixture.pool.record.learned?.resources.milliCPU == 2_000)
        #expect(fixture.core.nodes[node]?.occupants.count == 1)
    }

    @Test("An agent that is faster than its launcher's answer is not counted twice")
    func earlyAgent() {
        var fixture = fixture()
        _ = fixture.submit(.tasks(2, slots: 1))
        _ = fixture.look()
        fixture.token(1)
        let node = fixture.joinLaunched(1, allocation: "i-1")
        _ = fixture.command(
            .noteLaunched(LaunchID(1), [Allocation(name: "i-1", launch: LaunchID(1), state: .waiting)]))
        #expect(fixture.record(1)?.allocations.map(\.node) == [node])
        #expect(fixture.look().launches == [])
    }

    @Test("An agent that does not know its allocation is found by its machine")
    func byHost() {
        var fixture = fixture()
        _ = fixture.submit(.tasks(2, slots: 1))
        _ = fixture.look()
        fixture.token(1)
        _ = fixture.command(
            .noteLaunched(
                LaunchID(1),
                [Allocation(name: "i-1", launch: LaunchID(1), state: .running, host: "10.1.1.1")]))
        let node = fixture.joinLaunched(1, allocation: nil)
        fixture.list(1, [Allocation(name: "i-1", launch: LaunchID(1), state: .running, host: "10.1.1.1")])
        #expect(fixture.record(1)?.allocations.first?.node == node)
    }

    @Test("Of two allocations on one machine, one has the node that is found by it")
    func sharedHost() {
        var fixture = fixture()
        _ = fixture.submit(.tasks(4, slots: 4))
        _ = fixture.look()
        fixture.token(1)
        let both = ["i-1", "i-2"].map {
            Allocation(name: $0, launch: LaunchID(1), state: .running, host: "10.1.1.1")
        }
        _ = fixture.command(.noteLaunched(LaunchID(1), both))
        let node = fixture.joinLaunched(1, allocation: nil)
        fixture.list(1, both)
        #expect(fixture.record(1)?.allocations.map(\.node) == [node, nil])
    }

    @Test("An idle node is cordoned, confirmed empty, and only then released")
    func release() {
        var fixture = fixture()
        _ = fixture.submit(.tasks(1))
        _ = fixture.look()
        fixture.token(1)
        _ = fixture.command(
            .noteLaunched(LaunchID(1), [Allocation(name: "i-1", launch: LaunchID(1), state: .running)]))
        let node = fixture.joinLaunched(1, allocation: "i-1")
        let connection = fixture.connection(of: node)
        _ = fixture.command(.cancelJob(JobID(1)))
        fixture.finish(SlotKey(1, 1), on: connection)
        var released: [Output] = []
        for _ in 0..<40 where fixture.core.nodes[node]?.record.state != .released {
            released.append(fixture.look(beatsOn: [connection]))
            if let asked = fixture.core.nodes[node]?.emptinessAsked {
                #expect(fixture.core.nodes[node]?.record.isCordoned == true)
                released.append(fixture.say(.empty(generation: asked), on: connection))
            }
        }
        #expect(fixture.core.nodes[node]?.record.state == .released)
        let last = fixture.look()
        #expect((released + [last]).flatMap(\.releases) == [["i-1"]])
        fixture.list(1, [Allocation(name: "i-1", launch: LaunchID(1), state: .canceled)])
        #expect(fixture.record(1)?.state == .ended)
        #expect(fixture.record(1)?.token == nil)
    }

    @Test("A node is paid for from its launch")
    func billing() {
        var fixture = fixture { $0.limits.billingPeriod = .seconds(3_600) }
        _ = fixture.submit(.tasks(2, slots: 1))
        _ = fixture.look()
        let launchedAt = fixture.now
        fixture.token(1)
        _ = fixture.look()
        _ = fixture.command(
            .noteLaunched(LaunchID(1), [Allocation(name: "i-1", launch: LaunchID(1), state: .running)]))
        let node = fixture.joinLaunched(1, allocation: "i-1")
        let connection = fixture.connection(of: node)
        _ = fixture.command(.cancelJob(JobID(1)))
        fixture.finish(SlotKey(1, 1), on: connection)
        _ = fixture.look(beatsOn: [connection])
        guard case .pools(let pools) = fixture.reply(to: .listPools) else {
            Issue.record("no pools")
            return
        }
        let end = (launchedAt + .seconds(3_600)).rfc3339Seconds
        #expect(
            pools.first?.outlook.contains("1 idle are paid for, the first until \(end)") == true,
            "\(pools.first?.outlook ?? "")")
    }

    @Test("Work that comes takes a cordoned node back before any is launched")
    func takenBack() {
        var fixture = fixture { $0.limits.releaseCoolDown = .zero }
        _ = fixture.submit(.tasks(1))
        _ = fixture.look()
        fixture.token(1)
        _ = fixture.command(
            .noteLaunched(LaunchID(1), [Allocation(name: "i-1", launch: LaunchID(1), state: .running)]))
        let node = fixture.joinLaunched(1, allocation: "i-1")
        let connection = fixture.connection(of: node)
        _ = fixture.command(.cancelJob(JobID(1)))
        fixture.finish(SlotKey(1, 1), on: connection)
        for _ in 0..<40 where fixture.core.nodes[node]?.record.state != .cordoned {
            _ = fixture.look(beatsOn: [connection])
        }
        #expect(fixture.core.nodes[node]?.record.state == .cordoned)
        _ = fixture.submit(.tasks(1))
        #expect(fixture.look(beatsOn: [connection]).launches == [])
        _ = fixture.place()
        #expect(fixture.core.nodes[node]?.record.state == .ready)
        #expect(fixture.core.nodes[node]?.occupants.count == 1)
    }

    @Test("A node that an operator cordons is the operator's: it is not released")
    func operatorsNode() {
        var fixture = fixture()
        _ = fixture.submit(.tasks(1))
        _ = fixture.look()
        fixture.token(1)
        _ = fixture.command(
            .noteLaunched(LaunchID(1), [Allocation(name: "i-1", launch: LaunchID(1), state: .running)]))
        let node = fixture.joinLaunched(1, allocation: "i-1")
        let connection = fixture.connection(of: node)
        _ = fixture.command(.cancelJob(JobID(1)))
        fixture.finish(SlotKey(1, 1), on: connection)
        _ = fixture.command(.cordonNode(node, reason: "look at it"))
        for _ in 0..<40 {
            #expect(fixture.look(beatsOn: [connection]).releases == [])
        }
        #expect(fixture.core.nodes[node]?.record.state == .cordoned)
    }

    @Test(
        "Capacity that is sold out fails the launch, backs off, and says so",
        arguments: [
            LaunchFailure.Code.noCapacity, .quota, .refused,
        ])
    func soldOut(_ code: LaunchFailure.Code) {
        var fixture = fixture()
        let job = fixture.submit(.tasks(2, slots: 1))
        _ = fixture.look()
        fixture.token(1)
        _ = fixture.command(.noteLaunchFailed(LaunchID(1), LaunchFailure(code, "no h100 left")))
        #expect(fixture.record(1)?.state == .failed)
        #expect(fixture.record(1)?.token == nil)
        // The first failure may be an accident.
        #expect(fixture.look().launches.map(\.launch) == [LaunchID(2)])
        _ = fixture.command(.noteLaunchFailed(LaunchID(2), LaunchFailure(code, "no h100 left")))
        for _ in 0..<11 { #expect(fixture.look().launches == []) }
        #expect(fixture.lines(.explainPool("cloud")).contains { $0.contains("no h100 left") })
        #expect(fixture.lines(.explainJob(job)).contains { $0.contains("pool 'cloud'") })
        #expect(fixture.look().launches.map(\.launch) == [LaunchID(3)])
    }

    @Test("A launch of which nobody knows whether it began is asked for again by the same number")
    func unknownFate() {
        var fixture = fixture()
        _ = fixture.submit(.tasks(2, slots: 1))
        let first = fixture.look().launches
        fixture.token(1)
        _ = fixture.command(.noteLaunchFailed(LaunchID(1), LaunchFailure(.unavailable, "timed out")))
        #expect(fixture.record(1)?.state == .requested)
        var orders: [LaunchOrder] = []
        for _ in 0..<13 { orders += fixture.look().launches }
        #expect(orders.filter { $0.launch == LaunchID(1) } == first)
    }

    @Test("After a restart a launch without an answer is asked for again, one with an answer is not")
    func restart() {
        var fixture = fixture()
        _ = fixture.submit(.tasks(2, slots: 1))
        _ = fixture.look()
        var restored = Fixture(restoring: fixture.core.records, at: fixture.now)
        let output = restored.command(.configurePools([.example]))
        #expect(output.launches == [])
        #expect(restored.look().launches.map(\.launch) == [LaunchID(1)])
        restored.token(1)
        _ = restored.command(
            .noteLaunched(LaunchID(1), [Allocation(name: "i-1", launch: LaunchID(1), state: .waiting)]))
        var again = Fixture(restoring: restored.core.records, at: restored.now)
        _ = again.command(.configurePools([.example]))
        for _ in 0..<5 { #expect(again.look().launches == []) }
    }

    @Test("What runs and never joins has failed after the deadline, and is released")
    func neverJoins() {
        var fixture = fixture { $0.limits.registrationDeadline = .seconds(60) }
        _ = fixture.submit(.tasks(2, slots: 1))
        _ = fixture.look()
        fixture.token(1)
        let waiting = Allocation(name: "i-1", launch: LaunchID(1), state: .waiting)
        _ = fixture.command(.noteLaunched(LaunchID(1), [waiting]))
        // In the queue of a scheduler it may wait for as long as that takes.
        for _ in 0..<100 {
            let output = fixture.look()
            #expect(output.launches == [])
            fixture.list(1, [waiting])
        }
        fixture.list(1, [Allocation(name: "i-1", launch: LaunchID(1), state: .running)])
        var outputs: [Output] = []
        for _ in 0..<14 { outputs.append(fixture.look()) }
        #expect(outputs.flatMap(\.releases) == [["i-1"]])
        #expect(fixture.record(1)?.state == .failed)
        #expect(fixture.pool.record.failures >= 1)
    }

    @Test("What its launcher has and nobody asked for is released")
    func orphans() {
        var fixture = fixture()
        _ = fixture.look()
        let output = fixture.command(
            .noteListed(
                pool: "cloud",
                .success([
                    Allocation(name: "i-9", launch: LaunchID(9), state: .running),
                    Allocation(name: "i-8", launch: LaunchID(9), state: .completed),
                ]), asked: fixture.now))
        #expect(output.releases == [["i-9"]])
    }

    @Test("A launcher that cannot say what there is has not said that nothing is there")
    func failedListing() {
        var fixture = fixture()
        _ = fixture.submit(.tasks(2, slots: 1))
        _ = fixture.look()
        fixture.token(1)
        let running = Allocation(name: "i-1", launch: LaunchID(1), state: .running)
        _ = fixture.command(.noteLaunched(LaunchID(1), [running]))
        let node = fixture.joinLaunched(1, allocation: "i-1")
        _ = fixture.look(beatsOn: [fixture.connection(of: node)])
        let output = fixture.command(
            .noteListed(
                pool: "cloud", .failure(LaunchFailure(.unavailable, "squeue: timed out")), asked: fixture.now)
        )
        #expect(output.releases == [])
        #expect(fixture.record(1)?.allocations.map(\.state) == [.running])
        #expect(fixture.lines(.explainPool("cloud")).contains { $0.contains("squeue: timed out") })
    }

    @Test("When an allocation is over and its node is lost, the node goes with the reason")
    func endedAllocation() {
        var fixture = fixture()
        _ = fixture.submit(.tasks(2, slots: 1))
        _ = fixture.look()
        fixture.token(1)
        _ = fixture.command(
            .noteLaunched(LaunchID(1), [Allocation(name: "7_0", launch: LaunchID(1), state: .running)]))
        let node = fixture.joinLaunched(1, allocation: "7_0")
        fixture.list(
            1, [Allocation(name: "7_0", launch: LaunchID(1), state: .timedOut, reason: "TIMEOUT")])
        fixture.pass(40)
        #expect(fixture.core.nodes[node]?.record.state == .released)
        #expect(
            fixture.core.nodes[node]?.record.reason == "its allocation 7_0 is over (timed_out: TIMEOUT)")
        #expect(fixture.record(1)?.state == .ended)
    }

    @Test("A paused pool neither launches nor releases; a dry run says what it would do")
    func pausedAndDry() {
        var paused = fixture()
        _ = paused.reply(to: .pausePool("cloud", isPaused: true))
        _ = paused.submit(.tasks(2, slots: 1))
        for _ in 0..<3 { #expect(paused.look().launches == []) }
        #expect(paused.lines(.explainPool("cloud")).contains { $0.contains("paused") })
        _ = paused.command(.pausePool("cloud", isPaused: false))
        #expect(paused.look().launches.count == 1)

        var dry = fixture { $0.isDryRun = true }
        _ = dry.submit(.tasks(2, slots: 1))
        for _ in 0..<3 { #expect(dry.look().launches == []) }
        #expect(dry.lines(.explainPool("cloud")).first?.contains("launches 1") == true)
    }

    @Test("Scaling is held to the pool file, and can be taken back")
    func scale() {
        var fixture = fixture()
        guard
            case .refused(let refusal) = fixture.reply(
                to: .scalePool("cloud", minimum: nil, maximum: 11, isReset: false))
        else {
            Issue.record("11 nodes are more than the file allows")
            return
        }
        #expect(refusal.message == "pool 'cloud' may have 10 nodes, says the pool file: change it there")
        let output = fixture.command(.scalePool("cloud", minimum: 2, maximum: nil, isReset: false))
        #expect(output.launches == [])
        #expect(fixture.look().launches.map(\.count) == [2])
        _ = fixture.command(.scalePool("cloud", minimum: nil, maximum: nil, isReset: true))
        #expect(fixture.pool.limits?.min == 0)
        guard case .refused(let unknown) = fixture.reply(to: .pausePool("fog", isPaused: true)) else {
            Issue.record("there is no pool 'fog'")
            return
        }
        #expect(unknown.message == "there is no launched pool 'fog': there are cloud")
    }

    @Test("Of a pool whose nodes nobody has seen, one is launched that tells")
    func unknownTemplate() {
        var fixture = fixture { $0.template = nil }
        _ = fixture.submit(.tasks(6, slots: 6))
        #expect(fixture.look().launches.map(\.count) == [1])
        #expect(fixture.look().launches == [])
        fixture.token(1)
        _ = fixture.command(
            .noteLaunched(LaunchID(1), [Allocation(name: "i-1", launch: LaunchID(1), state: .running)]))
        _ = fixture.joinLaunched(1, allocation: "i-1")
        // Two of six slots run there; the others get the two nodes that they need.
        #expect(fixture.look().launches.map(\.count) == [2])
    }

    @Test("A job that only a node could hold that can be launched is taken, one that none could is not")
    func possible() {
        var fixture = fixture()
        _ = fixture.join(cpus: 1)
        guard case .job = fixture.reply(to: .submitJob(.tasks(1, cpus: 2), payloads: [], submitter: "ada"))
        else {
            Issue.record("a launched node has two CPUs")
            return
        }
        let large = fixture.reply(to: .submitJob(.tasks(1, cpus: 3), payloads: [], submitter: "ada"))
        guard case .refused(let refusal) = large else {
            Issue.record("no node has three CPUs")
            return
        }
        #expect(refusal.code == .impossible)
        var unknown = self.fixture { $0.template = nil }
        _ = unknown.join(cpus: 1)
        guard case .job = unknown.reply(to: .submitJob(.tasks(1, cpus: 64), payloads: [], submitter: "ada"))
        else {
            Issue.record("nobody knows what is launched")
            return
        }
    }

    @Test("A budget is counted and ends launching")
    func budget() {
        var fixture = fixture {
            $0.limits.nodeHours = 0.2
            $0.limits.idle = .seconds(60)
            $0.startUp = .seconds(60)
        }
        _ = fixture.submit(.tasks(20, slots: 20))
        _ = fixture.look()
        // Two minutes each, start and one idle time, are paid for.
        #expect(fixture.record(1)?.count == 6)
        fixture.token(1)
        _ = fixture.command(
            .noteLaunched(LaunchID(1), [Allocation(name: "i-1", launch: LaunchID(1), state: .running)]))
        let node = fixture.joinLaunched(1, allocation: "i-1")
        for _ in 0..<360 { _ = fixture.look(beatsOn: [fixture.connection(of: node)]) }
        #expect(fixture.pool.record.spentNodeSeconds >= 1_740)
        #expect(fixture.pool.record.spentNodeSeconds <= 1_860)
        _ = fixture.submit(.tasks(2, slots: 2))
        #expect(fixture.look(beatsOn: [fixture.connection(of: node)]).launches == [])
        #expect(fixture.lines(.explainPool("cloud")).first?.contains("budget") == true)
    }
}
