import CoordinatorAutoscale

/// A cluster that serves the jobs of a trace, with nodes that a policy launches and removes.
///
/// A job starts when all of its slots are free at once, on one node or on several; jobs start strictly in the order of
/// their arrival. Of the nodes with enough room the fullest is taken, of equally full ones that with the lowest number. Nothing
/// is moved or stopped. A node costs from its launch to its removal, and has slots from `bootSeconds` after its launch.
/// Policies act at ticks of their own.
struct JobReplay {
    struct Options {
        var slotsPerNode = 16
        var maxNodes = 512
        var bootSeconds = 180
        /// For the policy that keeps all; nil: as many as the peak needs.
        var staticNodes: Int?
        /// For the policy of one fixed idle time.
        var idleSeconds = 300
        /// For Mortise's own.
        var demand = DemandPolicy()
    }

    struct Node {
        var launched: Int
        /// When its slots can be used.
        var ready: Int
        var free: Int
        var isUp = false
        /// Since when nothing has run on it; before it is up, when it will be.
        var idleSince: Int
    }

    let options: Options
    let jobs: [SWFTrace.Job]
    /// Jobs larger than all nodes together: they are left out.
    let unserved: Int
    private(set) var now = 0
    /// By number, `maxNodes` of them; who is not there is nil.
    private(set) var nodes: [Node?]
    /// Numbers of those that are there, ascending.
    private(set) var present: [Int] = []
    /// How many of them are not up yet.
    private(set) var booting = 0
    /// Jobs that have come, in that order, in which they also begin.
    private(set) var arrivals: [SWFTrace.Job] = []
    private(set) var begun = 0
    private(set) var running = 0
    private(set) var freeSlots = 0
    private(set) var waitingSlots = 0
    /// Slots that have ended.
    private(set) var finishedSlots = 0

    private var events = ReplayEvents()
    /// Of the jobs that run.
    private var places: [Int: [(node: Int, slots: Int)]] = [:]
    /// Of the jobs that have begun.
    private(set) var waits: [Int] = []
    private var nodeSeconds = 0
    private(set) var boots = 0

    init(_ trace: SWFTrace, _ options: Options) {
        jobs = trace.jobs.filter { $0.slots <= options.slotsPerNode * options.maxNodes }
        unserved = trace.jobs.count - jobs.count
        self.options = options
        nodes = Array(repeating: nil, count: options.maxNodes)
        arrivals.reserveCapacity(jobs.count)
        waits.reserveCapacity(jobs.count)
    }

    // MARK: What policies see and do

    var arrived: Int { arrivals.count }
    var waiting: Int { arrived - begun }
    var bootingSlots: Int { booting * options.slotsPerNode }

    /// Nodes that are missing for all that waits to begin at once, within the limit.
    var needed: Int {
        let lack = waitingSlots - freeSlots - bootingSlots
        let wanted = lack > 0 ? (lack + options.slotsPerNode - 1) / options.slotsPerNode : 0
        return min(wanted, options.maxNodes - present.count)
    }

    /// Each gets the lowest number that is free.
    mutating func launch(_ count: Int, upAtOnce: Bool = false) {
        for _ in 0..<max(0, min(count, options.maxNodes - present.count)) {
            let number = present.indices.first { present[$0] != $0 } ?? present.count
            present.insert(number, at: number)
            let ready = upAtOnce ? now : now + options.bootSeconds
            nodes[number] = Node(launched: now, ready: ready, free: options.slotsPerNode, idleSince: ready)
            boots += 1
            booting += 1
            if upAtOnce {
                isReady(number)
            } else {
                events.push(.init(at: ready, kind: .nodeIsReady, number: number))
            }
        }
    }

    /// Nodes that are up and idle for at least so long, who has been so longest first.
    func idle(for seconds: Int) -> [Int] {
        present.filter { number in
            guard let node = nodes[number] else { return false }
            return node.isUp && node.free == options.slotsPerNode && now - node.idleSince >= seconds
        }.sorted { (nodes[$0]?.idleSince ?? 0, $0) < (nodes[$1]?.idleSince ?? 0, $1) }
    }

    /// An idle node is gone at once; a node on which something runs stays, as does any while a job waits.
    mutating func remove(_ number: Int) {
        guard waiting == 0, let node = nodes[number], node.isUp, node.free == options.slotsPerNode else {
            return
        }
        nodeSeconds += now - node.launched
        freeSlots -= node.free
        nodes[number] = nil
        present.removeAll { $0 == number }
    }

    // MARK: The run

    /// - Returns: what it came to.
    mutating func run(_ policy: inout some ReplayPolicy) -> ReplayResult {
        for (number, job) in jobs.enumerated() {
            events.push(.init(at: job.submitted, kind: .jobArrives, number: number))
        }
        policy.begin(&self)
        if policy.hasTicks { events.push(.init(at: 0, kind: .tick, number: 0)) }
        while begun < jobs.count || running > 0, let event = events.pop() {
            now = event.at
            switch event.kind {
            case .jobEnds: finish(event.number)
            case .nodeIsReady: isReady(event.number)
            case .jobArrives:
                waitingSlots += jobs[event.number].slots
                arrivals.append(jobs[event.number])
            case .tick:
                policy.act(&self)
                events.push(.init(at: max(now + 1, policy.next), kind: .tick, number: 0))
            }
            if event.kind != .tick { dispatch() }
            if events.next != now { policy.momentEnds(&self) }
        }
        for number in present { nodeSeconds += now - (nodes[number]?.launched ?? now) }
        return ReplayResult(self, nodeSeconds: nodeSeconds)
    }

    private mutating func isReady(_ number: Int) {
        booting -= 1
        nodes[number]?.isUp = true
        freeSlots += options.slotsPerNode
    }

    private mutating func finish(_ job: Int) {
        running -= 1
        for (number, slots) in places.removeValue(forKey: job) ?? [] {
            finishedSlots += slots
            freeSlots += slots
            nodes[number]?.free += slots
            if nodes[number]?.free == options.slotsPerNode { nodes[number]?.idleSince = now }
        }
    }

    private mutating func dispatch() {
        while begun < arrived, arrivals[begun].slots <= freeSlots {
            let job = arrivals[begun]
            let places = places(for: job.slots)
            for (number, slots) in places { nodes[number]?.free -= slots }
            freeSlots -= job.slots
            waitingSlots -= job.slots
            waits.append(now - job.submitted)
            self.places[begun] = places
            events.push(.init(at: now + job.seconds, kind: .jobEnds, number: begun))
            running += 1
            begun += 1
        }
    }

    /// The fullest nodes with any room: as if slot by slot were placed.
    private func places(for slots: Int) -> [(node: Int, slots: Int)] {
        if slots == 1 {
            var best: (node: Int, free: Int)?
            for number in present {
                guard let node = nodes[number], node.isUp, node.free > 0 else { continue }
                if best.map({ node.free < $0.free }) ?? true { best = (number, node.free) }
            }
            return best.map { [($0.node, 1)] } ?? []
        }
        var left = slots
        var places: [(node: Int, slots: Int)] = []
        let open = present.compactMap { number in
            nodes[number].flatMap { $0.isUp && $0.free > 0 ? (node: number, free: $0.free) : nil }
        }
        for (number, free) in open.sorted(by: { ($0.free, $0.node) < ($1.free, $1.node) }) where left > 0 {
            places.append((number, min(left, free)))
            left -= min(left, free)
        }
        return places
    }
}
