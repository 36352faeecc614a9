/// A pool as the autoscale policy sees it.
package struct PoolSupply: Sendable, Hashable {
    package var pool: String
    /// `static` pools have no launcher: their agents simply show up.
    package var isStatic: Bool
    /// Nodes that are joining or up.
    package var nodes: UInt32

    package init(pool: String, isStatic: Bool, nodes: UInt32) {
        self.pool = pool
        self.isStatic = isStatic
        self.nodes = nodes
    }
}

/// What the policy orders for one pool, with its reason.
package struct ScalingOrder: Sendable, Hashable {
    package var pool: String
    /// Nodes to launch (positive) or to release (negative).
    package var change: Int
    package var reason: String

    package init(pool: String, change: Int, reason: String) {
        self.pool = pool
        self.change = change
        self.reason = reason
    }
}

/// Demand and supply in, orders out.
package enum Policy {
    /// A static pool is never scaled, whatever waits for it.
    ///
    /// - Parameter pendingSlots: slots that wait for each pool, in the order of `pools`.
    package static func orders(pools: [PoolSupply], pendingSlots: [UInt32]) -> [ScalingOrder] {
        precondition(pools.count == pendingSlots.count, "one demand for each pool")
        return zip(pools, pendingSlots).compactMap { pool, pending in
            guard pool.isStatic, pending > 0 else { return nil }
            return ScalingOrder(
                pool: pool.pool, change: 0,
                reason: "pool '\(pool.pool)' is static: start more agents to hold \(pending) more slots")
        }
    }
}
