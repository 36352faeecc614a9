import ClusterTypes
import CoordinatorPlacement
import Testing

@testable import CoordinatorAutoscale

@Suite("The policy demand")
struct DemandPolicyTests {
    private func plan(_ snapshot: ScalingSnapshot) -> ScalingPlan {
        Autoscaler.plan(snapshot, by: .demand())
    }

    @Test func launchesAtOnceWhatWaitsNeeds() {
        let plan = plan(snapshot(0, [pool("a")], [waiting(33)]))
        #expect(plan.launches == [.init(pool: "a", count: 3, reason: "3 nodes hold what waits")])
        #expect(plan.unmet.isEmpty)
        #expect(plan.pools[0].wanted == 3)
    }

    @Test func countsFreeRoomAndWhatIsOnItsWay() {
        var nodes = pool("a")
        nodes.nodes = [node(0, in: "a", busy: 10)]
        nodes.launches = [LaunchUnderWay(count: 1, launchedAt: at(0))]
        #expect(plan(snapshot(60, [nodes], [waiting(6 + 16)])).launches.isEmpty)
        #expect(plan(snapshot(60, [nodes], [waiting(6 + 16 + 1)])).launched("a") == 1)
    }

    @Test func launchesInBatches() {
        var nodes = pool("a")
        nodes.limits.batch = 4
        #expect(plan(snapshot(0, [nodes], [waiting(160)])).launches.map(\.count) == [4, 4, 2])
    }

    @Test func takesThePoolThatCostsLeastForASlot() {
        // 4 a node of 32 CPUs, 1 a node of 4.
        let pools = [pool("small", cpus: 4, price: 1), pool("large", cpus: 32, price: 4)]
        #expect(plan(snapshot(0, pools, [waiting(32)])).launches.map(\.pool) == ["large"])
        #expect(plan(snapshot(0, pools, [waiting(3)])).launches.map(\.pool) == ["small"])
        let both = plan(snapshot(0, pools, [waiting(34)]))
        #expect(both.launched("large") == 1 && both.launched("small") == 1)
    }

    @Test func ofEqualPoolsTakesTheHeavier() {
        var second = pool("b")
        second.weight = 1
        #expect(plan(snapshot(0, [pool("a"), second], [waiting(1)])).launches.map(\.pool) == ["b"])
    }

    @Test func neverTakesNodesWithDevicesForWorkWithout() {
        let pools = [pool("gpu", gpus: 8, price: 0.1), pool("cpu", max: 1)]
        let mixed = plan(snapshot(0, pools, [waiting(40), waiting(8, gpus: 1)]))
        #expect(mixed.launched("gpu") == 1)
        #expect(mixed.launched("cpu") == 1)
        // 16 CPUs of the other pool, and 8 that the GPU work leaves.
        #expect(mixed.unmet.map(\.slots) == [16])
        #expect(plan(snapshot(0, [pools[0]], [waiting(16)])).launched("gpu") == 1)
    }

    @Test func fallsToTheNextPoolWhileOneFailsAndReturns() {
        var cheap = pool("cheap")
        let dear = pool("dear", price: 5)
        cheap.failures = LaunchFailures(count: 3, last: at(1_000))
        let out = plan(snapshot(1_100, [cheap, dear], [waiting(16)]))
        #expect(out.launches.map(\.pool) == ["dear"])
        #expect(out.pools[0].explanation.contains("its launches failed 3 times in a row"))
        // Five minutes later one node is tried, the rest is not left to chance.
        let back = plan(snapshot(1_300, [cheap, dear], [waiting(32)]))
        #expect(back.launched("cheap") == 1 && back.launched("dear") == 1)
        cheap.failures.noteSuccess()
        #expect(plan(snapshot(1_300, [cheap, dear], [waiting(32)])).launched("cheap") == 2)
    }

