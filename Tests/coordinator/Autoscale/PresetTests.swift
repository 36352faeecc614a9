import ClusterTypes
import CoordinatorAutoscale
import Testing

@Suite("The presets of other systems")
struct PresetTests {
    @Test(
        "Scalebox's own examples",
        arguments: [(3, 10, 0.9, 2), (8, 10, 0.2, -1), (5, 1, 0.88, -1)])
    func threshold(current: Int, available: Int, utilization: Double, change: Int) {
        #expect(
            ThresholdPolicy().change(current: current, available: available, utilization: utilization)
                == change)
    }

    @Test func thresholdDoesNotFlap() {
        // An idle host with few slots: in the original it grows, and shrinks afterwards.
        var nodes = pool("a")
        nodes.nodes = [node(0, in: "a", idleSince: 0)]
        let plan = Autoscaler.plan(snapshot(9_999, [nodes]), by: .threshold())
        #expect(plan.launches.isEmpty && plan.cordons.isEmpty)
    }

    @Test func thresholdGrowsInStepsAndCoolsDown() {
        var nodes = pool("a")
        let first = Autoscaler.plan(snapshot(0, [nodes], [waiting(160)]), by: .threshold())
        #expect(first.launched("a") == 2)
        nodes.launches = [LaunchUnderWay(count: 2, launchedAt: at(0))]
        nodes.lastLaunch = at(0)
        #expect(Autoscaler.plan(snapshot(299, [nodes], [waiting(160)]), by: .threshold()).launches.isEmpty)
        #expect(
            Autoscaler.plan(snapshot(300, [nodes], [waiting(160)]), by: .threshold()).launched("a") == 2)
    }

    @Test func thresholdShrinksByOneNeverBelowWhatIsUsed() {
        var nodes = pool("a")
        nodes.nodes = [node(0, in: "a", busy: 1)] + (1..<5).map { node($0, in: "a", idleSince: 0) }
        #expect(Autoscaler.plan(snapshot(9, [nodes]), by: .threshold()).cordons.count == 1)
        nodes.nodes = [node(0, in: "a", busy: 1)]
        #expect(Autoscaler.plan(snapshot(9, [nodes]), by: .threshold()).cordons.isEmpty)
    }

    @Test func theLastMissingNodeIsLaunchedThoughMostIsThere() {
        var nodes = pool("a")
        nodes.nodes = (0..<4).map { node($0, in: "a", idleSince: 0) }
        let plan = Autoscaler.plan(snapshot(9, [nodes], [waiting(80, gang: true)]), by: .threshold())
        #expect(plan.launched("a") == 1)
    }

    @Test func queueIdleAddsOneNodeAtATime() {
        var nodes = pool("a")
        #expect(Autoscaler.plan(snapshot(0, [nodes], [waiting(160)]), by: .queueIdle()).launched("a") == 1)
        nodes.launches = [LaunchUnderWay(count: 1, launchedAt: at(0))]
        #expect(Autoscaler.plan(snapshot(9, [nodes], [waiting(160)]), by: .queueIdle()).launches.isEmpty)
    }

    @Test func queueIdleDoesNotGrowForWhatItCannotServe() {
        let plan = Autoscaler.plan(snapshot(0, [pool("a")], [waiting(1, gpus: 1)]), by: .queueIdle())
        #expect(plan.launches.isEmpty)
        #expect(
            plan.unmet.first?.reasons == ["pool 'a': its nodes have no device of this type and model"])
    }

    @Test func queueIdleReleasesWhenNothingRan() {
        var nodes = pool("a")
        nodes.nodes = [node(0, in: "a", idleSince: 0), node(1, in: "a", idleSince: 100)]
        #expect(Autoscaler.plan(snapshot(699, [nodes]), by: .queueIdle()).cordons.isEmpty)
        #expect(Autoscaler.plan(snapshot(700, [nodes]), by: .queueIdle()).cordons.count == 1)
        nodes.limits.scaleIn = .wholePool
        #expect(Autoscaler.plan(snapshot(700, [nodes]), by: .queueIdle()).cordons.count == 2)
    }
}
