import ClusterTypes
import CoordinatorAutoscale
import CoordinatorPlacement

// The autoscaler's turn: what there is and what waits goes in, launches and releases come out.
extension Coordinator {
    /// Between two looks.
    private static let scalingInterval = Duration.seconds(5)
    /// Between two questions of a launcher what there is, while something of it may be.
    private static let listingInterval = Duration.seconds(10)
    /// While nothing is: only what a call has left that outlived its coordinator, or that failed late.
    private static let emptyListingInterval = Duration.seconds(600)
    /// Jobs that wait and are looked at; those beyond wait for the next look.
    private static let mostJobs = 10_000

    mutating func scale(at now: Instant, into output: inout Output) {
        guard let due = pools.due, due <= now else { return }
        pools.due = now + Self.scalingInterval
        askAgain(at: now, into: &output)
        for launch in pools.launches.values where !launch.record.state.isOver {
            review(launch.record.launch, at: now, into: &output)
        }
        noteIdleness(at: now)
        countCosts(at: now, into: &output)
        listAllocations(at: now, into: &output)
        let wanted = waiting(at: now)
        noteGrowth(at: now)
        for (rule, names) in policies() {
            var snapshot = ScalingSnapshot(now: now, pools: names.compactMap { scalingPool($0, at: now) })
            snapshot.demands = wanted
            snapshot.growth = pools.growth
            carryOut(Autoscaler.plan(snapshot, by: rule), at: now, into: &output)
        }
    }

    /// Pools that are scaled by one rule are weighed against each other.
    private func policies() -> [(ScalingPolicy, [String])] {
        var rules: [(ScalingPolicy, [String])] = []
        for name in pools.order {
            guard let configuration = pools.table[name]?.configuration, configuration.launcher != nil else {
                continue
            }
            if let position = rules.firstIndex(where: { $0.0 == configuration.policy }) {
                rules[position].1.append(name)
            } else {
                rules.append((configuration.policy, [name]))
            }
        }
        return rules
    }

    // MARK: What there is

    private func scalingPool(_ name: String, at now: Instant) -> ScalingPool? {
        guard let pool = pools.table[name], let configuration = pool.configuration, let limits = pool.limits
        else { return nil }
        var scaling = ScalingPool(
            name: name, launcher: configuration.launcher,
            template: (configuration.template ?? pool.record.learned).map { Self.template($0, of: name) },
            startUp: configuration.startUp, limits: limits)
        scaling.pricePerHour = configuration.pricePerHour
        scaling.weight = configuration.weight
        scaling.lifetime = configuration.lifetime
        scaling.spent.nodeHours = Double(pool.record.spentNodeSeconds) / 3_600
        scaling.spent.money = scaling.spent.nodeHours * configuration.pricePerHour
        scaling.isPaused = pool.record.isPaused
        scaling.failures = pool.failures
        scaling.lastLaunch = pool.lastLaunch
        scaling.lastRelease = pool.lastRelease
        scaling.use = pool.use
        for launch in pools.launches.values where launch.record.pool == name {
            if now - launch.record.requestedAt < .seconds(60) {
                scaling.launchedInLastMinute += Int(launch.record.count)
            }
            scaling.launches += underWay(launch, at: now)
            scaling.uncertain += uncertain(launch, by: now - limits.registrationDeadline)
        }
        for node in nodes.values where node.record.pool == name && Self.isThere(node.record.state) {
            scaling.nodes.append(scalingNode(node))
        }
        return scaling
    }

    /// What the nodes of each launched pool would be; nil where nobody knows.
    var launchableNodes: [PlacementNode?] {
        pools.order.compactMap { pools.table[$0] }.filter { $0.isLaunched && $0.limits?.max ?? 0 > 0 }.map {
            pool in
            (pool.configuration?.template ?? pool.record.learned).map {
                Self.template($0, of: pool.record.name)
            }
        }
    }

    private static func isThere(_ state: NodeState) -> Bool {
        switch state {
        case .ready, .suspect, .draining, .drained, .cordoned: true
        case .joining, .lost, .released: false
        }
    }

    private static func template(_ capacity: NodeCapacity, of pool: String) -> PlacementNode {
        PlacementNode(
            node: NodeID(0), name: "\(pool)-new", pool: pool, capacity: capacity, free: capacity.resources,
            freeShares: capacity.devices.map { _ in wholeDeviceShares }, credits: .max)
    }

