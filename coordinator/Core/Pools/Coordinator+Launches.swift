import ClusterTypes
import CoordinatorAutoscale

// A launch from its order to its end: what its launcher says of it, and which nodes joined from it.
extension Coordinator {
    mutating func beginLaunch(
        _ count: Int, in pool: String, because cause: String, at now: Instant, into output: inout Output
    ) {
        lastLaunch += 1
        let record = LaunchRecord(
            launch: LaunchID(lastLaunch), pool: pool, count: UInt32(clamping: count), cause: cause,
            requestedAt: now)
        pools.put(record)
        pools.table[pool]?.lastLaunch = now
        note(
            "pool '\(pool)' launches \(count) nodes (launch \(record.launch)): \(cause)", at: now,
            into: &output)
        output.writes.append(.putLaunch(record))
        ask(for: record.launch, into: &output)
    }

    private mutating func ask(for launch: LaunchID, into output: inout Output) {
        guard let record = pools.launches[launch]?.record else { return }
        pools.launches[launch]?.isAsked = true
        pools.launches[launch]?.retryAt = nil
        output.actions.append(
            .launch(
                LaunchOrder(
                    launch: launch, pool: record.pool, count: Int(record.count),
                    lifetime: pools.table[record.pool]?.configuration?.lifetime)))
    }

    /// The secret by which its nodes join; one that it had before admits nobody any more.
    mutating func createLaunchToken(
        _ launch: LaunchID, secretHash: String, at now: Instant, into output: inout Output
    ) throws(CommandRefusal) -> Reply {
        guard var record = pools.launches[launch]?.record, !record.state.isOver else {
            throw CommandRefusal(.conflict, "launch \(launch) is over")
        }
        revokeToken(of: &record, into: &output)
        // Each allocation may be started over once, as by a scheduler that lost its machine.
        let reply = try createToken(
            name: "launch \(launch)", purpose: .join(pool: record.pool), secretHash: secretHash,
            expiresAt: nil, uses: record.count * 2, at: now, into: &output)
        guard case .token(let token) = reply else { return reply }
        record.token = token.token
        store(record, into: &output)
        return reply
    }

    private mutating func revokeToken(of record: inout LaunchRecord, into output: inout Output) {
        guard let token = record.token else { return }
        if tokens.contains(token) { _ = try? revoke(token, into: &output) }
        record.token = nil
    }

    private mutating func store(_ record: LaunchRecord, into output: inout Output) {
        guard pools.launches[record.launch]?.record != record else { return }
        pools.put(record)
        output.writes.append(.putLaunch(record))
    }

    func note(_ message: String, at now: Instant, into output: inout Output) {
        output.writes.append(.addEvent(EventRecord(at: now, subject: .cluster, message: message)))
    }

    // MARK: What launchers say

    mutating func noteLaunched(
        _ launch: LaunchID, _ found: [Allocation], at now: Instant, into output: inout Output
    ) {
        guard let known = pools.launches[launch] else { return }
        pools.launches[launch]?.isAsked = false
        pools.launches[launch]?.retryAt = nil
        guard !known.record.state.isOver else { return }
        var record = known.record
        record.reason = ""
        if record.state == .requested { record.state = .starting }
        merge(found, into: &record, at: now)
        store(record, into: &output)
        review(launch, at: now, into: &output)
    }

    mutating func noteLaunchFailed(
        _ launch: LaunchID, _ failure: LaunchFailure, at now: Instant, into output: inout Output
    ) {
        guard var record = pools.launches[launch]?.record, !record.state.isOver else { return }
        pools.launches[launch]?.isAsked = false
        noteFailure(of: record.pool, failure.message, at: now, into: &output)
        record.reason = failure.message
        note("launch \(launch) of pool '\(record.pool)': \(failure.message)", at: now, into: &output)
        switch failure.code {
        case .unavailable, .invalidAnswer:
            // It may have begun: asked again it says so.
            pools.launches[launch]?.retryAt = now + Self.launchRetry
            store(record, into: &output)
        case .noCapacity, .quota, .refused:
            end(&record, as: .failed, at: now, into: &output)
        }
    }

