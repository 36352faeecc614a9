package import ClusterTypes
import ProtocolMessages

extension Coordinator {
    // MARK: Connections

    mutating func acceptConnection(
        _ connection: ConnectionID, _ peer: PeerIdentity, into output: inout Output
    ) {
        connections[connection] = Connection(peer: peer, node: nil)
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
        _ hello: Hello, on connection: ConnectionID, _ known: Connection, at now: Instant,
        into output: inout Output
    ) {
        if let refusal = refusal(of: hello, from: known, at: now) {
            refuse(connection, refusal, into: &output)
            return
        }
        let node = known.peer.node
        if let former = nodes[node]?.connection, former != connection {
            refuse(former, Refusal(.replaced, "the agent connected again"), into: &output)
        }
        connections[connection]?.node = node
        nodes[node]?.connection = connection
        nodes[node]?.credits = 0
        nodes[node]?.instance = hello.instance
        adoptDescription(hello, known.peer, of: node)
        liveness.hear(node, at: now, limits)
        let keep = reconcile(hello.slots, of: node, at: now, into: &output)
        output.actions.append(
            .send(
                connection,
                .welcome(
                    Welcome(
                        version: ProtocolVersion.current.agreed(with: hello.version) ?? .current, node: node,
                        cluster: cluster, heartbeatMilliseconds: limits.heartbeatMilliseconds,
                        leaseMilliseconds: limits.leaseMilliseconds, keep: keep.map(\.key)))))
        for slot in keep where slot.state == .stopping {
            output.actions.append(.send(connection, .stopSlot(slot.key, reason: slot.reason)))
        }
        settle(node, reason: "", at: now, into: &output, alwaysWrite: true)
        needsPlacement = true
    }

    private func refusal(of hello: Hello, from known: Connection, at now: Instant) -> Refusal? {
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
        guard let node = nodes[known.peer.node] else {
            return Refusal(
                .unknownNode, "node \(known.peer.node) is not known here: join again with a new token")
        }
        if node.record.state == .released || node.record.keyFingerprint != known.peer.keyFingerprint {
            return Refusal(.revoked, "node '\(node.record.name)' was removed: join again with a new token")
        }
        if node.connection != nil, node.instance != hello.instance,
            let silence = liveness.silence(of: known.peer.node, at: now), silence < limits.suspectAfter
        {
            return Refusal(
                .identityInUse,
                "another agent of node '\(node.record.name)' is connected: give each agent its own state directory",
                retryAfterMilliseconds: limits.heartbeatMilliseconds)
        }
        return nil
    }

    private mutating func adoptDescription(_ hello: Hello, _ peer: PeerIdentity, of node: NodeID) {
        nodes[node]?.record.name = hello.nodeName
        nodes[node]?.record.build = hello.build
        nodes[node]?.record.bootID = hello.bootID
        nodes[node]?.record.address = hello.hardware.address.advertised
        nodes[node]?.record.labels = hello.labels.sorted()
        setCapacity(hello.hardware.capacity(labels: hello.labels), of: node)
    }

    mutating func setCapacity(_ capacity: NodeCapacity, of node: NodeID) {
        guard var known = nodes[node] else { return }
        known.record.capacity = capacity
        while known.usedShares.count < capacity.devices.count { known.usedShares.append(0) }
        nodes[node] = known
    }

    mutating func updateHardware(
        _ report: HardwareReport, of node: NodeID, at now: Instant, into output: inout Output
    ) {
        guard let labels = nodes[node]?.record.labels else { return }
        let capacity = report.capacity(labels: labels)
        guard nodes[node]?.record.capacity != capacity else { return }
        setCapacity(capacity, of: node)
        nodes[node]?.record.address = report.address.advertised
        settle(node, reason: "", at: now, into: &output, alwaysWrite: true)
        needsPlacement = true
    }

    /// Compares what the agent runs with what it should run.
    /// - Returns: the incarnations that go on; all that the agent has besides these is foreign or outdated.
    private mutating func reconcile(
        _ reported: [RunningSlot], of node: NodeID, at now: Instant, into output: inout Output
    ) -> [SlotRecord] {
        var keep: [SlotRecord] = []
        for slot in nodes[node]?.slots ?? [] {
            guard let record = slots[slot]?.record else { continue }
            guard let running = reported.first(where: { $0.key == record.key }) else {
                let reason =
                    record.state == .assigned ? "the assignment did not arrive" : "the node no longer runs it"
                loseIncarnation(
                    slot, hasStarted: record.state != .assigned, reason: reason, at: now, into: &output)
                continue
            }
            adopt(slot, running, at: now, into: &output)
            if let record = slots[slot]?.record { keep.append(record) }
        }
        return keep
    }

