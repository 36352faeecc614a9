package import ClusterTypes

/// A pool: nodes of one kind, got in one way.
package struct PoolView: Codable, Sendable, Hashable {
    package var name: String
    /// `slurm`, `exec` …; left out where it is static: its agents simply show up.
    package var launcher: String?
    package var paused: Bool
    /// What the autoscaler would do is said and not done.
    package var dryRun: Bool
    /// Not released; of these those with slots; and those that were asked for and have not joined.
    package var nodes: Int
    package var used: Int
    package var starting: Int
    package var minimum: Int
    /// Left out where nobody launches them.
    package var maximum: Int?
    /// Launches that failed one after the other, why the last one did, and when the next is tried.
    package var failures: UInt32
    package var failureReason: String
    package var retryAt: String?
    /// What the autoscaler said when it looked last.
    package var outlook: String
    /// In this period of its budget; 0 where it has none.
    package var nodeHours: Double
    package var money: Double

    package init(
        name: String, launcher: String?, paused: Bool, dryRun: Bool, nodes: Int, used: Int, starting: Int,
        minimum: Int, maximum: Int?, failures: UInt32, failureReason: String, retryAt: String?,
        outlook: String, nodeHours: Double, money: Double
    ) {
        self.name = name
        self.launcher = launcher
        self.paused = paused
        self.dryRun = dryRun
        self.nodes = nodes
        self.used = used
        self.starting = starting
        self.minimum = minimum
        self.maximum = maximum
        self.failures = failures
        self.failureReason = failureReason
        self.retryAt = retryAt
        self.outlook = outlook
        self.nodeHours = nodeHours
        self.money = money
    }
}

/// `POST /v1/pools/{pool}/scale`: what is left out stays as it is.
package struct ScaleRequest: Codable, Sendable, Hashable {
    /// So many nodes are there whether or not work waits.
    package var minimum: UInt32?
    /// At most what the pool file says.
    package var maximum: UInt32?
    /// What was ordered before no longer holds; left out: false.
    package var reset: Bool?

    package init(minimum: UInt32? = nil, maximum: UInt32? = nil, reset: Bool? = nil) {
        self.minimum = minimum
        self.maximum = maximum
        self.reset = reset
    }
}

/// One request to a launcher for nodes.
package struct LaunchView: Codable, Sendable, Hashable {
    package var launch: LaunchID
    package var pool: String
    /// `requested`, `starting`, `up`, `failed` or `ended`.
    package var state: String
    /// Nodes that were asked for.
    package var count: UInt32
    /// Nodes that have joined.
    package var joined: Int
    /// Why it was made, and why it has failed.
    package var cause: String
    package var reason: String
    package var requestedAt: String
    package var endedAt: String?
    package var allocations: [AllocationView]

    package init(
        launch: LaunchID, pool: String, state: String, count: UInt32, joined: Int, cause: String,
        reason: String, requestedAt: String, endedAt: String?, allocations: [AllocationView]
    ) {
        self.launch = launch
        self.pool = pool
        self.state = state
        self.count = count
        self.joined = joined
        self.cause = cause
        self.reason = reason
        self.requestedAt = requestedAt
        self.endedAt = endedAt
        self.allocations = allocations
    }
}

/// What one node of a launch runs in.
package struct AllocationView: Codable, Sendable, Hashable {
    /// The launcher's own.
    package var name: String
    /// `waiting`, `running`, `completed`, `failed`, `timed_out` or `canceled`.
    package var state: String
    package var reason: String
    package var host: String?
    package var since: String
    /// That has joined from it.
    package var node: NodeID?
    /// Its launcher was told to end it.
    package var released: Bool

    package init(
        name: String, state: String, reason: String, host: String?, since: String, node: NodeID?,
        released: Bool
    ) {
        self.name = name
        self.state = state
        self.reason = reason
        self.host = host
        self.since = since
        self.node = node
        self.released = released
    }
}
