package import ClusterTypes

/// What the autoscaler wants done, and why.
package struct ScalingPlan: Sendable, Hashable {
    package struct Launch: Sendable, Hashable {
        package var pool: String
        package var count: Int
        package var reason: String
    }

    package struct NodeOrder: Sendable, Hashable {
        package var pool: String
        package var node: NodeID
        package var reason: String
    }

    package struct Overdue: Sendable, Hashable {
        package var pool: String
        package var launch: LaunchUnderWay
    }

    package struct Outlook: Sendable, Hashable {
        package var pool: String
        /// Nodes with slots on them and those that what waits will use: for `UseHistory.note`.
        package var wanted: Int
        package var explanation: String
    }

    package struct Unmet: Sendable, Hashable {
        package var demand: String
        package var slots: Int
        /// One for each pool.
        package var reasons: [String]
    }

    /// Each is one call of the pool's launcher.
    package var launches: [Launch] = []
    /// The first phase of a release: the node takes no more work. A later plan releases it or takes it back.
    package var cordons: [NodeOrder] = []
    /// The second: it was cordoned and is empty.
    package var releases: [NodeOrder] = []
    /// Cordoned nodes that are wanted after all.
    package var takenBack: [NodeOrder] = []
    /// Launches whose nodes should have joined: they have failed.
    package var overdue: [Overdue] = []
    /// One for each pool, in their order.
    package var pools: [Outlook] = []
    /// What waits and gets no node by this plan.
    package var unmet: [Unmet] = []
}
