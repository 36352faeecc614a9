import CoordinatorPlacement

/// What came of one policy when pods come and go.
///
/// Pods arrive at the trace's instants, in the order's turn, and stay as long as they did there. One that finds no room
/// waits; whenever something has ended, all that wait are tried in the order of their arrival, and who does not fit lets
/// others pass. Policies are told of the work that has arrived so far, each time it has doubled.
struct TimedRun: Encodable {
    let policy: String
    let seed: Int
    private(set) var pods = 0
    /// Too large for any empty node.
    private(set) var hopeless = 0
    private(set) var waited = 0
    /// Seconds of waiting, over all pods.
    private(set) var waitMean = 0.0
    private(set) var waitP95 = 0.0
    /// Percent of devices in use, from the first arrival to the last.
    private(set) var allocation = 0.0
    private(set) var time = DecisionTime()

    private enum CodingKeys: String, CodingKey {
        case policy, seed, pods, hopeless, waited
        case waitMean = "wait_mean_s"
        case waitP95 = "wait_p95_s"
        case allocation = "alloc_mean"
        case time
    }

    /// - Parameter load: of all devices, the part that is asked for on average from the first arrival to the last, if none
    ///   waits.
    /// - Throws: where the pods are too few for that.
    init(
        _ trace: PlacementTrace, _ order: PlacementTrace.Order, _ policy: PlacementPolicy, load: Double
    ) throws {
        self.policy = policy.rawValue
        seed = order.seed
        var replay = Replay(trace, order, policy, load)
        guard !replay.arrivals.isEmpty else {
            throw TraceError("The pods are too few for a load of \(load): give fewer nodes with --scale.")
        }
        replay.run()
        pods = replay.arrivals.count
        hopeless = replay.hopeless
        let waits = replay.waits.sorted()
        waited = waits.count { $0 > 0 }
        if let last = waits.indices.last {
            waitMean = waits.reduce(0, +) / Double(waits.count)
            waitP95 = waits[last * 95 / 100]
        }
        allocation = replay.allocation
        time = replay.time
        time.finish()
    }
}

private struct Replay {
    struct Arrival {
        var at: Double
        var pod: Int
    }

    private struct Waiting {
        var since: Double
        var pod: Int
    }

    private struct Stay: Comparable {
        var until: Double
        /// Of two ends at once the one that began first.
        var number: Int
        var work: WorkClass
        var node: Int
        var devices: [Int]

        static func < (left: Self, right: Self) -> Bool {
            (left.until, left.number) < (right.until, right.number)
        }
        static func == (left: Self, right: Self) -> Bool { left.number == right.number }
    }

    private let trace: PlacementTrace
    private let order: PlacementTrace.Order
    private let policy: PlacementPolicy
    let arrivals: [Arrival]
    private(set) var waits: [Double] = []
    private(set) var hopeless = 0
    private(set) var time = DecisionTime()

    private var nodes: ScoredNodes
    private let empty: NodeRooms
    private var counts = WorkCounts()
    private var waiting: [Waiting] = []
    private var stays = Heap<Stay>()
    private var started = 0
    private var used = 0
    /// Of devices in 1/1000, times seconds.
    private var usedTime = 0.0
    private var now = 0.0

    init(
        _ trace: PlacementTrace, _ order: PlacementTrace.Order, _ policy: PlacementPolicy, _ load: Double
    ) {
        self.trace = trace
        self.order = order
        self.policy = policy
        arrivals = Self.arrivals(trace, order, load)
        empty = NodeRooms(order.nodes.map { trace.rooms[$0] })
        nodes = ScoredNodes(
            empty,
            policy.score(mixture: WorkMixture([]), nodes: trace.rooms, seed: UInt64(order.seed)))
    }

