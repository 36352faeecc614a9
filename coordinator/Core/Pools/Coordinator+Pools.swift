package import ClusterTypes
import CoordinatorAutoscale

extension Coordinator {
    /// What the pool file says from now on. A pool that it no longer names keeps its nodes.
    mutating func configure(
        _ configurations: [PoolConfiguration], at now: Instant, into output: inout Output
    ) -> Reply {
        for name in pools.table.keys { pools.table[name]?.configuration = nil }
        for configuration in configurations {
            let name = configuration.name
            if !pools.table.contains(name) {
                let record = PoolRecord(name: name)
                pools.table[name] = Pool(record: record)
                output.writes.append(.putPool(record))
            }
            pools.table[name]?.configuration = configuration
        }
        pools.order = configurations.map(\.name)
        pools.due = configurations.contains { $0.launcher != nil } ? now : nil
        return .pools(poolStatus(at: now))
    }

    mutating func pausePool(
        _ name: String, _ isPaused: Bool, at now: Instant, into output: inout Output
    ) throws(CommandRefusal) -> Reply {
        try changePool(name, at: now, into: &output) { $0.isPaused = isPaused }
    }

    /// - Parameter isReset: what was ordered before no longer holds.
    mutating func scalePool(
        _ name: String, minimum: UInt32?, maximum: UInt32?, isReset: Bool, at now: Instant,
        into output: inout Output
    ) throws(CommandRefusal) -> Reply {
        guard let pool = pools.table[name], let limits = pool.configuration?.limits else {
            throw unknown(pool: name)
        }
        let least = Int(minimum ?? (isReset ? nil : pool.record.minimum) ?? UInt32(clamping: limits.min))
        let most = Int(maximum ?? (isReset ? nil : pool.record.maximum) ?? UInt32(clamping: limits.max))
        if most > limits.max {
            throw CommandRefusal(
                .invalid, "pool '\(name)' may have \(limits.max) nodes, says the pool file: change it there")
        }
        if least > most {
            throw CommandRefusal(
                .invalid, "pool '\(name)' cannot have at least \(least) and at most \(most) nodes")
        }
        return try changePool(name, at: now, into: &output) { record in
            if isReset { (record.minimum, record.maximum) = (nil, nil) }
            if let minimum { record.minimum = minimum }
            if let maximum { record.maximum = maximum }
        }
    }

    private mutating func changePool(
        _ name: String, at now: Instant, into output: inout Output, _ change: (inout PoolRecord) -> Void
    ) throws(CommandRefusal) -> Reply {
        guard var pool = pools.table[name], pool.isLaunched else { throw unknown(pool: name) }
        change(&pool.record)
        pools.table[name] = pool
        output.writes.append(.putPool(pool.record))
        pools.due = now
        return .pools(poolStatus(at: now).filter { $0.name == name })
    }

    private func unknown(pool name: String) -> CommandRefusal {
        let known = pools.order.filter { pools.table[$0]?.isLaunched ?? false }
        return CommandRefusal(
            .notFound,
            known.isEmpty
                ? "no pool is launched here: 'mortise-coordinator serve --pools FILE' describes some"
                : "there is no launched pool '\(name)': there are \(known.joined(separator: ", "))")
    }

    // MARK: Looking

    func explainPool(_ name: String, at now: Instant) throws(CommandRefusal) -> Reply {
        guard let status = poolStatus(at: now).first(where: { $0.name == name }) else {
            throw unknown(pool: name)
        }
        guard let pool = pools.table[name], let configuration = pool.configuration else {
            return .explanation([
                "pool '\(name)' is static: its \(status.nodes) nodes came by themselves, and nobody launches any"
            ])
        }
        guard pool.isLaunched else {
            return .explanation(["pool '\(name)' is static: \(status.nodes) nodes have joined"])
        }
        var lines = [
            pool.outlook.isEmpty ? "pool '\(name)': the autoscaler has not looked yet" : pool.outlook
        ]
        if configuration.isDryRun { lines.append("a dry run: what it says is not done") }
        if pool.record.isPaused { lines.append("it is paused: 'mortise pool resume \(name)' ends that") }
        if !pool.listingFailure.isEmpty {
            lines.append("its launcher cannot say what there is: \(pool.listingFailure)")
        }
        if pool.record.failures > 0 {
            let next = pool.failures.retryAt.map { "next try at \($0.rfc3339Seconds)" } ?? "it is tried again"
            lines.append(
                "launches failed \(pool.record.failures) times in a row, \(next): \(pool.record.failureReason)"
            )
        }
        if configuration.template == nil, pool.record.learned == nil {
            lines.append("nobody knows yet what its nodes are like: the first that joins will tell")
        }
        for launch in pools.underWay(of: name) { lines.append(launch.record.summary) }
        for unmet in pools.unmet {
            guard let reason = unmet.reasons.first(where: { $0.hasPrefix("pool '\(name)': ") }) else {
                continue
            }
            lines.append("\(unmet.demand) waits for \(unmet.slots) slots: \(reason)")
        }
        return .explanation(lines)
    }

