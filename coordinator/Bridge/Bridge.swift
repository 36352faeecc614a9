package import ClusterTypes
import CoordinatorSchedulers

/// Decides which nodes come and go, from one look after another. It has no clock and does nothing by itself.
///
/// Nothing in it waits: a job that arrives while nodes are idle, or while one drains, is answered with the next look.
package struct Bridge: Sendable {
    enum Phase: Sendable, Hashable {
        case absent(retryAt: Instant)
        /// A machine is being made.
        case adding
        /// It is there, and the scheduler does not use it yet.
        case joining(until: Instant, orderedAt: Instant)
        /// The scheduler uses it; since when it has nothing to do.
        case serving(idleSince: Instant?)
        /// The scheduler says that it is down; since when.
        case lost(since: Instant)
        /// It takes no more jobs, and goes when it has none.
        case draining
        case removing
        /// Somebody else has drained it: it is not ours to use or to take away.
        case foreign
    }

    struct Node: Sendable, Hashable {
        let name: String
        var phase: Phase
        var failures = 0
    }

    package let settings: BridgeSettings
    private(set) var nodes: [Node]
    /// Until the first look nobody knows which nodes are there.
    private var hasLooked = false

    package init(_ settings: BridgeSettings) {
        self.settings = settings
        nodes = settings.nodes.map { Node(name: $0, phase: .absent(retryAt: .epoch)) }
    }

    /// Names of nodes that are there or on their way.
    package var present: [String] {
        nodes.filter { node in
            if case .absent = node.phase { false } else { true }
        }.map(\.name)
    }

    /// At the start: machines that are there already, whether or not the scheduler uses them. Those that it does not use
    /// within the time go.
    package mutating func found(_ machines: [String], at now: Instant) {
        for place in nodes.indices where machines.contains(nodes[place].name) {
            nodes[place].phase = .joining(
                until: now + settings.joinTimeout, orderedAt: now - settings.joinInterval)
        }
    }

    // MARK: - One look

    package mutating func look(_ look: BridgeLook, at now: Instant) -> [BridgeOrder] {
        var orders: [BridgeOrder] = []
        for place in nodes.indices {
            let seen = look.nodes.first { $0.name == nodes[place].name }
            if let order = update(&nodes[place], seen, now) { orders.append(order) }
        }
        hasLooked = true
        let coming = nodes.count { $0.isComing }
        let idle = nodes.count { $0.isIdle }
        let missing = look.demand.waitingNodes - coming - idle
        orders += missing > 0 ? grow(by: missing, look, now) : shrink(by: -missing, now)
        return orders
    }

    /// What has become of one node, and what follows of that alone.
    private func update(_ node: inout Node, _ seen: BridgeLook.Node?, _ now: Instant) -> BridgeOrder? {
        let isOurDrain = seen?.drainReason.map { $0.hasPrefix(settings.drainReason) } ?? false
        let isDrained = seen?.drainReason != nil
        let isUsable = seen?.isUsable ?? false
        let hasJobs = seen?.hasJobs ?? false
        switch node.phase {
        case .adding, .removing: return nil
        case .absent:
            // Also after a restart: what the scheduler uses is there.
            if isUsable || hasJobs && !isDrained {
                node.phase = .serving(idleSince: hasJobs ? nil : now)
            } else if isDrained, !isOurDrain {
                node.phase = .foreign
            } else if isOurDrain, !hasLooked {
                node.phase = .draining
            }
        case .joining(let end, let orderedAt):
            if isUsable || hasJobs && !isDrained {
                node.phase = .serving(idleSince: hasJobs ? nil : now)
                node.failures = 0
            } else if isDrained, !isOurDrain {
                node.phase = .foreign
            } else if isOurDrain, hasJobs {
                node.phase = .draining
            } else if now >= end {
                fail(&node, now)
                node.phase = .removing
                return .remove(node.name)
            } else if now - orderedAt >= settings.joinInterval {
                node.phase = .joining(until: end, orderedAt: now)
                return .join(node.name)
            }
        case .serving(let idleSince):
            if isDrained {
                node.phase = isOurDrain ? .draining : .foreign
            } else if hasJobs {
                node.phase = .serving(idleSince: nil)
            } else {
                node.phase = isUsable ? .serving(idleSince: idleSince ?? now) : .lost(since: now)
            }
        case .lost(let since):
            if isDrained {
                node.phase = isOurDrain ? .draining : .foreign
            } else if isUsable || hasJobs {
                node.phase = .serving(idleSince: hasJobs ? nil : now)
            } else if now - since >= settings.joinTimeout {
                node.phase = .removing
                return .remove(node.name)
            }
        case .draining:
            if isDrained, !isOurDrain {
                node.phase = .foreign
            } else if isUsable {
                // Somebody wants it to go on.
                node.phase = .serving(idleSince: now)
            } else if seen == nil || isOurDrain && !hasJobs {
                node.phase = .removing
                return .remove(node.name)
            }
        case .foreign:
            if isUsable || hasJobs && !isDrained {
                node.phase = .serving(idleSince: hasJobs ? nil : now)
            } else if isOurDrain {
                node.phase = .draining
            } else if seen == nil {
                node.phase = .absent(retryAt: now)
            }
        }
        return nil
    }

    /// Nodes that still drain are the fastest to have back. A pool that is used up orders nothing.
    private mutating func grow(by count: Int, _ look: BridgeLook, _ now: Instant) -> [BridgeOrder] {
        var orders: [BridgeOrder] = []
        for place in nodes.indices where orders.count < count && nodes[place].phase == .draining {
            // One that has jobs brings nothing yet, and will.
            nodes[place].phase = .serving(idleSince: nil)
            orders.append(.resume(nodes[place].name))
        }
        for place in nodes.indices where orders.count < count {
            guard case .absent(let retryAt) = nodes[place].phase, retryAt <= now else { continue }
            nodes[place].phase = .adding
            orders.append(.add(nodes[place].name))
        }
        return orders
    }

    /// The last names first. Draining comes before removing: a job that starts meanwhile ends in peace.
    private mutating func shrink(by count: Int, _ now: Instant) -> [BridgeOrder] {
        var orders: [BridgeOrder] = []
        var serving = nodes.count { $0.isServing }
        for place in nodes.indices.reversed() where orders.count < count && serving > settings.keep {
            guard case .serving(let since?) = nodes[place].phase, now - since >= settings.idleWait else {
                continue
            }
            nodes[place].phase = .draining
            serving -= 1
            orders.append(.drain(nodes[place].name))
        }
        return orders
    }

    // MARK: - What became of orders

    /// - Returns: what is to be done at once.
    package mutating func finished(_ order: BridgeOrder, succeeded: Bool, at now: Instant) -> [BridgeOrder] {
        guard let place = nodes.firstIndex(where: { $0.name == order.node }) else { return [] }
        switch (order, nodes[place].phase) {
        case (.add, .adding) where succeeded:
            nodes[place].phase = .joining(until: now + settings.joinTimeout, orderedAt: now)
            return [.join(nodes[place].name)]
        case (.add, .adding):
            // Nobody knows how far it came: what is there is taken away before the next try.
            fail(&nodes[place], now)
            nodes[place].phase = .removing
            return [.remove(nodes[place].name)]
        case (.remove, .removing):
            let wait = nodes[place].failures > 0 ? waitAfterFailures(nodes[place]) : .zero
            if succeeded {
                nodes[place].phase = .absent(retryAt: now + wait)
            } else {
                // It is still there, and still drained: it is tried again with a later look.
                nodes[place].phase = .lost(since: now - settings.joinTimeout + settings.retryWait)
            }
        case (.drain, .draining) where !succeeded: nodes[place].phase = .serving(idleSince: now)
        case (.resume, .serving) where !succeeded: nodes[place].phase = .draining
        default: break
        }
        return []
    }

    private func fail(_ node: inout Node, _ now: Instant) { node.failures = min(node.failures + 1, 32) }

    private func waitAfterFailures(_ node: Node) -> Duration {
        var wait = settings.retryWait
        for _ in 1..<max(1, node.failures) where wait < settings.retryWaitLimit { wait = wait * 2 }
        return min(wait, settings.retryWaitLimit)
    }

    // MARK: - Invariants

    package func checkInvariants() -> [String] {
        var faults: [String] = []
        if nodes.map(\.name) != settings.nodes { faults.append("the names are not those of the settings") }
        if nodes.count(where: { $0.isServing || $0.isComing }) > settings.nodes.count {
            faults.append("more nodes than names")
        }
        return faults
    }
}

extension Bridge.Node {
    fileprivate var isComing: Bool {
        switch phase {
        case .adding, .joining: true
        case .absent, .serving, .lost, .draining, .removing, .foreign: false
        }
    }
    fileprivate var isServing: Bool {
        if case .serving = phase { true } else { false }
    }
    fileprivate var isIdle: Bool {
        if case .serving(_?) = phase { true } else { false }
    }
}
