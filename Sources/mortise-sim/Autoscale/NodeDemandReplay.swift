import ClusterTypes
import CoordinatorAutoscale
import CoordinatorPlacement

/// Which nodes of a cluster are powered when only so many are in use.
///
/// In each slot of ten minutes a policy sees how many nodes are in use, and says how many are powered. If more are in use in
/// the next slot, that is short of nodes, which are powered on then.
struct NodeDemandReplay {
    enum Policy {
        /// Mortise's.
        case demand(DemandPolicy)
        /// Nodes that were idle for an hour are powered off, but for a buffer; when nodes are short, the buffer is powered
        /// on as well.
        case idleHour(buffer: Int)
        /// The rules of CES ("Characterization and Prediction of Deep Learning Workloads in Large-Scale GPU Datacenters",
        /// SC'21) with a buffer of 20 nodes, told what will be in place of its forecast: no forecast does better.
        case forecast

        var name: String {
            switch self {
            case .demand: "demand"
            case .idleHour(0): "idle 60 min"
            case .idleHour(let buffer): "idle 60 min, buffer \(buffer)"
            case .forecast: "CES rules, true forecast"
            }
        }
    }

    /// What a policy came to between two slots.
    struct Result: Encodable {
        var policy = ""
        var slots = 0
        /// Means of all slots.
        var poweredOff = 0.0
        var utilization = 0.0
        var wakesPerDay = 0.0
        var nodesWokenPerDay = 0.0
        var shortageSlots = 0
        /// Nodes that were missing, summed over slots.
        var shortageNodeSlots = 0

        enum CodingKeys: String, CodingKey {
            case policy, slots, utilization
            case poweredOff = "powered_off_mean"
            case wakesPerDay = "wakes_per_day"
            case nodesWokenPerDay = "nodes_woken_per_day"
            case shortageSlots = "shortage_slots"
            case shortageNodeSlots = "shortage_node_slots"
        }
    }

    let trace: NodeDemandTrace
    /// Slots that are measured; those before them are only learned from.
    let measured: Range<Int>

    /// - Parameters: the first and the last day, as in the trace.
    init(_ trace: NodeDemandTrace, from first: String?, through last: String?) throws {
        self.trace = trace
        let from = first.map { day in trace.slots.firstIndex { $0.name >= day } ?? trace.slots.count } ?? 0
        let to = last.map { day in trace.slots.lastIndex { $0.name.prefix(day.count) <= day } ?? -1 }
        measured = from..<max(from, (to ?? trace.slots.count - 1) + 1)
        guard !measured.isEmpty else {
            throw TraceError(
                "there is nothing from \(first ?? "the beginning") through \(last ?? "the end"); the trace is from "
                    + "\(trace.slots.first?.name ?? "")0 to \(trace.slots.last?.name ?? "")9.")
        }
    }

    func run(_ policy: Policy) -> Result {
        var result = Result()
        var powered: Int?
        var engine: NodeDemandEngine?
        var forecast = ForecastRules(trace: trace, start: measured.lowerBound)
        if case .demand(let rule) = policy { engine = NodeDemandEngine(trace, rule) }
        for index in 0..<measured.upperBound {
            let slot = trace.slots[index]
            let before = powered
            switch policy {
            case .demand: powered = engine?.decide(index, powered: before)
            case .idleHour(let buffer):
                guard index >= measured.lowerBound else { continue }
                powered = decide(index, buffer: buffer, powered: before)
            case .forecast:
                guard index >= measured.lowerBound else { continue }
                powered = forecast.decide(index, powered: before)
            }
            guard measured.contains(index), let powered else { continue }
            result.slots += 1
            result.poweredOff += Double(slot.total - powered)
            result.utilization += powered > 0 ? Double(slot.active) / Double(powered) : 1
            guard let before, index > measured.lowerBound else { continue }
            if slot.active > before {
                result.shortageSlots += 1
                result.shortageNodeSlots += slot.active - before
            }
            // At first it follows what is in use.
            if case .forecast = policy, forecast.isStarting(index) { continue }
            if powered > before {
                result.wakesPerDay += 1
                result.nodesWokenPerDay += Double(powered - before)
            }
        }
        let days = Double(measured.count * NodeDemandTrace.slotSeconds) / 86_400
        result.policy = policy.name
        result.poweredOff /= Double(measured.count)
        result.utilization /= Double(measured.count)
        result.wakesPerDay /= days
        result.nodesWokenPerDay /= days
        return result
    }

    private func decide(_ index: Int, buffer: Int, powered: Int?) -> Int {
        let slot = trace.slots[index]
        let hour = 3_600 / NodeDemandTrace.slotSeconds
        let used = trace.slots[max(0, index - hour)...index].map(\.active).max() ?? slot.active
        var count = powered ?? slot.active + buffer
        if slot.active > count { count = slot.active + buffer }
        return min(slot.total, count, used + buffer)
    }
}

