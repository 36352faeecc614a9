import ClusterTypes
import CoordinatorAutoscale
import CoordinatorPlacement

/// Mortise's own autoscaler in a replay: it gets a snapshot of the cluster, and its plan is carried out at once.
///
/// It is asked every so many seconds, and when a job has come that waits. What it cordons is empty and cordoned at once.
struct EnginePolicy: ReplayPolicy {
    private let policy: ScalingPolicy
    private let tick: Int
    private(set) var next = 0
    private var arrivedBefore = 0
    private var snapshot: ScalingSnapshot
    /// The replay's numbers of the pool's nodes, in their order.
    private var numbers: [Int] = []
    private var seen = 0
    private var finished = 0

    init(
        _ policy: ScalingPolicy, tick: Int, options: JobReplay.Options,
        scaleIn: PoolLimits.ScaleIn = .oneByOne
    ) {
        self.policy = policy
        self.tick = tick
        var limits = PoolLimits(max: options.maxNodes)
        limits.scaleIn = scaleIn
        let pool = ScalingPool(
            name: "nodes", launcher: "replay", template: Self.node(0, slots: options.slotsPerNode),
            startUp: .seconds(options.bootSeconds), limits: limits)
        snapshot = ScalingSnapshot(now: .epoch, pools: [pool])
    }

    mutating func act(_ replay: inout JobReplay) {
        next = replay.now + tick
        plan(&replay)
    }

    mutating func momentEnds(_ replay: inout JobReplay) {
        guard replay.arrived > arrivedBefore else { return }
        arrivedBefore = replay.arrived
        if replay.waiting > 0 { plan(&replay) }
    }

    private mutating func plan(_ replay: inout JobReplay) {
        let now = Instant(microseconds: Int64(replay.now) * 1_000_000)
        while seen < replay.arrived {
            snapshot.growth.note(Self.slot, change: replay.arrivals[seen].slots, at: now)
            seen += 1
        }
        if replay.finishedSlots > finished {
            snapshot.growth.note(Self.slot, change: finished - replay.finishedSlots, at: now)
            finished = replay.finishedSlots
        }
        snapshot.now = now
        readNodes(replay)
        snapshot.demands = demands(replay)
        if carryOut(Autoscaler.plan(snapshot, by: policy), &replay) {
            readNodes(replay)
            _ = carryOut(Autoscaler.plan(snapshot, by: policy), &replay)
        }
    }

    // MARK: The snapshot

    private static let slot = PlacementDemand(request: ResourceRequest())

    private static func node(_ number: Int, slots: Int) -> PlacementNode {
        let resources = Resources(milliCPU: Int64(slots) * 1_000)
        return PlacementNode(
            node: NodeID(UInt64(number) + 1), name: "node-\(number)", pool: "nodes",
            capacity: NodeCapacity(resources: resources), free: resources, freeShares: [],
            credits: UInt32(slots))
    }

    private mutating func readNodes(_ replay: JobReplay) {
        func instant(_ seconds: Int) -> Instant { Instant(microseconds: Int64(seconds) * 1_000_000) }
        let slots = replay.options.slotsPerNode
        var position = 0
        snapshot.pools[0].launches = []
        for number in replay.present {
            guard let node = replay.nodes[number] else { continue }
            guard node.isUp else {
                snapshot.pools[0].launches.append(
                    LaunchUnderWay(count: 1, launchedAt: instant(node.launched)))
                continue
            }
            while position < numbers.count, numbers[position] < number {
                numbers.remove(at: position)
                snapshot.pools[0].nodes.remove(at: position)
            }
            if position == numbers.count || numbers[position] > number {
                numbers.insert(number, at: position)
                snapshot.pools[0].nodes.insert(
                    ScalingNode(
                        Self.node(number, slots: slots), upSince: instant(node.ready), idleSince: nil),
                    at: position)
            }
            snapshot.pools[0].nodes[position].place.free.milliCPU = Int64(node.free) * 1_000
            snapshot.pools[0].nodes[position].idleSince = node.free == slots ? instant(node.idleSince) : nil
            position += 1
        }
        numbers.removeLast(numbers.count - position)
        snapshot.pools[0].nodes.removeLast(snapshot.pools[0].nodes.count - position)
    }

    /// Jobs of one slot that wait one after the other are one class; each larger one is a gang.
    private func demands(_ replay: JobReplay) -> [ScalingDemand] {
        var demands: [ScalingDemand] = []
        for index in replay.begun..<replay.arrived {
            let job = replay.arrivals[index]
            if job.slots == 1, let last = demands.last, !last.isGang {
                demands[demands.count - 1].slots += 1
            } else {
                demands.append(
                    ScalingDemand(
                        name: "job \(index + 1)", [Self.slot], slots: job.slots, isGang: job.slots > 1))
            }
        }
        return demands
    }

    // MARK: The plan

    /// - Returns: true where something was cordoned, so that there is more to do.
    private mutating func carryOut(_ plan: ScalingPlan, _ replay: inout JobReplay) -> Bool {
        for launch in plan.launches { replay.launch(launch.count) }
        if !plan.launches.isEmpty { snapshot.pools[0].lastLaunch = snapshot.now }
        for order in plan.releases {
            replay.remove(Int(order.node.rawValue) - 1)
            snapshot.pools[0].lastRelease = snapshot.now
        }
        let cordons = Set(plan.cordons.map(\.node))
        let takenBack = Set(plan.takenBack.map(\.node))
        if !cordons.isEmpty || !takenBack.isEmpty {
            for position in snapshot.pools[0].nodes.indices {
                let node = snapshot.pools[0].nodes[position].place.node
                if cordons.contains(node) { snapshot.pools[0].nodes[position].isCordoned = true }
                if takenBack.contains(node) { snapshot.pools[0].nodes[position].isCordoned = false }
            }
        }
        snapshot.pools[0].use.note(inUse: plan.pools[0].wanted, at: snapshot.now)
        return !plan.cordons.isEmpty
    }
}
