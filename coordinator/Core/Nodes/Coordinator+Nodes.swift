package import ClusterTypes
import ProtocolMessages

extension Coordinator {
    // MARK: Connections

    mutating func acceptConnection(
        _ connection: ConnectionID, _ peer: PeerIdentity, into output: inout Output
    ) {
        connections[connection] = .unnamed(peer)
        if connections.count > limits.unnamedConnections + nodes.count {
            refuse(
                connection,
                Refusal(.overloaded, "too many agents connect at once", retryAfterMilliseconds: 5_000),
                into: &output)
        }
    }

    mutating func refuse(_ connection: ConnectionID, _ refusal: Refusal, into output: inout Output) {
        if let node = connections[connection]?.node, nodes[node]?.connection == connection {
            nodes[node]?.connection = nil
            nodes[node]?.credits = 0
        }
        connections[connection] = nil
        output.actions.append(.refuse(connection, refusal))
    }

    /// The node keeps its state: it may be back before anybody has to know.
    mutating func forgetConnection(_ connection: ConnectionID, reason: String, at now: Instant) {
        guard let known = connections[connection] else { return }
        connections[connection] = nil
        guard let node = known.node, nodes[node]?.connection == connection else { return }
        nodes[node]?.connection = nil
        nodes[node]?.credits = 0
    }

    /// Whose connection this is; nil before its `hello` was accepted.
    package func node(of connection: ConnectionID) -> NodeID? { connections[connection]?.node }

    func connection(of node: NodeID) throws(CommandRefusal) -> ConnectionID {
        guard let known = nodes[node] else { throw CommandRefusal(.notFound, "there is no node \(node)") }
        guard let connection = known.connection else {
            throw CommandRefusal(.nodeUnreachable, "node '\(known.record.name)' is not connected now")
        }
        return connection
    }

    // MARK: Hello

    mutating func welcome(
        _ hello: Hello, on connection: ConnectionID, at now: Instant, into output: inout Output
    ) {
        guard let known = connections[connection] else { return }
        guard case .unnamed(let peer) = known else {
            refuse(connection, Refusal(.protocolViolation, "hello is said once, at first"), into: &output)
            return
        }
        if let refusal = refusal(of: hello, from: peer, at: now) {
            refuse(connection, refusal, into: &output)
            return
        }
        if let wait = admission.admit(at: now, limits) {
            refuse(
                connection,
                Refusal(
                    .overloaded, "many agents connect at once: your turn comes",
                    retryAfterMilliseconds: UInt32(clamping: wait.wholeMilliseconds + 1)),
                into: &output)
            return
        }
        let node = peer.node
        if let former = nodes[node]?.connection {
            refuse(former, Refusal(.replaced, "the agent connected again"), into: &output)
        }
        let isSameProcess = nodes[node]?.instance == hello.instance
        let former = nodes[node]?.record
        nodes[node]?.instance = hello.instance
        noteReturn(of: node, with: hello, at: now, into: &output)
        adoptDescription(hello, peer, of: node)
        if let former { noteDeviceFaults(of: node, since: former.capacity, at: now, into: &output) }
        learnLifetime(hello.lifetime, of: node, at: now)
        if let record = nodes[node]?.record {
            liveness.watch(node, of: record.pool, isLeaving: record.isDraining, at: now, limits)
        }
        // The node has no connection yet: nothing is said to it before the welcome.
        takeBackCrashes(of: node, hello.slots, isSameProcess: isSameProcess, into: &output)
        let keep = reconcile(
            hello.slots, of: node, isSameProcess: isSameProcess,
            isSameBoot: former?.bootID == hello.bootID, at: now, into: &output)
        connections[connection] = .named(node)
        nodes[node]?.connection = connection
        nodes[node]?.credits = 0
        let version = ProtocolVersion.current.agreed(with: hello.version) ?? .current
        nodes[node]?.version = version
        nodes[node]?.assignments = 0
        nodes[node]?.emptinessAsked = nil
        let interval = pace.milliseconds(limits)
        issue(interval, to: node)
        output.actions.append(
            .send(
                connection,
                .welcome(
                    Welcome(
                        version: version, node: node,
                        cluster: cluster, heartbeatMilliseconds: interval,
                        leaseMilliseconds: limits.leaseMilliseconds, keep: keep.map(\.key),
                        beatDictionary: Heartbeat.dictionaries.first(where: hello.beatDictionaries.contains)
                            ?? 0))))
        for slot in keep where slot.state == .stopping {
            output.actions.append(.send(connection, .stopSlot(slot.key, reason: slot.reason)))
        }
        if nodes[node]?.isEnding ?? false { quiesce(node, at: now, into: &output) }
        if nodes[node]?.record.state == .joining {
            releaseNamesakes(of: node, at: now, into: &output)
        }
        settle(
            node, isHeard: true, reason: "", at: now, into: &output,
            alwaysWrite: nodes[node]?.record != former)
        needsPlacement = true
    }