/// Powers nodes off when fewer are in use than just before, and the forecast is of no more, and of a fall.
private struct ForecastRules {
    let trace: NodeDemandTrace
    let start: Int
    /// Slots for which nothing is powered off after something was powered on.
    private var hold = 0

    private static let buffer = 20
    private static let startSlots = 6
    private static let holdSlots = 9
    private static let nearSlots = 30
    private static let farSlots = 60

    init(trace: NodeDemandTrace, start: Int) {
        self.trace = trace
        self.start = start
    }

    func isStarting(_ index: Int) -> Bool { index - start < Self.startSlots }

    mutating func decide(_ index: Int, powered: Int?) -> Int {
        let slot = trace.slots[index]
        let wanted = min(slot.total, slot.active + Self.buffer)
        guard let powered, !isStarting(index) else { return wanted }
        guard slot.active <= powered else {
            hold = Self.holdSlots
            return wanted
        }
        defer { hold -= 1 }
        let active = Double(slot.active)
        let near = mean(index, Self.nearSlots)
        let isFalling =
            mean(index - 2, 2) - active >= 0.1 && active >= near && near >= mean(index, Self.farSlots)
        return hold <= 0 && isFalling ? min(powered, wanted) : min(powered, slot.total)
    }

    private func mean(_ first: Int, _ count: Int) -> Double {
        let some = trace.slots[max(0, first)..<min(trace.slots.count, first + count)]
        return Double(some.reduce(0) { $0 + $1.active }) / Double(max(1, some.count))
    }
}

/// Mortise's autoscaler on it: a node is one slot, and a launch takes effect in the next slot.
private struct NodeDemandEngine {
    private let trace: NodeDemandTrace
    private var snapshot: ScalingSnapshot
    private var active = 0
    private let policy: ScalingPolicy
    private static let node = PlacementDemand(request: ResourceRequest())

    init(_ trace: NodeDemandTrace, _ rule: DemandPolicy) {
        policy = .demand(rule)
        self.trace = trace
        let most = trace.slots.map(\.total).max() ?? 1
        let pool = ScalingPool(
            name: "nodes", launcher: "power", template: Self.place(0, isFree: true),
            startUp: .seconds(NodeDemandTrace.slotSeconds), limits: PoolLimits(max: most))
        snapshot = ScalingSnapshot(now: .epoch, pools: [pool])
    }

    private static func place(_ number: Int, isFree: Bool) -> PlacementNode {
        let whole = Resources(milliCPU: 1_000)
        return PlacementNode(
            node: NodeID(UInt64(number) + 1), name: "node-\(number)", pool: "nodes",
            capacity: NodeCapacity(resources: whole), free: isFree ? whole : .none, freeShares: [], credits: 1
        )
    }

    /// - Returns: how many nodes are powered.
    mutating func decide(_ index: Int, powered: Int?) -> Int {
        let slot = trace.slots[index]
        let now = Instant(microseconds: Int64(index * NodeDemandTrace.slotSeconds) * 1_000_000)
        snapshot.now = now
        snapshot.pools[0].limits.max = slot.total
        if powered != nil, slot.active != active {
            snapshot.growth.note(Self.node, change: slot.active - active, at: now)
        }
        active = slot.active
        // What is short is powered on at once.
        use(active, of: max(powered ?? 0, active), at: now)
        var plan = Autoscaler.plan(snapshot, by: policy)
        var count = snapshot.pools[0].nodes.count + plan.launches.reduce(0) { $0 + $1.count }
        if !plan.cordons.isEmpty {
            let cordons = Set(plan.cordons.map(\.node))
            for node in snapshot.pools[0].nodes.indices
            where cordons.contains(snapshot.pools[0].nodes[node].place.node) {
                snapshot.pools[0].nodes[node].isCordoned = true
            }
            plan = Autoscaler.plan(snapshot, by: policy)
            count -= plan.releases.count
        }
        snapshot.pools[0].use.note(inUse: plan.pools[0].wanted, at: now)
        return count
    }

    /// So many of the nodes are in use.
    private mutating func use(_ active: Int, of powered: Int, at now: Instant) {
        let before = snapshot.pools[0].nodes
        snapshot.pools[0].nodes = (0..<powered).map { number in
            let isBusy = number < active
            let since = number < before.count ? before[number].idleSince : nil
            return ScalingNode(
                Self.place(number, isFree: !isBusy), upSince: .epoch, idleSince: isBusy ? nil : since ?? now)
        }
    }
}
