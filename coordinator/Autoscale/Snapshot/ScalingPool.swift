package import ClusterTypes
package import CoordinatorPlacement

/// Nodes of one kind, got in one way, as the autoscaler sees them.
package struct ScalingPool: Sendable, Hashable {
    package var name: String
    /// The kind of what launches its nodes; nil: the pool is static, its agents simply show up.
    package var launcher: String?
    /// What a new node will be, with nothing on it; nil: nobody knows yet, so that nothing can be packed.
    package var template: PlacementNode?
    /// An hour of a node, in a unit that all pools share.
    package var pricePerHour = 1.0
    /// Of pools that cost the same the heaviest is taken.
    package var weight = 0
    /// From a launch until the node takes slots.
    package var startUp: Duration
    /// How long a node may live; nil: for ever.
    package var lifetime: Duration?
    package var limits: PoolLimits
    package var spent = Spending()
    package var isPaused = false
    package var nodes: [ScalingNode] = []
    package var launches: [LaunchUnderWay] = []
    /// Nodes of which nobody knows whether they are on their way: nothing is placed on them, and they count as there.
    package var uncertain = 0
    package var failures = LaunchFailures()
    package var lastLaunch: Instant?
    package var lastRelease: Instant?
    /// Nodes that were asked for within the last minute.
    package var launchedInLastMinute = 0
    package var use = UseHistory()

    package init(
        name: String, launcher: String?, template: PlacementNode?, startUp: Duration, limits: PoolLimits
    ) {
        self.name = name
        self.launcher = launcher
        self.template = template.map(\.emptied)
        self.startUp = startUp
        self.limits = limits
    }

    /// The end of the period that the node is in; nil where it is paid for by the time.
    func paidUntil(_ node: ScalingNode, at now: Instant) -> Instant? {
        guard let period = limits.billingPeriod?.wholeMilliseconds, period > 0 else { return nil }
        let paid = max(0, (now - node.paidSince).wholeMilliseconds)
        return node.paidSince + .milliseconds((paid / period + 1) * period)
    }
}

/// A node that is up.
package struct ScalingNode: Sendable, Hashable {
    package var place: PlacementNode
    package var upSince: Instant
    /// From when it is paid for; at the latest when it was up.
    package var paidSince: Instant
    /// nil while a slot is there.
    package var idleSince: Instant?
    /// By the autoscaler: it takes no work until it is released or taken back.
    package var isCordoned = false

    package init(_ place: PlacementNode, upSince: Instant, idleSince: Instant?) {
        self.place = place
        self.upSince = upSince
        paidSince = upSince
        self.idleSince = idleSince
    }
}

/// Nodes that were asked for and have not joined.
package struct LaunchUnderWay: Sendable, Hashable {
    package var count: Int
    package var launchedAt: Instant

    package init(count: Int, launchedAt: Instant) {
        self.count = count
        self.launchedAt = launchedAt
    }
}

/// What a pool has cost in the period of its budget.
package struct Spending: Sendable, Hashable {
    package var nodeHours = 0.0
    package var money = 0.0
    package init() {}
}

/// What an operator allows.
package struct PoolLimits: Sendable, Hashable {
    /// So many nodes are there whether or not work waits.
    package var min = 0
    /// Nodes that are up or on their way.
    package var max: Int
    /// Idle nodes that are always kept ready.
    package var warmSpares = 0
    /// Nodes of one launch.
    package var batch = 100
    /// Nodes launched in a minute; nil: any number.
    package var perMinute: Int?
    /// In the budget's period; nil: no limit. A node is only launched if its start and an idle time are still paid for.
    package var nodeHours: Double?
    package var money: Double?
    /// How long a node is kept that nobody uses, until the pool's use tells better.
    package var idle = Duration.seconds(600)
    /// Between launches, and between releases.
    package var launchCoolDown = Duration.zero
    package var releaseCoolDown = Duration.zero
    /// Once there, so many nodes are not released.
    package var keepAtLeast = 0
    package var scaleIn = ScaleIn.oneByOne
    /// Nodes are paid for in whole periods from their launch: an idle one stays until its period is nearly over. nil: for
    /// the time that they are there. Not with `wholePool`.
    package var billingPeriod: Duration?
    /// A launch that has not joined by then has failed.
    package var registrationDeadline = Duration.seconds(900)

    package init(max: Int) { self.max = max }

    package enum ScaleIn: String, Sendable, Hashable, CaseIterable {
        /// Each node by itself.
        case oneByOne = "one-by-one"
        /// All nodes at once, when none of them is used: where they are had and paid for together.
        case wholePool = "whole-pool"
    }
}