    private func refusal(of hello: Hello, from peer: PeerIdentity, at now: Instant) -> Refusal? {
        if let storeFailure {
            return Refusal(
                .overloaded, "the store cannot be written now (\(storeFailure))",
                retryAfterMilliseconds: limits.heartbeatMilliseconds)
        }
        if ProtocolVersion.current.agreed(with: hello.version) == nil {
            return Refusal(
                .versionMismatch,
                "the agent speaks protocol \(hello.version), this coordinator \(ProtocolVersion.current): "
                    + "install an agent of the same major version")
        }
        if hello.cluster != cluster {
            return Refusal(
                .foreignCluster, "this is cluster '\(cluster)', not '\(hello.cluster)': join again")
        }
        guard let node = nodes[peer.node] else {
            return Refusal(
                .unknownNode, "node \(peer.node) is not known here: join again with a new token")
        }
        if node.record.state == .released || node.record.keyFingerprint != peer.keyFingerprint {
            return Refusal(.revoked, "node '\(node.record.name)' was removed: join again with a new token")
        }
        // Until its lease is over (the node is lost then, and the connection given up) its slots may run.
        if node.connection != nil, node.instance != hello.instance {
            return Refusal(
                .identityInUse,
                "another agent of node '\(node.record.name)' is connected: give each agent its own state directory",
                retryAfterMilliseconds: limits.heartbeatMilliseconds)
        }
        return nil
    }

    private mutating func adoptDescription(_ hello: Hello, _ peer: PeerIdentity, of node: NodeID) {
        if let former = nodes[node]?.record.name { directory.rename(node, from: former, to: hello.nodeName) }
        nodes[node]?.record.name = hello.nodeName
        nodes[node]?.record.build = hello.build
        nodes[node]?.record.bootID = hello.bootID
        nodes[node]?.record.address = hello.hardware.address.advertised
        nodes[node]?.record.labels = hello.allLabels
        setCapacity(returned(hello.hardware.capacity(labels: hello.allLabels), to: node), of: node)
    }

    mutating func setCapacity(_ capacity: NodeCapacity, of node: NodeID) {
        guard var known = nodes[node] else { return }
        sharing.noteCapacity(capacity, insteadOf: known.record.capacity)
        known.record.capacity = capacity
        if known.record.declared == nil { known.record.declared = DeclaredHardware(capacity) }
        known.record.declared?.raise(to: capacity)
        while known.usedShares.count < capacity.devices.count { known.usedShares.append(0) }
        nodes[node] = known
    }

    mutating func updateHardware(
        _ report: HardwareReport, of node: NodeID, at now: Instant, into output: inout Output
    ) {
        guard let known = nodes[node]?.record else { return }
        let capacity = returned(report.capacity(labels: known.labels), to: node)
        guard known.capacity != capacity || known.address != report.address.advertised else { return }
        setCapacity(capacity, of: node)
        nodes[node]?.record.address = report.address.advertised
        noteDeviceFaults(of: node, since: known.capacity, at: now, into: &output)
        settle(node, reason: "", at: now, into: &output, alwaysWrite: true)
        // Slots that wait for tasks on a device that has failed are to end, those on others are not concerned.
        if nodes[node]?.hasDeviceFault ?? false { grantWaiting(on: node, at: now, into: &output) }
        needsPlacement = true
    }

    /// Compares what the agent runs with what it should run.
    /// - Parameters:
    ///   - isSameProcess: the agent would know of everything that it was ever given.
    ///   - isSameBoot: the machine has not gone down.
    /// - Returns: the incarnations that go on; all that the agent has besides these is foreign or outdated.
    private mutating func reconcile(
        _ reported: [RunningSlot], of node: NodeID, isSameProcess: Bool, isSameBoot: Bool, at now: Instant,
        into output: inout Output
    ) -> [SlotRecord] {
        for slot in nodes[node]?.slots ?? [] {
            guard let record = slots[slot]?.record else { continue }
            if let running = reported.first(where: { $0.key == record.key }) {
                adopt(slot, running, at: now, into: &output)
            } else if record.state == .assigned, isSameProcess {
                loseIncarnation(
                    slot, hasStarted: false, reason: "the assignment did not arrive", at: now, into: &output)
            } else {
                // One that is only assigned may never have arrived, as after a restart of the coordinator.
                let isCrash = !isSameProcess && !(record.state == .assigned && isSameBoot)
                loseIncarnation(
                    slot, hasStarted: true, reason: "the node no longer runs it", isCrash: isCrash, at: now,
                    into: &output)
            }
        }
        // As they are now: a loss may have ended a job, and with it slots that were adopted before.
        return (nodes[node]?.slots ?? []).compactMap { slots[$0]?.record }
    }