    /// Between two tries of a launch of which nobody knows whether it has begun.
    private static let launchRetry = Duration.seconds(60)

    mutating func noteFailure(of pool: String, _ reason: String, at now: Instant, into output: inout Output) {
        guard var record = pools.table[pool]?.record else { return }
        record.failures += 1
        record.lastFailureAt = now
        record.failureReason = reason
        pools.table[pool]?.record = record
        output.writes.append(.putPool(record))
    }

    /// Everything that a pool's launcher has, or why it cannot say.
    ///
    /// - Parameter asked: when it was asked; what was launched since may be missing.
    mutating func noteListed(
        _ pool: String, _ answer: Result<[Allocation], LaunchFailure>, asked: Instant, at now: Instant,
        into output: inout Output
    ) {
        guard pools.table.contains(pool) else { return }
        pools.table[pool]?.isListing = false
        let found: [Allocation]
        switch answer {
        case .failure(let failure):
            if pools.table[pool]?.listingFailure != failure.message {
                note("pool '\(pool)': \(failure.message)", at: now, into: &output)
            }
            pools.table[pool]?.listingFailure = failure.message
            return
        case .success(let allocations):
            pools.table[pool]?.listingFailure = ""
            found = allocations
        }
        pools.table[pool]?.isKnownEmpty = found.allSatisfy(\.state.isOver)
        var orphans = found.filter { allocation in
            guard !allocation.state.isOver else { return false }
            let launch = pools.launches[allocation.launch]?.record
            return launch?.pool != pool || launch?.state.isOver ?? true
        }.map(\.name)
        for launch in pools.underWay(of: pool) {
            var record = launch.record
            let its = found.filter { $0.launch == record.launch }
            merge(its, into: &record, at: now)
            for position in record.allocations.indices {
                let allocation = record.allocations[position]
                guard !allocation.state.isOver, allocation.since < asked,
                    !its.contains(where: { $0.name == allocation.name })
                else { continue }
                record.allocations[position].state = .completed
                record.allocations[position].reason = "its launcher no longer knows it"
                record.allocations[position].since = now
            }
            if record.state == .requested, !launch.isAsked, !its.isEmpty {
                pools.launches[record.launch]?.retryAt = nil
                record.state = .starting
                record.reason = ""
            }
            match(&record)
            store(record, into: &output)
            // What was told to go and is there all the same is told again.
            orphans += record.allocations.filter { $0.isReleased && !$0.state.isOver }.map(\.name)
            review(record.launch, at: now, into: &output)
        }
        if !orphans.isEmpty { output.actions.append(.releaseAllocations(pool: pool, orphans)) }
    }

    private func merge(_ found: [Allocation], into record: inout LaunchRecord, at now: Instant) {
        for allocation in found where allocation.launch == record.launch && Allocation.isName(allocation.name)
        {
            guard let position = record.allocations.firstIndex(where: { $0.name == allocation.name }) else {
                record.allocations.append(AllocationRecord(allocation, since: now))
                continue
            }
            if record.allocations[position].state != allocation.state {
                record.allocations[position].since = now
            }
            record.allocations[position].state = allocation.state
            record.allocations[position].reason = allocation.reason
            record.allocations[position].host = allocation.host ?? record.allocations[position].host
        }
    }

    // MARK: Nodes

    /// An allocation that was told to go, or is about to be, gets no other node: it would take work until it ends.
    func checkTakesNode(_ name: String, by token: TokenID) throws(CommandRefusal) {
        let launch = pools.launches.values.first { $0.record.token == token }
        guard let allocation = launch?.record.allocations.first(where: { $0.name == name }) else { return }
        let isGone = allocation.node.map { nodes[$0]?.record.state ?? .released } == .released
        guard allocation.isReleased || (isGone && !allocation.state.isOver) else { return }
        throw CommandRefusal(.conflict, "allocation \(name) is released: no agent joins from it any more")
    }

