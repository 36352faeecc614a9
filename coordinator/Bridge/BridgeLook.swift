package import CoordinatorSchedulers

/// What one look at a scheduler has shown. A look that failed is none: there is nothing to decide then.
package struct BridgeLook: Sendable, Hashable {
    package struct Node: Sendable, Hashable {
        package var name: String
        /// It takes jobs now.
        package var isUsable: Bool
        /// Jobs hold it, or are only just leaving it.
        package var hasJobs: Bool
        /// It takes no more jobs because somebody said so; with the reason that was given.
        package var drainReason: String?

        package init(name: String, isUsable: Bool, hasJobs: Bool, drainReason: String? = nil) {
            self.name = name
            self.isUsable = isUsable
            self.hasJobs = hasJobs
            self.drainReason = drainReason
        }
    }

    package var demand: SchedulerDemand
    /// Those that the scheduler knows.
    package var nodes: [Node]

    package init(demand: SchedulerDemand, nodes: [Node]) {
        self.demand = demand
        self.nodes = nodes
    }
}

/// One thing to do. Done twice, it does no harm.
package enum BridgeOrder: Sendable, Hashable {
    /// Make a machine for this name.
    case add(String)
    /// Make the scheduler use it: at once, not when it notices.
    case join(String)
    /// Let it take no more jobs.
    case drain(String)
    /// Let it take jobs again.
    case resume(String)
    /// Take the machine away. No job is on it.
    case remove(String)

    package var node: String {
        switch self {
        case .add(let node), .join(let node), .drain(let node), .resume(let node), .remove(let node): node
        }
    }
}