    @Test func triesOneNodeForAGangThatItDoesNotHold() {
        var nodes = pool("a")
        nodes.failures = LaunchFailures(count: 2, last: at(0))
        let gang = [waiting(24, gang: true)]
        #expect(plan(snapshot(30, [nodes], gang)).launches.isEmpty)
        #expect(plan(snapshot(100, [nodes], gang)).launched("a") == 1)
        nodes.launches = [LaunchUnderWay(count: 1, launchedAt: at(100))]
        #expect(plan(snapshot(110, [nodes], gang)).launches.isEmpty)
        #expect(plan(snapshot(100, [nodes], [waiting(1, gpus: 1, gang: true)])).launches.isEmpty)
    }

    @Test func nodesOfAnUncertainFateCountAgainstTheMaximum() {
        var nodes = pool("a", max: 4)
        nodes.uncertain = 3
        let plan = plan(snapshot(0, [nodes], [waiting(64)]))
        #expect(plan.launched("a") == 1)
        #expect(plan.pools[0].explanation.contains("3 of which nobody knows"))
    }

    @Test func aLaunchBeyondItsDeadlineIsNotWaitedFor() {
        var nodes = pool("a")
        nodes.launches = [LaunchUnderWay(count: 2, launchedAt: at(0))]
        let plan = plan(snapshot(901, [nodes, pool("b", price: 2)], [waiting(16)]))
        #expect(plan.overdue.map(\.launch.count) == [2])
        #expect(plan.launches.map(\.pool) == ["a"])
    }

    @Test func aGangGetsAllOrNothing() {
        var nodes = pool("a", max: 2)
        nodes.nodes = [node(0, in: "a", busy: 8)]
        let fits = plan(snapshot(0, [nodes], [waiting(24, gang: true)]))
        #expect(fits.launched("a") == 1)
        let tooLarge = plan(snapshot(0, [nodes], [waiting(25, gang: true), waiting(9)]))
        #expect(tooLarge.unmet.map(\.slots) == [25])
        #expect(tooLarge.launched("a") == 1)
    }