    /// What waits in a scheduler's queue is on its way, however long that takes.
    private func underWay(_ launch: Launch, at now: Instant) -> [LaunchUnderWay] {
        let record = launch.record
        // Whether it has begun is not known: others may be launched instead.
        guard !record.state.isOver, launch.retryAt == nil else { return [] }
        var found: [LaunchUnderWay] = []
        if record.missing > 0 {
            found.append(LaunchUnderWay(count: record.missing, launchedAt: record.requestedAt))
        }
        for allocation in record.allocations
        where !allocation.state.isOver && !allocation.isReleased && !hasJoined(allocation) {
            let start = allocation.state == .waiting ? now : allocation.since
            found.append(LaunchUnderWay(count: 1, launchedAt: start))
        }
        return found
    }

    /// Nodes of a launch of which nobody knows whether it has begun, or that its launcher has not answered in all the time
    /// that they have to join.
    private func uncertain(_ launch: Launch, by deadline: Instant) -> Int {
        let record = launch.record
        guard record.state == .requested else { return 0 }
        if launch.retryAt != nil { return starting(record) }
        return record.requestedAt < deadline ? record.missing : 0
    }

    /// Only a node that can be released may be idle: one that was cordoned or is drained by others is theirs.
    private func scalingNode(_ node: Node) -> ScalingNode {
        let isGoing = pools.place(of: node.record.node).flatMap { pools.allocation(at: $0)?.isGoing }
        let isOurs = node.record.state == .ready || (node.record.state == .cordoned && isGoing ?? false)
        var scaling = ScalingNode(
            node.placement, upSince: node.record.enrolledAt,
            idleSince: isGoing != nil && isOurs && node.occupants.isEmpty && node.connection != nil
                ? node.idleSince : nil)
        scaling.isCordoned = isGoing ?? false
        if let launch = pools.place(of: node.record.node).flatMap({ pools.launches[$0.launch] }) {
            scaling.paidSince = min(scaling.upSince, launch.record.requestedAt)
        }
        return scaling
    }

    private mutating func noteIdleness(at now: Instant) {
        for node in nodes.keys {
            guard let known = nodes[node], pools.table[known.record.pool]?.isLaunched ?? false else {
                continue
            }
            if known.occupants.isEmpty, known.idleSince == nil { nodes[node]?.idleSince = now }
        }
    }

    // MARK: What waits

    /// By priority, equal ones together.
    private func waiting(at now: Instant) -> [ScalingDemand] {
        var found: [ScalingDemand] = []
        var classes: [[PlacementDemand]: Int] = [:]
        let jobs = jobs.values.filter {
            !$0.record.specification.isEverywhere && slotsWanted($0.record.job) > 0
        }
        .prefix(Self.mostJobs)
        let order = jobs.enumerated().map { (offset: $0, priority: priority(of: $1, at: now), job: $1) }
            .sorted { ($1.priority, $0.offset) < ($0.priority, $1.offset) }
        for (_, _, job) in order {
            let name = Self.demandName(of: job.record)
            var alternatives = request(of: job.record.job).alternatives
            // Its own slots may be those that it is to be apart from.
            for position in alternatives.indices where !alternatives[position].apart.isEmpty {
                alternatives[position].job = job.record.job
            }
            let slots = slotsWanted(job.record.job)
            let isGang = job.record.specification.placement.gang != nil
            if !isGang, let position = classes[alternatives] {
                found[position].slots += slots
                continue
            }
            if !isGang { classes[alternatives] = found.count }
            found.append(ScalingDemand(name: name, alternatives, slots: slots, isGang: isGang))
        }
        return found
    }

    /// What plans call it.
    static func demandName(of job: JobRecord) -> String { "job \(job.job) '\(job.specification.job)'" }

    /// What ran or waited more or less than when it was looked last.
    private mutating func noteGrowth(at now: Instant) {
        var counts: [Pools.ClassCount] = []
        var classes: [PlacementDemand: Int] = [:]
        for job in jobs.values where job.record.state == .running && !job.record.specification.isEverywhere {
            guard var demand = job.demands.first else { continue }
            demand.job = nil
            let placed = job.slots.count { slots[$0]?.record.state.isPlaced ?? false }
            let asked = placed + slotsWanted(job.record.job)
            guard asked > 0 else { continue }
            if let position = classes[demand] {
                counts[position].slots += asked
            } else {
                classes[demand] = counts.count
                counts.append(Pools.ClassCount(demand: demand, slots: asked))
            }
        }
        for count in counts {
            let before = pools.asked.first { $0.demand == count.demand }?.slots ?? 0
            if count.slots != before {
                pools.growth.note(count.demand, change: count.slots - before, at: now)
            }
        }
        for former in pools.asked where classes[former.demand] == nil {
            pools.growth.note(former.demand, change: -former.slots, at: now)
        }
        pools.asked = counts
    }

    // MARK: What it costs