    // MARK: Signs of life

    /// The interval that the agent does not know yet; nil where it does.
    mutating func newInterval(for node: NodeID) -> UInt32? {
        let interval = pace.milliseconds(limits)
        guard let known = nodes[node], known.heartbeatMilliseconds != interval, known.version >= .withBeats
        else { return nil }
        issue(interval, to: node)
        return interval
    }

    private mutating func issue(_ interval: UInt32, to node: NodeID) {
        nodes[node]?.heartbeatMilliseconds = interval
        liveness.setInterval(of: node, to: .milliseconds(Int64(interval)))
    }

    mutating func hear(from node: NodeID, at now: Instant, into output: inout Output) {
        guard liveness.hear(node, at: now, limits), nodes[node]?.record.state == .suspect else { return }
        noteReturn(of: node, with: nil, at: now, into: &output)
        settle(node, isHeard: true, reason: "", at: now, into: &output)
        grantWaiting(on: node, at: now, into: &output)
        needsPlacement = true
    }

    mutating func setCredits(_ credits: UInt32, of node: NodeID) {
        nodes[node]?.credits = min(credits, UInt32(ProtocolLimits.slotsPerNode))
        if credits > 0 { needsPlacement = true }
    }

    mutating func expireLiveness(at now: Instant, into output: inout Output) {
        for (node, verdict) in liveness.expired(at: now, limits) {
            switch verdict {
            case .suspect:
                guard nodes[node]?.record.state != .joining else { continue }
                setState(.suspect, of: node, reason: "no sign of life", at: now, into: &output)
            case .lost: lose(node, at: now, into: &output)
            }
        }
    }

    private mutating func lose(_ node: NodeID, at now: Instant, into output: inout Output) {
        guard let known = nodes[node]?.record, known.state != .released else { return }
        if let removal = known.removal {
            conclude(removal, of: node, at: now, into: &output)
            return
        }
        if let connection = nodes[node]?.connection {
            refuse(
                connection,
                Refusal(.overloaded, "your lease is over: connect again", retryAfterMilliseconds: 1_000),
                into: &output)
        }
        setState(.lost, of: node, reason: "its lease is over", at: now, into: &output)
        for slot in nodes[node]?.slots ?? [] {
            guard let record = slots[slot]?.record else { continue }
            let reason = "node '\(known.name)' is lost"
            if jobs[record.job]?.record.specification.onDisconnect == .keep {
                // It may run on there. One that is to stop is told so when the node is back.
                if record.state != .stopping {
                    setState(.lost, of: slot, reason: reason, at: now, into: &output)
                }
            } else {
                // What became of it nobody can tell until the node is back.
                presumeCrash(of: record, on: node)
                loseIncarnation(
                    slot, hasStarted: true, reason: reason, isCrash: true, at: now, into: &output)
            }
        }
        let successor = directory.nodes(named: known.name).first {
            $0 > node && nodes[$0]?.takesItsPlace ?? false
        }
        if let successor { releaseNamesakes(of: successor, at: now, into: &output) }
        needsPlacement = true
    }

    /// The same machine has joined again under a new identity: what it was before need not be kept, unless
    /// something may still run there.
    private mutating func releaseNamesakes(of node: NodeID, at now: Instant, into output: inout Output) {
        guard let name = nodes[node]?.record.name else { return }
        for former in directory.nodes(named: name) where former < node {
            guard let known = nodes[former], known.record.state == .lost, known.slots.isEmpty else {
                continue
            }
            release(former, reason: "replaced by node \(node)", at: now, into: &output)
        }
    }

