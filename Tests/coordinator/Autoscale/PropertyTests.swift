import ClusterTypes
import CoordinatorAutoscale
import CoordinatorPlacement
import Testing

@Suite("Every plan")
struct PropertyTests {
    private static let policies: [ScalingPolicy] = [.demand(), .threshold(), .queueIdle()]

    private func draw(_ random: inout SeededRandom) -> ScalingSnapshot {
        let now = 10_000
        var number = 0
        let pools = (0..<Int.random(in: 1...4, using: &random)).map { index -> ScalingPool in
            let name = "p\(index)"
            let cpus = [4, 16, 64].randomElement(using: &random) ?? 4
            let gpus = [0, 0, 4].randomElement(using: &random) ?? 0
            var pool = pool(
                name, cpus: cpus, gpus: gpus, max: Int.random(in: 0...12, using: &random),
                price: Double.random(in: 0.1...9, using: &random),
                launcher: Int.random(in: 0..<6, using: &random) == 0 ? nil : "exec")
            pool.isPaused = Int.random(in: 0..<6, using: &random) == 0
            pool.limits.min = Int.random(in: 0...2, using: &random)
            pool.limits.keepAtLeast = Int.random(in: 0...2, using: &random)
            pool.limits.warmSpares = Int.random(in: 0...1, using: &random)
            pool.limits.batch = Int.random(in: 1...5, using: &random)
            if Int.random(in: 0..<4, using: &random) == 0 {
                pool.limits.nodeHours = 100
                pool.spent.nodeHours = Double.random(in: 95...101, using: &random)
            }
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                number += 1
                let busy = Int.random(in: 0...cpus, using: &random)
                var made = node(
                    number, in: name, cpus: cpus, gpus: gpus, busy: busy,
                    idleSince: busy == 0 ? Int.random(in: 0...now, using: &random) : nil)
                made.isCordoned = busy == 0 && Bool.random(using: &random)
                pool.nodes.append(made)
            }
            if Bool.random(using: &random) {
                pool.launches = [
                    LaunchUnderWay(
                        count: Int.random(in: 1...3, using: &random),
                        launchedAt: at(now - Int.random(in: 0...1_500, using: &random)))
                ]
            }
            pool.failures = LaunchFailures(
                count: Int.random(in: 0...5, using: &random),
                last: at(now - Int.random(in: 0...3_600, using: &random)))
            return pool
        }
        var made = snapshot(now, pools)
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            made.demands.append(
                waiting(
                    Int.random(in: 1...60, using: &random),
                    gpus: [0, 0, 1, 2].randomElement(using: &random) ?? 0,
                    gang: Bool.random(using: &random)))
        }
        for _ in 0..<Int.random(in: 0...30, using: &random) {
            made.growth.note(
                PlacementDemand(request: ResourceRequest()),
                change: Int.random(in: -10...30, using: &random), at: at(now - 5_000))
        }
        return made
    }

    @Test("keeps to the limits of pools", arguments: 1...100)
    func limits(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let snapshot = draw(&random)
        for policy in Self.policies {
            let plan = Autoscaler.plan(snapshot, by: policy)
            for pool in snapshot.pools {
                let launched = plan.launched(pool.name)
                let released = plan.releases.count { $0.pool == pool.name }
                let cordoned = plan.cordons.count { $0.pool == pool.name }
                let underWay = pool.launches.filter { at(10_000) - $0.launchedAt <= .seconds(900) }
                    .reduce(0) { $0 + $1.count }
                let present = pool.nodes.count + underWay
                let mayAct = pool.launcher != nil && !pool.isPaused
                #expect(mayAct || (launched == 0 && released == 0 && cordoned == 0))
                #expect(launched == 0 || present + launched <= pool.limits.max)
                let isBroke = pool.limits.nodeHours.map { pool.spent.nodeHours >= $0 } ?? false
                #expect(!isBroke || launched == 0)
                let least = isBroke ? 0 : max(pool.limits.min, pool.limits.keepAtLeast)
                #expect(
                    released + cordoned == 0 || pool.nodes.count - released - cordoned >= least)
                #expect(pool.failures.retryAt.map { $0 <= at(10_000) } ?? true || launched == 0)
                for launch in plan.launches where launch.pool == pool.name {
                    #expect((1...pool.limits.batch).contains(launch.count))
                }
            }
        }
    }

    @Test("touches no node with slots, and releases only what was cordoned", arguments: 1...100)
    func nodes(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let snapshot = draw(&random)
        let nodes = snapshot.pools.flatMap(\.nodes)
        for policy in Self.policies {
            let plan = Autoscaler.plan(snapshot, by: policy)
            for order in plan.releases + plan.cordons {
                let node = nodes.first { $0.place.node == order.node }
                #expect(node?.idleSince != nil)
            }
            #expect(
                plan.releases.allSatisfy { order in
                    nodes.contains { $0.place.node == order.node && $0.isCordoned }
                })
            #expect(
                plan.cordons.allSatisfy { order in
                    nodes.contains { $0.place.node == order.node && !$0.isCordoned }
                })
            #expect(
                Set((plan.releases + plan.cordons + plan.takenBack).map(\.node)).count
                    == plan.releases.count + plan.cordons.count + plan.takenBack.count)
        }
    }

    @Test("gives orders of every sort for what is drawn here")
    func orders() {
        for policy in Self.policies {
            var counts = [0, 0, 0, 0]
            for seed in UInt64(1)...100 {
                var random = SeededRandom(seed: seed)
                let plan = Autoscaler.plan(draw(&random), by: policy)
                for (sort, count) in [
                    plan.launches.count, plan.cordons.count, plan.releases.count, plan.takenBack.count,
                ].enumerated() {
                    counts[sort] += count
                }
            }
            #expect(counts.allSatisfy { $0 > 0 }, "\(policy): \(counts)")
        }
    }

    @Test("is the same for the same", arguments: 1...30)
    func determinism(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let snapshot = draw(&random)
        for policy in Self.policies {
            #expect(Autoscaler.plan(snapshot, by: policy) == Autoscaler.plan(snapshot, by: policy))
        }
    }

    @Test("of demand launches what is needed and no more", arguments: 1...60)
    func exactness(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var nodes = pool("a", cpus: 8, max: 10_000)
        var free = 0
        for number in 0..<Int.random(in: 0...20, using: &random) {
            let busy = Int.random(in: 1...8, using: &random)
            free += 8 - busy
            nodes.nodes.append(node(number, in: "a", cpus: 8, busy: busy))
        }
        let starting = Int.random(in: 0...3, using: &random)
        if starting > 0 { nodes.launches = [LaunchUnderWay(count: starting, launchedAt: at(0))] }
        let slots = Int.random(in: 1...500, using: &random)
        let plan = Autoscaler.plan(snapshot(1, [nodes], [waiting(slots)]), by: .demand())
        let lack = max(0, slots - free - 8 * starting)
        #expect(plan.launched("a") == (lack + 7) / 8)
    }

    @Test func anHourWithoutStockStopsNoOtherPoolAndEnds() {
        var cheap = pool("cheap", max: 4)
        let dear = pool("dear", max: 4, price: 3)
        var triedAt: [Int] = []
        for second in stride(from: 0, through: 3_600, by: 30) {
            let plan = Autoscaler.plan(snapshot(second, [cheap, dear], [waiting(32)]), by: .demand())
            #expect(plan.launched("cheap") + plan.launched("dear") == 2)
            guard plan.launched("cheap") > 0 else { continue }
            triedAt.append(second)
            cheap.failures.noteFailure(at: at(second))
        }
        #expect(triedAt == [0, 30, 90, 390, 1_290, 3_090])
        let later = Autoscaler.plan(snapshot(3_090 + 1_800, [cheap, dear], [waiting(32)]), by: .demand())
        #expect(later.launched("cheap") == 1)
        cheap.failures.noteSuccess()
        #expect(
            Autoscaler.plan(snapshot(5_000, [cheap, dear], [waiting(32)]), by: .demand()).launched("cheap")
                == 2)
    }
}