    // MARK: Signs of life

    mutating func hear(from node: NodeID, at now: Instant, into output: inout Output) {
        liveness.hear(node, at: now, limits)
        guard nodes[node]?.record.state == .suspect else { return }
        settle(node, reason: "", at: now, into: &output)
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
        guard let name = nodes[node]?.record.name else { return }
        if let connection = nodes[node]?.connection {
            refuse(
                connection,
                Refusal(.overloaded, "your lease is over: connect again", retryAfterMilliseconds: 1_000),
                into: &output)
        }
        setState(.lost, of: node, reason: "its lease is over", at: now, into: &output)
        for slot in nodes[node]?.slots ?? [] {
            guard let record = slots[slot]?.record else { continue }
            if jobs[record.job]?.record.specification.onDisconnect == .keep, record.state != .assigned {
                setState(.lost, of: slot, reason: "node '\(name)' is lost", at: now, into: &output)
            } else {
                loseIncarnation(
                    slot, hasStarted: true, reason: "node '\(name)' is lost", at: now, into: &output)
            }
        }
        // The same machine may have joined again under a new identity.
        let successor = nodes.values.first {
            $0.record.name == name && $0.record.node > node && $0.record.state != .released
        }
        if let successor {
            release(node, reason: "replaced by node \(successor.record.node)", at: now, into: &output)
        }
        needsPlacement = true
    }

    mutating func leave(
        _ node: NodeID, on connection: ConnectionID, reason: String, at now: Instant,
        into output: inout Output
    ) {
        for slot in nodes[node]?.slots ?? [] {
            loseIncarnation(
                slot, hasStarted: true, reason: "its node left: \(reason)", at: now, into: &output)
        }
        connections[connection] = nil
        nodes[node]?.connection = nil
        nodes[node]?.credits = 0
        liveness.forget(node)
        setState(.lost, of: node, reason: "left: \(reason)", at: now, into: &output)
        needsPlacement = true
    }

    // MARK: Orders

    mutating func order(
        _ node: NodeID, reason: String, at now: Instant, into output: inout Output,
        _ change: (inout NodeRecord) -> Void
    ) throws(CommandRefusal) -> Reply {
        guard var known = nodes[node], known.record.state != .released else {
            throw CommandRefusal(.notFound, "there is no node \(node)")
        }
        change(&known.record)
        nodes[node] = known
        if known.record.isDraining { quiesce(node, at: now, into: &output) }
        settle(node, reason: reason, at: now, into: &output, alwaysWrite: true)
        needsPlacement = true
        return .node(nodes[node]?.record ?? known.record)
    }

    mutating func remove(
        _ node: NodeID, reason: String, at now: Instant, into output: inout Output
    ) throws(CommandRefusal) -> Reply {
        guard let known = nodes[node], known.record.state != .released else {
            throw CommandRefusal(.notFound, "there is no node \(node)")
        }
        if let connection = known.connection {
            refuse(connection, Refusal(.revoked, "the node was removed: \(reason)"), into: &output)
        }
        release(node, reason: reason, at: now, into: &output)
        needsPlacement = true
        return .node(nodes[node]?.record ?? known.record)
    }

    private mutating func release(_ node: NodeID, reason: String, at now: Instant, into output: inout Output)
    {
        for slot in nodes[node]?.slots ?? [] {
            loseIncarnation(slot, hasStarted: true, reason: "its node was removed", at: now, into: &output)
        }
        liveness.forget(node)
        setState(.released, of: node, reason: reason, at: now, into: &output)
    }

    // MARK: State

    /// Gives a node that is heard from the state which its orders and slots make.
    mutating func settle(
        _ node: NodeID, reason: String, at now: Instant, into output: inout Output, alwaysWrite: Bool = false
    ) {
        guard let known = nodes[node], known.record.state != .released else { return }
        let isHeard =
            known.connection != nil || known.record.state == .draining || known.record.state == .drained
        let state = isHeard ? known.stateWhenHeard : known.record.state
        if state != known.record.state || (!reason.isEmpty && reason != known.record.reason) {
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
