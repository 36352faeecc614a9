package import ClusterTypes
package import CoordinatorAutoscale

/// A pool whose nodes are launched, as its operator describes it. A pool that nobody describes is static.
package struct PoolConfiguration: Sendable, Hashable {
    package var name: String
    /// The kind of its launcher, for people: `slurm`, `exec` …; nil: it is static, and described all the same.
    package var launcher: String?
    /// What a new node will be; nil: like those that are there, and before the first nobody knows.
    package var template: NodeCapacity?
    /// An hour of a node, in a unit that all pools share.
    package var pricePerHour = 1.0
    /// Of pools that cost the same the heaviest is taken.
    package var weight = 0
    /// From a launch until its nodes take slots.
    package var startUp = Duration.seconds(180)
    /// How long a node may live; nil: for ever.
    package var lifetime: Duration?
    package var limits: PoolLimits
    /// In which `limits.nodeHours` and `limits.money` are counted.
    package var budgetPeriod = Duration.seconds(30 * 86_400)
    package var policy = ScalingPolicy.demand()
    /// What the autoscaler would do is said and not done.
    package var isDryRun = false
    /// How long a node that has failed is kept for those who want to look at it.
    package var holdFailed = Duration.zero

    package init(name: String, launcher: String?, limits: PoolLimits) {
        self.name = name
        self.launcher = launcher
        self.limits = limits
    }
}