    @Test func tellsWhyNoPoolServes() {
        var paused = pool("paused")
        paused.isPaused = true
        let pools = [
            paused, pool("hand", launcher: nil), pool("full", max: 0),
            pool("other"),
        ]
        let demand = waiting(1, constraints: [.hasLabel("zone")])
        let plan = plan(snapshot(0, Array(pools.prefix(3)), [waiting(3)]))
        #expect(
            plan.unmet == [
                .init(
                    demand: "job 1", slots: 3,
                    reasons: [
                        "pool 'paused': it is paused", "pool 'hand': it is static: start more agents",
                        "pool 'full': its maximum of 0 nodes is reached",
                    ])
            ])
        let labelled = self.plan(snapshot(0, [pools[3]], [demand]))
        #expect(labelled.unmet.first?.reasons == ["pool 'other': its nodes lack a label"])
    }

    @Test func aSlotLongerThanANodeLivesIsNotServed() {
        var nodes = pool("a")
        nodes.lifetime = .seconds(3_600)
        var demand = waiting(1)
        demand.alternatives[0].seconds = 3_601
        #expect(plan(snapshot(0, [nodes], [demand])).launches.isEmpty)
        demand.alternatives[0].seconds = 3_600
        #expect(plan(snapshot(0, [nodes], [demand])).launched("a") == 1)
    }

    @Test func releasesInTwoPhasesAfterTheIdleTime() {
        var nodes = pool("a")
        nodes.nodes = [node(0, in: "a", idleSince: 0), node(1, in: "a", busy: 1)]
        nodes.use.note(inUse: 2, at: at(-10))
        nodes.use.note(inUse: 1, at: at(0))
        #expect(plan(snapshot(599, [nodes])).cordons.isEmpty)
        let first = plan(snapshot(600, [nodes]))
        #expect(first.cordons.map(\.node) == [NodeID(1)])
        #expect(first.releases.isEmpty)
        nodes.nodes[0].isCordoned = true
        let second = plan(snapshot(610, [nodes]))
        #expect(second.releases.map(\.node) == [NodeID(1)])
        #expect(second.cordons.isEmpty && second.takenBack.isEmpty)
        let wanted = plan(snapshot(610, [nodes], [waiting(20)]))
        #expect(wanted.takenBack.map(\.node) == [NodeID(1)])
        #expect(wanted.launches.isEmpty && wanted.releases.isEmpty)
    }

    @Test func keepsANodeAsLongAsThatHasPaid() {
        // The second node was always wanted again after 900 s: less than a start and its waiting, 990 s.
        var nodes = pool("a")
        nodes.nodes = [node(0, in: "a", idleSince: 0), node(1, in: "a", busy: 1)]
        for round in 0..<10 {
            nodes.use.note(inUse: 2, at: at(1_000 * round - 10_000))
            nodes.use.note(inUse: 1, at: at(1_000 * round - 9_900))
        }
        nodes.use.note(inUse: 2, at: at(0))
        nodes.use.note(inUse: 1, at: at(100))
        #expect(plan(snapshot(1_000, [nodes])).cordons.isEmpty)
        #expect(plan(snapshot(1_002, [nodes])).cordons.map(\.node) == [NodeID(1)])
        // After gaps of hours it goes at once.
        var idle = pool("a")
        idle.nodes = nodes.nodes
        for round in 0..<10 {
            idle.use.note(inUse: 2, at: at(10_000 * round - 100_000))
            idle.use.note(inUse: 1, at: at(10_000 * round - 99_900))
        }
        #expect(plan(snapshot(0, [idle])).cordons.map(\.node) == [NodeID(1)])
    }

    @Test func keepsHeadroomForGrowthButNoMoreThanItsShare() {
        var nodes = pool("a", max: 100)
        nodes.nodes = (0..<40).map { node($0, in: "a", busy: 16) }
        var lately = snapshot(3_600, [nodes])
        lately.growth.note(PlacementDemand(request: ResourceRequest()), change: 640, at: at(0))
        for window in 1..<20 {
            lately.growth.note(
                PlacementDemand(request: ResourceRequest()), change: 17, at: at(180 * window))
        }
        // 6 % of 40 nodes, in whole nodes, though 640 slots came at once.
        #expect(plan(lately).launched("a") == 2)
        lately.pools[0].nodes.removeLast(27)
        #expect(plan(lately).launches.isEmpty)
    }

    @Test func whatIsToldOfLaterMomentsCountsAsOfNow() {
        var nodes = pool("a", max: 100)
        nodes.nodes = (0..<40).map { node($0, in: "a", busy: 16) }
        func launched(_ growthAt: Int) -> Int {
            var snapshot = snapshot(3_600, [nodes])
            snapshot.growth.note(PlacementDemand(request: ResourceRequest()), change: 0, at: at(0))
            snapshot.growth.note(PlacementDemand(request: ResourceRequest()), change: 640, at: at(growthAt))
            return plan(snapshot).launched("a")
        }
        // A clock that was set back.
        #expect(launched(50_000) == launched(3_600))
    }

    @Test func aBudgetIsNotOvercommitted() {
        var nodes = pool("a", max: 100)
        // A start and an idle time are 780 s: three nodes for 0.65 h.
        nodes.limits.nodeHours = 10.65
        nodes.spent.nodeHours = 10
        #expect(plan(snapshot(0, [nodes], [waiting(160)])).launched("a") == 3)
        nodes.spent.nodeHours = 10.65
        nodes.nodes = [node(0, in: "a", idleSince: 0), node(1, in: "a", busy: 3)]
        let broke = plan(snapshot(1, [nodes]))
        #expect(broke.launches.isEmpty)
        #expect(broke.cordons.map(\.node) == [NodeID(1)])
    }

    @Test func minimumAndWarmSparesAreThereWithoutDemand() {
        var nodes = pool("a")
        nodes.limits.min = 2
        #expect(plan(snapshot(0, [nodes])).launched("a") == 2)
        nodes.limits.min = 0
        nodes.limits.warmSpares = 1
        nodes.nodes = [node(0, in: "a", busy: 16)]
        #expect(plan(snapshot(0, [nodes])).launched("a") == 1)
        nodes.nodes.append(node(1, in: "a", idleSince: 0))
        #expect(plan(snapshot(9_999, [nodes])).cordons.isEmpty)
        #expect(plan(snapshot(9_999, [nodes], [waiting(16)])).launched("a") == 1)
    }

    @Test func aPausedPoolDoesNothing() {
        var nodes = pool("a")
        nodes.isPaused = true
        nodes.limits.min = 5
        nodes.nodes = [node(0, in: "a", idleSince: 0)]
        let plan = plan(snapshot(99_999, [nodes], [waiting(100)]))
        #expect(plan.launches.isEmpty && plan.cordons.isEmpty && plan.releases.isEmpty)
    }

    @Test(arguments: [
        ScalingPolicy.demand(), .threshold(), .queueIdle(),
    ]) func aNodeThatIsPaidForStaysUntilItsPeriodIsNearlyOver(policy: ScalingPolicy) throws {
        var cloud = pool("cloud")
        cloud.limits.billingPeriod = .seconds(3_600)
        cloud.nodes = [node(0, in: "cloud", idleSince: 0), node(1, in: "cloud", idleSince: 60)]
        cloud.nodes[0].paidSince = at(-1_000)
        cloud.use.note(inUse: 2, at: at(-10))
        cloud.use.note(inUse: 0, at: at(0))
        func cordoned(_ seconds: Int) -> [UInt64] {
            Autoscaler.plan(snapshot(seconds, [cloud]), by: policy).cordons.map(\.node.rawValue)
        }
        #expect(cordoned(2_400) == [], "both are paid for")
        let outlook = Autoscaler.plan(snapshot(2_400, [cloud]), by: policy).pools[0].explanation
        #expect(outlook.contains("2 idle are paid for, the first until 1970-01-01T00:43:20Z"), "\(outlook)")
        #expect(cordoned(2_479) == [])
        #expect(cordoned(2_480) == [1], "two minutes before its end")
        #expect(cordoned(2_601) == [], "the next period has begun")
        guard case .demand = policy else { return }
        cloud.nodes[0].idleSince = nil
        #expect(cordoned(3_500) == [2])
        // Used up to the last minutes.
        cloud.nodes[0].idleSince = at(0)
        let plan = Autoscaler.plan(snapshot(2_490, [cloud], [waiting(1)]), by: policy)
        #expect(plan.cordons.isEmpty && plan.launches.isEmpty)
    }

    @Test func theWholePoolGoesTogether() {
        var nodes = pool("a")
        nodes.limits.scaleIn = .wholePool
        nodes.nodes = [node(0, in: "a", idleSince: 0), node(1, in: "a", busy: 1)]
        #expect(plan(snapshot(9_999, [nodes])).cordons.isEmpty)
        nodes.nodes[1] = node(1, in: "a", idleSince: 0)
        nodes.use.note(inUse: 2, at: at(-100))
        nodes.use.note(inUse: 0, at: at(0))
        #expect(plan(snapshot(9_999, [nodes])).cordons.count == 2)
    }

    @Test func coolsDownAndKeepsTheRate() {
        var nodes = pool("a")
        nodes.limits.launchCoolDown = .seconds(60)
        nodes.lastLaunch = at(0)
        #expect(plan(snapshot(59, [nodes], [waiting(16)])).launches.isEmpty)
        #expect(plan(snapshot(60, [nodes], [waiting(16)])).launched("a") == 1)
        nodes.limits.perMinute = 3
        nodes.launchedInLastMinute = 1
        #expect(plan(snapshot(60, [nodes], [waiting(160)])).launched("a") == 2)
    }
}
