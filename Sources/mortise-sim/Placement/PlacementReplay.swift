import CoordinatorPlacement

/// What came of one policy on one order of arrival.
struct PlacementRun: Encodable {
    let policy: String
    let seed: Int
    private(set) var arrivedPods = 0
    /// Of devices, in 1/1000 as all that follows.
    private(set) var arrivedMilli = 0
    private(set) var usedMilli = 0
    private(set) var failedPods = 0
    /// Percent of all devices in use when work for so many percent of them has arrived.
    private(set) var allocationAt100: Double?
    private(set) var allocationAt110: Double?
    private(set) var allocationAt130: Double?
    /// Percent of all devices that are free and of no use to the mixture when work for 100 % has arrived.
    private(set) var fragmentation: Double?
    private(set) var time = DecisionTime()

    private enum CodingKeys: String, CodingKey {
        case policy, seed
        case arrivedPods = "arrived_pods"
        case arrivedMilli = "arrived_milli"
        case usedMilli = "used_milli"
        case failedPods = "failed_pods"
        case allocationAt100 = "alloc_at100"
        case allocationAt110 = "alloc_at110"
        case allocationAt130 = "alloc_at130"
        case fragmentation = "frag_at100"
        case time
    }

    /// Places the pods one by one. They stay; one that finds no room is dropped.
    init(_ trace: PlacementTrace, _ order: PlacementTrace.Order, _ policy: PlacementPolicy) {
        self.policy = policy.rawValue
        seed = order.seed
        let score = policy.score(
            mixture: trace.work.mixture(for: policy), nodes: trace.rooms, seed: UInt64(order.seed))
        var nodes = ScoredNodes(NodeRooms(order.nodes.map { trace.rooms[$0] }), score)
        var gauge = FragmentationGauge(nodes.rooms, trace.work.typical)
        var buckets: [Int: Bucket] = [:]
        let all = Double(trace.deviceShares)
        for pod in order.pods {
            let work = trace.pods[pod].work
            let milli = work.devices * work.shares
            let start = ContinuousClock.now
            let place = nodes.best(for: work)
            if let place { nodes.take(work, place.devices, on: place.node) }
            time.record(ContinuousClock.now - start)
            arrivedPods += 1
            arrivedMilli += milli
            if let place {
                usedMilli += milli
                gauge.update(place.node, nodes.rooms)
            } else {
                failedPods += 1
            }
            let percent = Int((Double(arrivedMilli) / all * 100).rounded(.toNearestOrEven))
            buckets[percent, default: Bucket()].add(Double(usedMilli) / all * 100, gauge.sum / all * 100)
        }
        allocationAt100 = buckets[100]?.used.hundredths
        allocationAt110 = buckets[110]?.used.hundredths
        allocationAt130 = buckets[130]?.used.hundredths
        fragmentation = buckets[100]?.fragments.hundredths
        time.finish()
    }

    private struct Bucket {
        private var count = 0.0
        private var usedSum = 0.0
        private var fragmentSum = 0.0
        var used: Double { usedSum / count }
        var fragments: Double { fragmentSum / count }

        mutating func add(_ used: Double, _ fragments: Double) {
            count += 1
            // Each rounded, then their mean: as the artifact does.
            usedSum += used.hundredths
            fragmentSum += fragments
        }
    }
}

/// Free shares of all nodes that are of no use to the mixture.
private struct FragmentationGauge {
    private let measure: FragmentationGradient
    private var ofNodes: [Double]
    private(set) var sum: Double

    init(_ rooms: NodeRooms, _ mixture: WorkMixture) {
        measure = FragmentationGradient(mixture)
        ofNodes = []
        for node in 0..<rooms.count { ofNodes.append(measure.standing(of: node, in: rooms)) }
        sum = ofNodes.reduce(0, +)
    }

    mutating func update(_ node: Int, _ rooms: NodeRooms) {
        let now = measure.standing(of: node, in: rooms)
        sum += now - ofNodes[node]
        ofNodes[node] = now
    }
}

/// How long decisions took.
struct DecisionTime: Encodable {
    private var nanoseconds: [Int64] = []
    private(set) var perSecond = 0.0
    /// In microseconds, as the rest.
    private(set) var p50 = 0.0
    private(set) var p99 = 0.0
    private(set) var longest = 0.0

    private enum CodingKeys: String, CodingKey {
        case perSecond = "decisions_per_second"
        case p50 = "p50_us"
        case p99 = "p99_us"
        case longest = "max_us"
    }

    mutating func record(_ duration: Duration) {
        nanoseconds.append(
            duration.components.attoseconds / 1_000_000_000 + duration.components.seconds * 1_000_000_000)
    }

    /// All are recorded.
    mutating func finish() {
        let sorted = nanoseconds.sorted()
        nanoseconds = []
        guard let last = sorted.last else { return }
        func percentile(_ percent: Int) -> Double {
            Double(sorted[(sorted.count - 1) * percent / 100]) / 1_000
        }
        (p50, p99, longest) = (percentile(50), percentile(99), Double(last) / 1_000)
        perSecond = Double(sorted.count) / (Double(sorted.reduce(0, +)) / 1e9)
    }
}

extension Double {
    /// Rounded to two digits.
    var hundredths: Double { (self * 100).rounded() / 100 }
}
