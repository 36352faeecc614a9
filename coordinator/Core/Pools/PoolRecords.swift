package import ClusterTypes

// What the store keeps of pools and launches, in the words of the database.

/// What a pool has come to and what was ordered about it; what it is stands in the pool file.
package struct PoolRecord: Hashable, Sendable {
    package var name: String
    /// It neither launches nor releases, by order.
    package var isPaused = false
    /// Ordered, in place of what the pool file says.
    package var minimum: UInt32?
    package var maximum: UInt32?
    /// Launches that failed one after the other.
    package var failures: UInt32 = 0
    package var lastFailureAt: Instant?
    /// Of the last one; empty once a launch has come up.
    package var failureReason = ""
    /// What the last node that joined is like.
    package var learned: NodeCapacity?
    /// Since when `spentNodeSeconds` is counted; nil: nothing is.
    package var periodBegan: Instant?
    /// Of nodes that were there, in use or not.
    package var spentNodeSeconds: Int64 = 0

    package init(name: String) { self.name = name }
}

package enum LaunchState: String, Sendable, Hashable, CaseIterable {
    /// Its launcher has not said what became of it.
    case requested
    /// Some of its nodes have not joined.
    case starting
    /// All that are not over have joined.
    case up
    /// No node of it has ever joined, and none will.
    case failed
    /// All is over.
    case ended

    package var isOver: Bool { self == .failed || self == .ended }
}

package struct LaunchRecord: Hashable, Sendable {
    package var launch: LaunchID
    package var pool: String
    /// Nodes that were asked for.
    package var count: UInt32
    package var state = LaunchState.requested
    /// Why it has failed, or what its launcher says.
    package var reason = ""
    /// Why it was made.
    package var cause: String
    package var requestedAt: Instant
    package var endedAt: Instant?
    /// By which its nodes join.
    package var token: TokenID?
    /// In the order in which they became known.
    package var allocations: [AllocationRecord] = []

    package init(launch: LaunchID, pool: String, count: UInt32, cause: String, requestedAt: Instant) {
        self.launch = launch
        self.pool = pool
        self.count = count
        self.cause = cause
        self.requestedAt = requestedAt
    }

    /// One that its agent knew and its launcher does not is not counted twice.
    package var missing: Int { max(0, Int(count) - allocations.count) }
}

/// An allocation and what came of it.
package struct AllocationRecord: Hashable, Sendable, Codable {
    package var name: String
    package var state: Allocation.State
    package var reason: String
    package var host: String?
    /// Of `state`.
    package var since: Instant
    /// That joined from it.
    package var node: NodeID?
    /// The autoscaler has cordoned its node, which is about to go.
    package var isGoing = false
    /// Its launcher was told to end it.
    package var isReleased = false

    package init(_ allocation: Allocation, since: Instant) {
        name = allocation.name
        state = allocation.state
        reason = allocation.reason
        host = allocation.host
        self.since = since
    }

    package var isWithinBounds: Bool { Allocation.isName(name) }
}

extension Allocation.State: Codable {}