    /// A node has enrolled by the token of a launch.
    mutating func noteEnrolled(
        _ node: NodeID, by token: TokenID, allocation name: String?, at now: Instant,
        into output: inout Output
    ) {
        guard
            var record = pools.launches.values.first(where: { $0.record.token == token })?.record
        else { return }
        if let name, Allocation.isName(name) {
            if let position = record.allocations.firstIndex(where: { $0.name == name }) {
                if let former = record.allocations[position].node, former != node {
                    removeQuietly(former, "its allocation \(name) was started over", at: now, into: &output)
                }
                record.allocations[position].node = node
                record.allocations[position].isGoing = false
                if record.allocations[position].state.isOver { record.allocations[position].state = .running }
            } else {
                // Its agent was faster than its launcher's answer.
                var allocation = AllocationRecord(
                    Allocation(name: name, launch: record.launch, state: .running), since: now)
                allocation.node = node
                record.allocations.append(allocation)
            }
        } else {
            match(&record)
        }
        store(record, into: &output)
    }

    /// Agents that do not know in which allocation they run are found by their machines.
    private func match(_ record: inout LaunchRecord) {
        for position in record.allocations.indices {
            let allocation = record.allocations[position]
            guard allocation.node == nil, !allocation.state.isOver, let host = allocation.host else {
                continue
            }
            // Several allocations may share a machine: each node is found once.
            let taken = record.allocations.compactMap(\.node)
            record.allocations[position].node =
                nodes.values.first { node in
                    node.record.pool == record.pool && node.record.state != .released
                        && (node.record.name == host || node.record.address == host)
                        && !taken.contains(node.record.node) && pools.place(of: node.record.node) == nil
                }?.record.node
        }
    }

    // MARK: Its end

    /// Looks at what has become of a launch: of its allocations, and of the nodes that joined from them.
    mutating func review(_ launch: LaunchID, at now: Instant, into output: inout Output) {
        guard var record = pools.launches[launch]?.record, !record.state.isOver else { return }
        let configuration = pools.table[record.pool]?.configuration
        let deadline = configuration?.limits.registrationDeadline ?? .seconds(900)
        var released: [String] = []
        for position in record.allocations.indices {
            var allocation = record.allocations[position]
            let wasReleased = allocation.isReleased
            // A node that has enrolled and never said what it has did not come either.
            let isLate =
                allocation.state == .running && !allocation.isReleased && !hasJoined(allocation)
                && now - allocation.since > deadline
            if isLate {
                let reason = "no agent joined from it within \(deadline)"
                if let node = allocation.node { removeQuietly(node, reason, at: now, into: &output) }
                allocation.isReleased = true
                fail(&allocation, of: record, reason, at: now, into: &output)
            } else if let node = allocation.node {
                settleNode(
                    node, of: &allocation, hold: configuration?.holdFailed ?? .zero, at: now, into: &output)
            } else if allocation.state == .failed || allocation.state == .timedOut,
                record.allocations[position].since == now
            {
                noteFailure(
                    of: record.pool,
                    "allocation \(allocation.name) \(allocation.state.rawValue): \(allocation.reason)",
                    at: now, into: &output)
            }
            if allocation.isReleased, !wasReleased { released.append(allocation.name) }
            record.allocations[position] = allocation
        }
        if !released.isEmpty { output.actions.append(.releaseAllocations(pool: record.pool, released)) }
        if record.state != .requested, record.missing > 0, now - record.requestedAt > deadline {
            note(
                "launch \(launch) of pool '\(record.pool)': \(record.missing) of \(record.count) nodes never came",
                at: now, into: &output)
            record.count = UInt32(clamping: record.allocations.count)
        }
        conclude(&record, at: now, into: &output)
        store(record, into: &output)
    }

