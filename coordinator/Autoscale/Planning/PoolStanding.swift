import ClusterTypes

/// What a pool has, and how many nodes it may get now.
struct PoolStanding: Sendable {
    /// Positions in the pool's nodes: with a slot, without, and of the latter those that were cordoned here.
    private(set) var busy: [Int] = []
    /// The longest idle first.
    private(set) var idle: [Int] = []
    /// On their way and not overdue.
    /// Of idle nodes those that cost nothing more until then, and stay.
    private(set) var paidUntil: [Int: Instant] = [:]
    private(set) var starting = 0
    private(set) var overdue: [LaunchUnderWay] = []
    /// Nodes that may be launched by this plan.
    var mayLaunch = 0
    /// Why no more may be launched.
    private(set) var obstacle = ""
    /// Its launches fail, or it was told to do nothing: others take over.
    private(set) var isOut = false
    /// Its launches failed: one node is tried.
    private(set) var isOnTrial = false
    /// The budget is used up.
    private(set) var isBroke = false

    var launched = 0
    /// Positions of nodes that are to go.
    var retired: [(node: Int, reason: String)] = []
    /// Of `idle` and `starting` together, those that what waits will use.
    var usedByWaiting = 0
    var kept = 0

    /// Idle ones that may go, the longest idle first.
    var unpaid: [Int] { paidUntil.isEmpty ? idle : idle.filter { paidUntil[$0] == nil } }
    var present: Int { busy.count + idle.count + starting }

    /// A node is cordoned, says that it is empty, and its launcher takes it away: some turns of the autoscaler.
    private static let timeToGo = Duration.seconds(120)

    init(_ pool: ScalingPool, at now: Instant) {
        for position in pool.nodes.indices {
            if pool.nodes[position].idleSince == nil {
                busy.append(position)
            } else {
                idle.append(position)
            }
        }
        idle.sort {
            (pool.nodes[$0].idleSince ?? now, $0) < (pool.nodes[$1].idleSince ?? now, $1)
        }
        for position in idle {
            guard let end = pool.paidUntil(pool.nodes[position], at: now), end - now > Self.timeToGo else {
                continue
            }
            paidUntil[position] = end
        }
        for launch in pool.launches {
            if now - launch.launchedAt > pool.limits.registrationDeadline {
                overdue.append(launch)
            } else {
                starting += launch.count
            }
        }
        limit(pool, at: now)
    }

    private mutating func limit(_ pool: ScalingPool, at now: Instant) {
        guard pool.launcher != nil else {
            (obstacle, isOut) = ("it is static: start more agents", true)
            return
        }
        if pool.isPaused {
            (obstacle, isOut) = ("it is paused", true)
            return
        }
        isBroke =
            pool.limits.nodeHours.map { pool.spent.nodeHours >= $0 } ?? false
            || pool.limits.money.map { pool.spent.money >= $0 } ?? false
        var failures = pool.failures
        // Others have failed since; the coordinator notes it when it carries out the plan.
        if let last = overdue.last {
            failures.noteFailure(at: last.launchedAt + pool.limits.registrationDeadline)
        }
        if let retry = failures.retryAt, retry > now {
            obstacle =
                "its launches failed \(failures.count) times in a row; next try at \(retry.rfc3339Seconds)"
            isOut = true
            return
        }
        if let last = pool.lastLaunch, now - last < pool.limits.launchCoolDown {
            obstacle = "it cools down until \((last + pool.limits.launchCoolDown).rfc3339Seconds)"
            return
        }
        var reached = "its maximum of \(pool.limits.max) nodes is reached"
        if pool.uncertain > 0 {
            reached += ", with \(pool.uncertain) of which nobody knows whether they are on their way"
        }
        var bounds = [(pool.limits.max - present - pool.uncertain, reached)]
        bounds.append((affordable(pool), "its budget is used up"))
        if let rate = pool.limits.perMinute {
            bounds.append((rate - pool.launchedInLastMinute, "it may launch \(rate) nodes a minute"))
        }
        isOnTrial = failures.count > 1
        if isOnTrial { bounds.append((1 - starting, "its launches failed: one node is tried")) }
        let tightest = bounds.min { $0.0 < $1.0 } ?? (0, "")
        (mayLaunch, obstacle) = (max(0, tightest.0), tightest.1)
    }

    /// Nodes whose start and one idle time are paid for, besides those of all that are there.
    private func affordable(_ pool: ScalingPool) -> Int {
        let hours = Double(max(1, (pool.startUp + pool.limits.idle).components.seconds)) / 3_600
        let there = Double(present + pool.uncertain)
        var nodes = Double(Int32.max)
        if let limit = pool.limits.nodeHours {
            nodes = min(nodes, (limit - pool.spent.nodeHours) / hours - there)
        }
        if let limit = pool.limits.money, pool.pricePerHour > 0 {
            nodes = min(nodes, (limit - pool.spent.money) / (hours * pool.pricePerHour) - there)
        }
        return Int(max(-1, min(nodes, Double(Int32.max))).rounded(.down))
    }
}