    /// Nodes cost from when their allocation runs until it is over.
    private mutating func countCosts(at now: Instant, into output: inout Output) {
        for name in pools.order {
            guard let configuration = pools.table[name]?.configuration, configuration.isBudgeted,
                var pool = pools.table[name]
            else { continue }
            var record = pool.record
            if record.periodBegan.map({ now - $0 >= configuration.budgetPeriod }) ?? true {
                record.periodBegan = now
                record.spentNodeSeconds = 0
                pool.countedUntil = now
            }
            let seconds = (now - (pool.countedUntil ?? now)).components.seconds
            if pool.countedUntil == nil { pool.countedUntil = now }
            if seconds >= Self.costSeconds {
                let running = pools.underWay(of: name).reduce(0) { sum, launch in
                    sum + launch.record.allocations.count { $0.state == .running }
                }
                record.spentNodeSeconds += Int64(running) * seconds
                pool.countedUntil = pool.countedUntil.map { $0 + .seconds(seconds) }
            }
            let isChanged = record != pool.record
            pool.record = record
            pools.table[name] = pool
            if isChanged { output.writes.append(.putPool(record)) }
        }
    }

    /// Costs are counted and written this often.
    private static let costSeconds: Int64 = 60

    // MARK: What is done

    private mutating func listAllocations(at now: Instant, into output: inout Output) {
        for name in pools.order {
            guard let pool = pools.table[name], pool.isLaunched, !pool.isListing else { continue }
            let isEmpty = pool.isKnownEmpty && pools.underWay(of: name).isEmpty
            let interval = isEmpty ? Self.emptyListingInterval : Self.listingInterval
            if let last = pool.lastListing, now - last < interval { continue }
            pools.table[name]?.isListing = true
            pools.table[name]?.lastListing = now
            output.actions.append(.listAllocations(pool: name))
        }
    }

    private mutating func carryOut(_ plan: ScalingPlan, at now: Instant, into output: inout Output) {
        for outlook in plan.pools {
            pools.table[outlook.pool]?.outlook = outlook.explanation
            pools.table[outlook.pool]?.use.note(inUse: outlook.wanted, at: now)
        }
        pools.unmet = plan.unmet
        for launch in plan.launches where !isDryRun(launch.pool) {
            beginLaunch(launch.count, in: launch.pool, because: launch.reason, at: now, into: &output)
        }
        learnByOne(plan, at: now, into: &output)
        for order in plan.cordons where !isDryRun(order.pool) {
            mark(order.node, isGoing: true, into: &output)
            reorder(order.node, at: now, into: &output) {
                $0.isCordoned = true
                $0.cordonReason = "about to be released: \(order.reason)"
            }
        }
        for order in plan.takenBack where !isDryRun(order.pool) {
            mark(order.node, isGoing: false, into: &output)
            reorder(order.node, at: now, into: &output) {
                $0.isCordoned = false
                $0.cordonReason = ""
            }
        }
        for order in plan.releases where !isDryRun(order.pool) {
            pools.table[order.pool]?.lastRelease = now
            removeQuietly(order.node, order.reason, at: now, into: &output)
        }
    }

    private func isDryRun(_ pool: String) -> Bool { pools.table[pool]?.configuration?.isDryRun ?? true }

    /// Nobody knows what the pool's nodes are like: where something waits one is launched that will tell.
    private mutating func learnByOne(_ plan: ScalingPlan, at now: Instant, into output: inout Output) {
        guard !plan.unmet.isEmpty else { return }
        for outlook in plan.pools {
            guard let pool = pools.table[outlook.pool], let limits = pool.limits, limits.max > 0,
                pool.configuration?.template == nil, pool.record.learned == nil, !pool.record.isPaused,
                !isDryRun(outlook.pool), pools.underWay(of: outlook.pool).isEmpty,
                pool.failures.retryAt.map({ $0 <= now }) ?? true
            else { continue }
            beginLaunch(
                1, in: outlook.pool, because: "nobody knows yet what its nodes are like", at: now,
                into: &output)
        }
    }

    private mutating func mark(_ node: NodeID, isGoing: Bool, into output: inout Output) {
        guard let place = pools.place(of: node), var record = pools.launches[place.launch]?.record else {
            return
        }
        record.allocations[place.allocation].isGoing = isGoing
        pools.put(record)
        output.writes.append(.putLaunch(record))
    }

    /// What operators order about a node is theirs: the autoscaler lets go of it.
    mutating func leaveToOperator(_ node: NodeID, into output: inout Output) {
        guard let place = pools.place(of: node), pools.allocation(at: place)?.isGoing ?? false else { return }
        mark(node, isGoing: false, into: &output)
    }

    private mutating func reorder(
        _ node: NodeID, at now: Instant, into output: inout Output, _ change: (inout NodeRecord) -> Void
    ) {
        _ = try? order(node, reason: "", at: now, into: &output, change)
    }
}

extension PoolConfiguration {
    fileprivate var isBudgeted: Bool { limits.nodeHours != nil || limits.money != nil }
}