    /// The first hundredth of the instants is left out: the trace begins with a few pods in many weeks.
    private static func arrivals(
        _ trace: PlacementTrace, _ order: PlacementTrace.Order, _ load: Double
    ) -> [Arrival] {
        var seen = Set<Int>()
        let timed = order.pods.filter {
            trace.pods[$0].created != nil && trace.pods[$0].seconds != nil && seen.insert($0).inserted
        }
        let instants = timed.compactMap { trace.pods[$0].created }.sorted().dropFirst(timed.count / 100)
        guard let first = instants.first, let last = instants.last, last > first else { return [] }
        let pods = timed.prefix(instants.count).map { trace.pods[$0] }
        let parts = instants.map { Double($0 - first) / Double(last - first) }
        /// How much of the devices is asked for on average, if all arrive within so many seconds and none waits.
        func asked(_ span: Double) -> Double {
            zip(pods, parts).reduce(0) { sum, arrival in
                let (pod, part) = arrival
                let stay = min(Double(pod.seconds ?? 0), span * (1 - part))
                return sum + Double(pod.work.devices * pod.work.shares) * stay
            } / (Double(trace.deviceShares) * span)
        }
        // The longer it takes, the less is asked for at once.
        var (short, long) = (1.0, 1e9)
        guard asked(short) >= load else { return [] }
        for _ in 0..<60 {
            let middle = (short + long) / 2
            if asked(middle) >= load { short = middle } else { long = middle }
        }
        return zip(timed, parts).map { Arrival(at: $1 * short, pod: $0) }
    }

    var allocation: Double {
        guard let last = arrivals.last?.at, last > 0 else { return 0 }
        return usedTime / last / Double(trace.deviceShares) * 100
    }

    mutating func run() {
        for arrival in arrivals {
            end(until: arrival.at)
            advance(to: arrival.at)
            learn(trace.pods[arrival.pod])
            if !start(arrival.pod, waitedSince: now) {
                if fitsEmptyNode(trace.pods[arrival.pod].work) {
                    waiting.append(Waiting(since: now, pod: arrival.pod))
                } else {
                    hopeless += 1
                }
            }
        }
        end(until: .infinity)
    }

    private func fitsEmptyNode(_ work: WorkClass) -> Bool {
        trace.rooms.contains { room in
            room.milliCPU >= work.milliCPU && room.memory >= work.memory
                && (work.devices == 0
                    || room.shares.count >= work.devices && work.admits(model: room.model ?? -1))
        }
    }

    private mutating func learn(_ pod: PlacementTrace.Pod) {
        counts.add(pod)
        guard counts.all & (counts.all - 1) == 0 else { return }
        nodes.use(
            policy.score(
                mixture: counts.mixture(for: policy), nodes: trace.rooms, seed: UInt64(order.seed)))
    }

    private mutating func advance(to instant: Double) {
        let last = arrivals.last?.at ?? 0
        usedTime += Double(used) * (min(instant, last) - min(now, last))
        now = instant
    }

    private mutating func start(_ pod: Int, waitedSince since: Double) -> Bool {
        let work = trace.pods[pod].work
        let begin = ContinuousClock.now
        let place = nodes.best(for: work)
        if let place { nodes.take(work, place.devices, on: place.node) }
        time.record(ContinuousClock.now - begin)
        guard let place else { return false }
        started += 1
        used += work.devices * work.shares
        waits.append(now - since)
        stays.insert(
            Stay(
                until: now + Double(trace.pods[pod].seconds ?? 0), number: started, work: work,
                node: place.node, devices: place.devices))
        return true
    }

    /// Ends all that is over by then, and starts what waits and has room.
    private mutating func end(until instant: Double) {
        while let first = stays.first, first.until <= instant {
            advance(to: first.until)
            while let stay = stays.first, stay.until <= now {
                stays.removeFirst()
                nodes.giveBack(stay.work, stay.devices, on: stay.node)
                used -= stay.work.devices * stay.work.shares
            }
            var full = Set<WorkClass>()
            var left: [Waiting] = []
            for entry in waiting {
                let work = trace.pods[entry.pod].work
                if full.contains(work) || !start(entry.pod, waitedSince: entry.since) {
                    full.insert(work)
                    left.append(entry)
                }
            }
            waiting = left
        }
    }
}
