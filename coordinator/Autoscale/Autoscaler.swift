/// How demand and supply become launches and releases.
package enum ScalingPolicy: Sendable, Hashable {
    /// As many nodes as what waits needs, packed by the placement itself; headroom and idle times from what was.
    case demand(DemandPolicy = DemandPolicy())
    /// Scalebox's rule: utilization between two thresholds, in steps.
    case threshold(ThresholdPolicy = ThresholdPolicy())
    /// The hybrid cloud scripts' rule: one node at a time while jobs wait, all released when nothing runs.
    case queueIdle(QueueIdlePolicy = QueueIdlePolicy())

    fileprivate var rule: any ScalingRule {
        switch self {
        case .demand(let rule): rule
        case .threshold(let rule): rule
        case .queueIdle(let rule): rule
        }
    }
}

/// What a policy wishes; `Planning` holds it to the limits of pools.
protocol ScalingRule: Sendable {
    func wish(_ planning: inout Planning)
}

/// A snapshot in, a plan out: the same for the same.
package enum Autoscaler {
    package static func plan(_ snapshot: ScalingSnapshot, by policy: ScalingPolicy) -> ScalingPlan {
        var planning = Planning(snapshot)
        policy.rule.wish(&planning)
        return planning.finish()
    }

    /// What people can do about a pool that nothing launches.
    package static func advice(staticPool pool: String, slots: Int) -> String {
        "pool '\(pool)' is static: start more agents to hold \(slots) more slots"
    }
}