    private mutating func settleNode(
        _ node: NodeID, of allocation: inout AllocationRecord, hold: Duration, at now: Instant,
        into output: inout Output
    ) {
        guard let known = nodes[node]?.record, known.state != .released else {
            if !allocation.state.isOver { allocation.isReleased = true }
            return
        }
        if known.removal == nil, known.state == .lost || known.state == .joining, allocation.state.isOver {
            let end = allocation.reason.isEmpty ? "" : ": \(allocation.reason)"
            removeQuietly(
                node, "its allocation \(allocation.name) is over (\(allocation.state.rawValue)\(end))",
                at: now,
                into: &output)
        } else if known.state == .lost, known.hasLeft || now - known.since >= hold {
            allocation.isReleased = true
            // What may run on without us runs until its allocation is over.
            guard nodes[node]?.slots.isEmpty ?? true else { return }
            removeQuietly(
                node, known.hasLeft ? known.reason : "it is lost, and its allocation is released", at: now,
                into: &output)
        } else if known.state != .lost, allocation.isReleased {
            removeQuietly(node, "its allocation is released", at: now, into: &output)
        }
    }

    mutating func removeQuietly(
        _ node: NodeID, _ reason: String, at now: Instant, into output: inout Output
    ) {
        _ = try? remove(node, reason: reason, at: now, into: &output)
    }

    private mutating func fail(
        _ allocation: inout AllocationRecord, of record: LaunchRecord, _ reason: String, at now: Instant,
        into output: inout Output
    ) {
        allocation.state = .failed
        allocation.reason = reason
        allocation.since = now
        let message = "allocation \(allocation.name) of launch \(record.launch): \(reason)"
        note(message, at: now, into: &output)
        noteFailure(of: record.pool, message, at: now, into: &output)
    }

    private mutating func conclude(_ record: inout LaunchRecord, at now: Instant, into output: inout Output) {
        guard record.state != .requested else { return }
        if record.allocations.contains(where: hasJoined) {
            if record.state == .starting { noteUp(record, at: now, into: &output) }
            if starting(record) == 0 { record.state = .up }
        }
        let isAllOver =
            record.missing == 0
            && record.allocations.allSatisfy { allocation in
                guard allocation.state.isOver else { return false }
                guard let node = allocation.node, let known = nodes[node]?.record else { return true }
                return known.state == .released
            }
        guard isAllOver else { return }
        let hasNode = record.allocations.contains(where: hasJoined)
        if !hasNode, record.reason.isEmpty {
            record.reason = record.allocations.last?.reason ?? "no node came"
        }
        end(&record, as: hasNode ? .ended : .failed, at: now, into: &output)
    }

    /// Its first node is there: the pool works, and it is known what its nodes are like.
    private mutating func noteUp(_ record: LaunchRecord, at now: Instant, into output: inout Output) {
        guard var pool = pools.table[record.pool]?.record,
            let node = record.allocations.last(where: hasJoined)?.node,
            let capacity = nodes[node]?.record.capacity
        else { return }
        let before = pool
        pool.failures = 0
        pool.lastFailureAt = nil
        pool.failureReason = ""
        pool.learned = capacity.whenWell
        guard pool != before else { return }
        pools.table[record.pool]?.record = pool
        output.writes.append(.putPool(pool))
    }

    private mutating func end(
        _ record: inout LaunchRecord, as state: LaunchState, at now: Instant, into output: inout Output
    ) {
        record.state = state
        record.endedAt = now
        revokeToken(of: &record, into: &output)
        store(record, into: &output)
        pools.table[record.pool]?.isKnownEmpty = false
        pools.noteEnd(of: record)
        guard pools.endedLaunches.count > limits.endedLaunchesKept else { return }
        let oldest = pools.endedLaunches.removeFirst()
        pools.forget(oldest)
        output.writes.append(.dropLaunch(oldest))
    }

    /// After a restart nobody remembers what was asked.
    mutating func askAgain(at now: Instant, into output: inout Output) {
        for launch in pools.launches.values
        where launch.record.state == .requested && !launch.isAsked
            && pools.table[launch.record.pool]?.isLaunched ?? false
        {
            if launch.retryAt.map({ $0 <= now }) ?? true { ask(for: launch.record.launch, into: &output) }
        }
    }
}

extension NodeCapacity {
    /// What failed on one node does not fail on the next.
    fileprivate var whenWell: NodeCapacity {
        var capacity = self
        for position in capacity.devices.indices where capacity.devices[position].fault != .unassignable {
            capacity.devices[position].isUsable = true
            capacity.devices[position].fault = nil
            capacity.devices[position].reason = nil
        }
        return capacity
    }
}
