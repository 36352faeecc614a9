import ClusterTypes
import CoordinatorPlacement

/// A plan in the making: policies wish, limits are kept here, for all policies alike.
struct Planning: Sendable {
    let snapshot: ScalingSnapshot
    private(set) var standings: [PoolStanding]
    private var plan = ScalingPlan()

    var now: Instant { snapshot.now }
    var pools: [ScalingPool] { snapshot.pools }

    init(_ snapshot: ScalingSnapshot) {
        self.snapshot = snapshot
        standings = snapshot.pools.map { PoolStanding($0, at: snapshot.now) }
    }

    // MARK: Wishes

    /// - Returns: how many of them the limits allow.
    @discardableResult
    mutating func launch(_ count: Int, in pool: Int, because reason: String) -> Int {
        let allowed = min(count, standings[pool].mayLaunch)
        guard allowed > 0 else { return 0 }
        standings[pool].mayLaunch -= allowed
        standings[pool].launched += allowed
        var left = allowed
        while left > 0 {
            let batch = min(left, max(1, pools[pool].limits.batch))
            plan.launches.append(.init(pool: pools[pool].name, count: batch, reason: reason))
            left -= batch
        }
        return allowed
    }

    /// Where launches have failed one node is tried, and the first that joins ends that: for a gang, too, which it does not
    /// hold.
    mutating func tryNode(for demand: ScalingDemand) {
        let candidates = pools.indices.filter { pool in
            guard standings[pool].isOnTrial, let template = pools[pool].template else { return false }
            return demand.alternatives.contains { Fit($0, on: template, at: now).isFit }
        }
        let cheapest = candidates.min {
            (pools[$0].pricePerHour, -pools[$0].weight) < (pools[$1].pricePerHour, -pools[$1].weight)
        }
        if let cheapest { launch(1, in: cheapest, because: "its launches failed: one node is tried") }
    }

    /// An idle node may go.
    mutating func retire(_ node: Int, in pool: Int, because reason: String) {
        guard pools[pool].launcher != nil, !pools[pool].isPaused,
            standings[pool].unpaid.contains(node),
            !standings[pool].retired.contains(where: { $0.node == node }),
            !isNeeded(pools[pool].nodes[node])
        else { return }
        standings[pool].retired.append((node, reason))
    }

    /// What waits will use so many of the pool's idle and starting nodes, and so many more are kept for what may come.
    mutating func note(used: Int, kept: Int, in pool: Int) {
        standings[pool].usedByWaiting = used
        standings[pool].kept = kept
    }

    mutating func noteUnmet(_ demand: ScalingDemand, slots: Int) {
        plan.unmet.append(.init(demand: demand.name, slots: slots, reasons: obstacles(of: demand)))
    }

    /// Something waits that could run there.
    private func isNeeded(_ node: ScalingNode) -> Bool {
        guard !snapshot.demands.isEmpty else { return false }
        let empty = node.place.emptied
        return snapshot.demands.contains { demand in
            demand.alternatives.contains { Fit($0, on: empty, at: now).isFit }
        }
    }

    private func obstacles(of demand: ScalingDemand) -> [String] {
        zip(pools, standings).map { pool, standing in
            guard let template = pool.template else {
                return "pool '\(pool.name)': nobody knows what its nodes are like"
            }
            let fits = demand.alternatives.map { Fit($0, on: template, at: now) }
            if let first = demand.alternatives.first, !fits.contains(where: \.isFit),
                case .misses(let misfit)? = fits.first
            {
                return "pool '\(pool.name)': its nodes \(misfit.explanation(for: first))"
            }
            return "pool '\(pool.name)': \(standing.obstacle)"
        }
    }

    // MARK: The plan

    mutating func finish() -> ScalingPlan {
        for pool in pools.indices {
            let limits = pools[pool].limits
            let lack = limits.min - standings[pool].present - standings[pool].launched
            launch(lack, in: pool, because: "at least \(limits.min) nodes are there")
            if standings[pool].isBroke {
                for node in standings[pool].unpaid {
                    retire(node, in: pool, because: "the budget is used up")
                }
            } else {
                for node in standings[pool].unpaid.prefix(max(0, standings[pool].present - limits.max)) {
                    retire(node, in: pool, because: "there are more than \(limits.max) nodes")
                }
            }
            keepSpares(pool)
            keepLimits(pool)
            orderNodes(pool)
            for launch in standings[pool].overdue {
                plan.overdue.append(.init(pool: pools[pool].name, launch: launch))
            }
        }
        for pool in pools.indices { plan.pools.append(outlook(pool)) }
        return plan
    }

    private mutating func keepSpares(_ pool: Int) {
        let spares = pools[pool].limits.warmSpares
        guard spares > 0, !standings[pool].isBroke else { return }
        let standing = standings[pool]
        let free = standing.idle.count + standing.starting + standing.launched - standing.usedByWaiting
        if free < spares {
            launch(spares - free, in: pool, because: "\(spares) nodes are kept ready")
        }
        let most = max(0, free - spares)
        standings[pool].retired = Array(standings[pool].retired.prefix(most))
    }

    private mutating func keepLimits(_ pool: Int) {
        let limits = pools[pool].limits
        let standing = standings[pool]
        if let last = pools[pool].lastRelease, now - last < limits.releaseCoolDown {
            // Who is cordoned already has begun to go.
            let nodes = pools[pool].nodes
            standings[pool].retired.removeAll { !nodes[$0.node].isCordoned }
        }
        let least = standing.isBroke ? 0 : max(limits.min, limits.keepAtLeast)
        let most = max(0, standing.busy.count + standing.idle.count - least)
        standings[pool].retired = Array(standings[pool].retired.prefix(most))
        if limits.scaleIn == .wholePool,
            standings[pool].retired.count < pools[pool].nodes.count - least
                || standing.starting + standing.launched > 0
        {
            standings[pool].retired = []
        }
    }

    private mutating func orderNodes(_ pool: Int) {
        let name = pools[pool].name
        for (node, reason) in standings[pool].retired {
            let order = ScalingPlan.NodeOrder(
                pool: name, node: pools[pool].nodes[node].place.node, reason: reason)
            if pools[pool].nodes[node].isCordoned {
                plan.releases.append(order)
            } else {
                plan.cordons.append(order)
            }
        }
        guard !pools[pool].isPaused else { return }
        for node in pools[pool].nodes.indices where pools[pool].nodes[node].isCordoned {
            guard !standings[pool].retired.contains(where: { $0.node == node }) else { continue }
            plan.takenBack.append(
                .init(pool: name, node: pools[pool].nodes[node].place.node, reason: "it is wanted after all"))
        }
    }

    private func outlook(_ pool: Int) -> ScalingPlan.Outlook {
        let standing = standings[pool]
        var text =
            "pool '\(pools[pool].name)': \(standing.busy.count) nodes in use, \(standing.idle.count) idle, "
        text += "\(standing.starting) on their way, at most \(pools[pool].limits.max)"
        if standing.launched > 0 { text += "; launches \(standing.launched)" }
        if standing.kept > 0 { text += "; keeps \(standing.kept) for what may come" }
        if let end = standing.paidUntil.values.min() {
            text += "; \(standing.paidUntil.count) idle are paid for, the first until \(end.rfc3339Seconds)"
        }
        if !standing.retired.isEmpty { text += "; lets \(standing.retired.count) go" }
        if standing.mayLaunch == 0 { text += "; no more, because \(standing.obstacle)" }
        return .init(
            pool: pools[pool].name, wanted: standing.busy.count + standing.usedByWaiting, explanation: text)
    }
}