    /// Those of the pool file in its order, then those that nodes joined by themselves.
    func poolStatus(at now: Instant) -> [PoolStatus] {
        var statuses: [String: PoolStatus] = [:]
        var names = pools.order
        for name in pools.order { statuses[name] = PoolStatus(name: name) }
        for node in nodes.values where node.record.state != .released {
            let name = node.record.pool
            if statuses[name] == nil {
                statuses[name] = PoolStatus(name: name)
                names.append(name)
            }
            statuses[name]?.nodes += 1
            if !node.occupants.isEmpty { statuses[name]?.used += 1 }
        }
        return names.compactMap { name in
            guard var status = statuses[name] else { return nil }
            guard let pool = pools.table[name], let configuration = pool.configuration else { return status }
            status.launcher = configuration.launcher
            status.isPaused = pool.record.isPaused
            status.isDryRun = configuration.isDryRun
            status.minimum = pool.limits?.min ?? 0
            status.maximum = pool.isLaunched ? pool.limits?.max : nil
            status.failures = pool.record.failures
            status.failureReason =
                pool.listingFailure.isEmpty ? pool.record.failureReason : pool.listingFailure
            status.retryAt = pool.failures.retryAt
            status.outlook = pool.outlook
            status.nodeHours = Double(pool.record.spentNodeSeconds) / 3_600
            status.money = status.nodeHours * configuration.pricePerHour
            status.starting = pools.underWay(of: name).reduce(0) { $0 + starting($1.record) }
            return status
        }
    }

    /// Nodes that were asked for and have not joined.
    func starting(_ launch: LaunchRecord) -> Int {
        launch.missing + launch.allocations.count { !$0.state.isOver && !hasJoined($0) }
    }

    func hasJoined(_ allocation: AllocationRecord) -> Bool {
        guard let node = allocation.node else { return false }
        // One that is no longer known was there; one that has never said what it has was not.
        guard let known = nodes[node]?.record else { return true }
        return known.state != .joining && (known.state != .released || known.capacity != NodeCapacity())
    }

    /// The newest first.
    func launches(of pool: String?) -> [LaunchRecord] {
        pools.launches.values.map(\.record).filter { pool == nil || $0.pool == pool }.reversed()
    }

    func showLaunch(_ launch: LaunchID) throws(CommandRefusal) -> Reply {
        guard let known = pools.launches[launch] else {
            throw CommandRefusal(.notFound, "there is no launch \(launch), or it is forgotten")
        }
        return .launches([known.record])
    }
}

/// What is known of a pool at one moment.
package struct PoolStatus: Sendable, Hashable {
    package var name: String
    /// nil: it is static.
    package var launcher: String?
    package var isPaused = false
    package var isDryRun = false
    /// Not released, and of these those with slots on them.
    package var nodes = 0
    package var used = 0
    /// Asked for and not there.
    package var starting = 0
    package var minimum = 0
    /// nil: any number, as nobody launches them.
    package var maximum: Int?
    package var failures: UInt32 = 0
    package var failureReason = ""
    package var retryAt: Instant?
    package var outlook = ""
    /// In this period of its budget; 0 where it has none.
    package var nodeHours = 0.0
    package var money = 0.0

    package init(name: String) { self.name = name }
}

extension LaunchRecord {
    /// A line for people.
    package var summary: String {
        let joined = allocations.count { $0.node != nil }
        return
            "launch \(launch): \(count) nodes asked for at \(requestedAt.rfc3339Seconds), \(joined) joined, "
            + state.rawValue + (reason.isEmpty ? "" : ": \(reason)")
    }
}
