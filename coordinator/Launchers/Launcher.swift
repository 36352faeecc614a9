package import ClusterTypes
package import CoordinatorCore

/// A way to get nodes: each starts an agent that joins by itself. One value serves one pool.
///
/// Everything may be asked for twice, as after a restart nobody knows what was done: a launch that is there already starts
/// nothing, and what is gone already is released.
package protocol Launcher: Sendable {
    /// Starts `order.count` agents.
    ///
    /// - Returns: the allocations of this launch that are known at once, over ones included.
    func launch(_ order: LaunchOrder, _ start: AgentStart) async throws(LaunchFailure) -> [Allocation]

    /// All allocations of this pool that are there, and those that have ended lately, as far as they are remembered. What
    /// is not listed is gone: a failure to look is thrown, never an empty list.
    func list() async throws(LaunchFailure) -> [Allocation]

    /// Ends these; returns when that is ordered, not when they are gone.
    ///
    /// - Parameter allocations: their names. Those that are over or unknown are no failure.
    func release(_ allocations: [String]) async throws(LaunchFailure)
}

/// Whose nodes a launcher starts: what its allocations are named by, so that two coordinators that use one scheduler never
/// touch each other's.
package struct LaunchScope: Sendable, Hashable {
    package var cluster: String
    /// Eight hex digits of the cluster's CA: another cluster of the same name has others.
    package var clusterTag: String
    package var pool: String

    package init(cluster: String, clusterTag: String, pool: String) {
        self.cluster = cluster
        self.clusterTag = clusterTag
        self.pool = pool
    }

    /// What all names of launches of this pool begin with: `mortise-1f3a9c20-cloud-`.
    package var prefix: String { "mortise-\(clusterTag)-\(pool)-" }

    /// `mortise-1f3a9c20-cloud-12`.
    package func name(of launch: LaunchID) -> String { prefix + launch.description }

    /// nil: it is none of this pool's.
    package func launch(named name: some StringProtocol) -> LaunchID? {
        guard name.hasPrefix(prefix), let number = UInt64(name.dropFirst(prefix.count)), number > 0 else {
            return nil
        }
        return LaunchID(number)
    }
}

/// What an agent has to be given that it can join.
package struct AgentStart: Sendable {
    /// Good for the nodes of one launch. A secret: it goes through files that only their owner reads, standard input or an
    /// environment, never through arguments, logs or errors.
    package var joinToken: String

    package init(joinToken: String) { self.joinToken = joinToken }
}