    mutating func leave(
        _ node: NodeID, on connection: ConnectionID, reason: String, at now: Instant,
        into output: inout Output
    ) {
        connections[connection] = nil
        nodes[node]?.connection = nil
        nodes[node]?.credits = 0
        for slot in nodes[node]?.slots ?? [] {
            // An agent that leaves has told the end of all that it had started.
            let hasStarted = slots[slot]?.record.state != .assigned
            loseIncarnation(
                slot, hasStarted: hasStarted, reason: "its node left: \(reason)", at: now, into: &output)
        }
        liveness.forget(node, at: now, limits)
        nodes[node]?.record.endsAt = nil
        nodes[node]?.record.hasLeft = true
        setState(.lost, of: node, reason: "left: \(reason)", at: now, into: &output)
        if let removal = nodes[node]?.record.removal {
            conclude(removal, of: node, at: now, into: &output)
        }
        needsPlacement = true
    }

    // MARK: Orders

    /// That it is there, and stays.
    func checkTakesOrders(_ node: NodeID) throws(CommandRefusal) {
        guard let record = nodes[node]?.record, record.state != .released else {
            throw CommandRefusal(.notFound, "there is no node \(node)")
        }
        if let removal = record.removal {
            throw CommandRefusal(.conflict, "node \(node) is to be removed: \(removal)")
        }
    }

    mutating func order(
        _ node: NodeID, reason: String, at now: Instant, into output: inout Output,
        _ change: (inout NodeRecord) -> Void
    ) throws(CommandRefusal) -> Reply {
        try checkTakesOrders(node)
        guard var known = nodes[node] else { throw CommandRefusal(.notFound, "there is no node \(node)") }
        change(&known.record)
        if !known.record.isDraining {
            known.emptinessAsked = nil
            known.isEmptyConfirmed = false
        }
        nodes[node] = known
        if known.record.isDraining { quiesce(node, at: now, into: &output) }
        settle(node, reason: reason, at: now, into: &output, alwaysWrite: true)
        // A drain that is taken back: slots may have asked meanwhile.
        if !known.isGoing { grantWaiting(on: node, at: now, into: &output) }
        needsPlacement = true
        return .node(nodes[node]?.record ?? known.record)
    }

    mutating func release(_ node: NodeID, reason: String, at now: Instant, into output: inout Output) {
        for slot in nodes[node]?.slots ?? [] {
            loseIncarnation(slot, hasStarted: true, reason: "its node was removed", at: now, into: &output)
        }
        liveness.forget(node, at: now, limits)
        nodes[node]?.record.removal = nil
        if let capacity = nodes[node]?.record.capacity {
            sharing.noteCapacity(NodeCapacity(), insteadOf: capacity)
        }
        forgetFlaps(of: node)
        setState(.released, of: node, reason: reason, at: now, into: &output)
        releasedNodes.append(node)
        guard releasedNodes.count > limits.releasedNodesKept else { return }
        let oldest = releasedNodes.removeFirst()
        if let record = nodes[oldest]?.record { directory.remove(record) }
        nodes[oldest] = nil
    }

    // MARK: State

    /// Gives a node that is heard from the state which its orders and slots make; a silent one stays what it is.
    /// - Parameter isHeard: it has just given a sign of life.
    mutating func settle(
        _ node: NodeID, isHeard: Bool = false, reason: String, at now: Instant, into output: inout Output,
        alwaysWrite: Bool = false
    ) {
        guard !concludeDrain(of: node, at: now, into: &output), let known = nodes[node] else { return }
        liveness.setLeaving(node, known.record.isDraining, at: now, limits)
        let isSilent: Bool
        switch known.record.state {
        case .released: return
        case .joining, .suspect, .lost: isSilent = !isHeard
        case .ready, .draining, .drained, .cordoned: isSilent = false
        }
        let state = known.stateWhenHeard
        let reason =
            state == .cordoned
            ? cordonReason(of: known.record) : reason.isEmpty ? known.standingReason : reason
        if !isSilent, state != known.record.state || (!reason.isEmpty && reason != known.record.reason) {
            // Drained keeps the reason of the order to drain.
            let reason = reason.isEmpty && state == .drained ? known.record.reason : reason
            setState(state, of: node, reason: reason, at: now, into: &output)
        } else if alwaysWrite {
            output.writes.append(.putNode(known.record))
        }
    }

    private mutating func setState(
        _ state: NodeState, of node: NodeID, reason: String, at now: Instant, into output: inout Output
    ) {
        guard var record = nodes[node]?.record else { return }
        if record.state != state {
            let why = reason.isEmpty ? "" : ": \(reason)"
            output.writes.append(
                .addEvent(EventRecord(at: now, subject: .node(node), message: "\(state.rawValue)\(why)")))
            record.since = now
        }
        record.state = state
        record.reason = reason
        nodes[node]?.record = record
        output.writes.append(.putNode(record))
    }
}
