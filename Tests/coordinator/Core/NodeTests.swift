import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Nodes: the whole output of each event")
struct NodeTests {
    private func welcome(_ node: NodeID, keep: [SlotKey] = []) -> CoordinatorMessage {
        .welcome(
            Welcome(
                version: .current, node: node, cluster: "lab", heartbeatMilliseconds: 5_000,
                leaseMilliseconds: 25_000, keep: keep))
    }

    private func event(_ node: NodeID, _ message: String, at now: Instant) -> Write {
        .addEvent(EventRecord(at: now, subject: .node(node), message: message))
    }

    @Test("a join token admits a key; the same key again gets the same node and costs no use")
    func enroll() {
        var fixture = Fixture()
        _ = fixture.command(
            .createToken(
                name: "t", purpose: .join(pool: "gpu"), secretHash: "hash", expiresAt: .seconds(2_000),
                uses: 2))
        let record = NodeRecord(
            node: NodeID(1), name: "a", pool: "gpu", since: fixture.now, keyFingerprint: "key",
            enrolledAt: fixture.now)
        let token = TokenRecord(
            token: TokenID(1), name: "t", purpose: .join(pool: "gpu"), secretHash: "hash",
            expiresAt: .seconds(2_000), usesLeft: 1, createdAt: fixture.now)
        let enroll = Command.enrollNode(secretHash: "hash", name: "a", keyFingerprint: "key")
        var output = fixture.command(enroll)
        #expect(
            output
                == Output(
                    [.putToken(token), .putNode(record)],
                    [.reply(fixture.request, .enrolled(NodeID(1), pool: "gpu"))]))
        output = fixture.command(enroll)
        #expect(output == .actions([.reply(fixture.request, .enrolled(NodeID(1), pool: "gpu"))]))
    }

    @Test("a refused enrollment costs no use of the token")
    func refusedEnrollment() {
        var limits = Limits.defaults
        limits.nodes = 1
        var fixture = Fixture(limits: limits)
        _ = fixture.command(
            .createToken(name: "t", purpose: .join(pool: "p"), secretHash: "hash", expiresAt: nil, uses: 2))
        func enroll(_ name: String) -> Command {
            .enrollNode(secretHash: "hash", name: name, keyFingerprint: "key of \(name)")
        }
        _ = fixture.command(enroll("a"))
        let output = fixture.command(enroll("b"))
        #expect(output.writes == [])
        guard case .reply(_, .refused(let refusal)) = output.actions.first else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.code == .limitReached)
        #expect(fixture.core.tokens[TokenID(1)]?.usesLeft == 1)
    }

    @Test("a used, expired, revoked or foreign token admits nobody")
    func invalidTokens() {
        var fixture = Fixture()
        func create(_ hash: String, expiresAt: Instant? = nil, uses: UInt32? = nil) {
            _ = fixture.command(
                .createToken(
                    name: hash, purpose: .join(pool: "p"), secretHash: hash, expiresAt: expiresAt, uses: uses)
            )
        }
        create("used", uses: 0)
        create("expired", expiresAt: fixture.now)
        create("revoked")
        _ = fixture.command(.revokeToken(TokenID(3)))
        _ = fixture.command(
            .createToken(
                name: "api", purpose: .api(.admin), secretHash: "api", expiresAt: nil, uses: nil))
        for hash in ["used", "expired", "revoked", "api", "unknown"] {
            let reply = fixture.reply(to: .enrollNode(secretHash: hash, name: "a", keyFingerprint: "k"))
            guard case .refused(let refusal) = reply else {
                Issue.record("'\(hash)' admits")
                continue
            }
            #expect(refusal.code == .tokenInvalid, "\(hash)")
        }
    }

    @Test("hello is answered by a welcome, and the node is ready")
    func hello() {
        var fixture = Fixture.withToken()
        _ = fixture.command(
            .enrollNode(secretHash: Fixture.joinSecretHash, name: "n1", keyFingerprint: "key of 1"))
        let enrolledAt = fixture.now
        fixture.now = fixture.now + .seconds(3)
        let node = NodeID(1)
        let connection = fixture.connect(node)
        let hello = Hello.example(node, gpus: 1, labels: [Label("zone", "b"), Label("a", "b")])
        let record = NodeRecord(
            node: node, name: "n1", pool: "default", state: .ready, since: fixture.now,
            labels: [Label("a", "b"), Label("zone", "b")],
            capacity: hello.hardware.capacity(labels: hello.labels), keyFingerprint: "key of 1",
            address: "10.1.1.1", build: "0.1.0", bootID: "boot", enrolledAt: enrolledAt,
            declared: DeclaredHardware(milliCPU: 2_000, memoryBytes: 8 << 30, devices: 1))
        let output = fixture.say(.hello(hello), on: connection)
        #expect(
            output
                == Output(
                    [event(node, "ready", at: fixture.now), .putNode(record)],
                    [.send(connection, welcome(node))]))
        // The same again writes nothing: a thousand agents that connect again cost no thousand rows.
        _ = fixture.handle(.agentDisconnected(connection, reason: "gone"))
        _ = fixture.place()
        let next = fixture.connect(node)
        #expect(fixture.say(.hello(hello), on: next) == .actions([.send(next, welcome(node))]))
    }

    @Test("a heartbeat is acknowledged, and that is all")
    func heartbeat() {
        var fixture = Fixture.withToken()
        let (_, connection) = fixture.join()
        #expect(
            fixture.say(.heartbeat(Heartbeat(sequence: 9)), on: connection)
                == .actions([.send(connection, .heartbeatAcknowledged(sequence: 9))]))
        #expect(fixture.say(.pull(credits: 5), on: connection) == Output())
        #expect(fixture.say(.logChunk(LogChunk(request: 1)), on: connection) == Output())
        #expect(
            fixture.say(.renewCertificate(certificateRequest: [1, 2]), on: connection)
                == .actions([.renewCertificate(connection, NodeID(1), request: [1, 2])]))
    }

    @Test("a lost connection changes nothing that others see")
    func disconnect() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        #expect(fixture.handle(.agentDisconnected(connection, reason: "reset")) == Output())
        #expect(fixture.handle(.agentDisconnected(connection, reason: "again")) == Output())
        #expect(fixture.say(.pull(credits: 3), on: connection) == Output(), "a dead connection says nothing")
        #expect(fixture.core.nodes[node]?.record.state == .ready)
        let reply = fixture.reply(to: .locateNode(node))
        guard case .refused(let refusal) = reply else {
            Issue.record("located")
            return
        }
        #expect(refusal.code == .nodeUnreachable)
    }

    @Test("whoever speaks before hello, or says it twice, is turned away")
    func orderOfHello() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        let early = fixture.connect(node)
        #expect(
            fixture.say(.pull(credits: 1), on: early)
                == .actions([.refuse(early, Refusal(.protocolViolation, "say hello first"))]))
        #expect(
            fixture.say(.hello(.example(node)), on: connection)
                == .actions([
                    .refuse(connection, Refusal(.protocolViolation, "hello is said once, at first"))
                ]))
        #expect(fixture.core.nodes[node]?.connection == nil)
    }

    @Test("the same agent on a new connection replaces the old one, before that is known to be dead")
    func replaced() {
        var fixture = Fixture.withToken()
        let (node, old) = fixture.join()
        let new = fixture.connect(node)
        #expect(
            fixture.say(.hello(.example(node)), on: new)
                == .actions([
                    .refuse(old, Refusal(.replaced, "the agent connected again")),
                    .send(new, welcome(node)),
                ]))
        #expect(fixture.handle(.agentDisconnected(old, reason: "late")) == Output())
        #expect(fixture.core.nodes[node]?.connection == new)
    }

    @Test("another process with the same identity waits until the lease of the first is over")
    func identityInUse() {
        var fixture = Fixture.withToken()
        let (node, old) = fixture.join()
        fixture.pass(25)
        let new = fixture.connect(node)
        let output = fixture.say(.hello(.example(node, instance: 8)), on: new)
        guard case .refuse(new, let refusal) = output.actions.first else {
            Issue.record("not refused")
            return
        }
        #expect(output.actions.count == 1 && output.writes.isEmpty)
        #expect(refusal.code == .identityInUse && refusal.retryAfterMilliseconds == 5_000)
        fixture.now = fixture.now + .seconds(1)
        #expect(
            fixture.place().actions == [
                .refuse(
                    old,
                    Refusal(
                        .overloaded, "your lease is over: connect again", retryAfterMilliseconds: 1_000))
            ])
        let third = fixture.connect(node)
        let accepted = fixture.say(.hello(.example(node, instance: 8)), on: third)
        #expect(accepted.actions == [.send(third, welcome(node))])
        #expect(fixture.core.nodes[node]?.connection == third)
    }

    @Test("a restarted agent is let in at once when its old connection is known to be dead")
    func restartedAgent() {
        var fixture = Fixture.withToken()
        let (node, old) = fixture.join()
        _ = fixture.handle(.agentDisconnected(old, reason: "reset"))
        let new = fixture.connect(node)
        let output = fixture.say(.hello(.example(node, instance: 8)), on: new)
        #expect(output == .actions([.send(new, welcome(node))]))
    }

    @Test(
        "refusals say why, and leave no trace",
        arguments: [Refusal.Code.versionMismatch, .foreignCluster, .unknownNode, .revoked])
    func refusals(_ code: Refusal.Code) {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        _ = fixture.handle(.agentDisconnected(connection, reason: "reset"))
        var peer = node
        var hello = Hello.example(node)
        var key = "key of \(node)"
        switch code {
        case .versionMismatch: hello.version = ProtocolVersion(major: 2, minor: 0)
        case .foreignCluster: hello.cluster = "other"
        case .unknownNode: peer = NodeID(99)
        default: key = "stolen"
        }
        let next = fixture.connect(peer, key: key)
        let output = fixture.say(.hello(hello), on: next)
        guard case .refuse(next, let refusal) = output.actions.first else {
            Issue.record("not refused")
            return
        }
        #expect(output.actions.count == 1 && output.writes.isEmpty)
        #expect(refusal.code == code && refusal.retryAfterMilliseconds == nil)
        #expect(fixture.say(.hello(hello), on: next) == Output(), "the connection is forgotten")
    }

    @Test("too many connections that say nothing are turned away")
    func tooManyConnections() {
        var limits = Limits.defaults
        limits.unnamedConnections = 1
        var fixture = Fixture(limits: limits)
        _ = fixture.connect(NodeID(1))
        let connection = ConnectionID(50)
        let peer = PeerIdentity(node: NodeID(2), keyFingerprint: "", address: "")
        #expect(
            fixture.handle(.agentConnected(connection, peer))
                == .actions([
                    .refuse(
                        connection,
                        Refusal(.overloaded, "too many agents connect at once", retryAfterMilliseconds: 5_000)
                    )
                ]))
        #expect(fixture.core.connections.count == 1)
    }

    @Test("silence makes a node suspect after three beats and lost when its lease is over, to the second")
    func silence() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        let start = fixture.now
        var seen: [String] = []
        for second in 1...40 {
            fixture.now = start + .seconds(second)
            for write in fixture.place().writes {
                if case .addEvent(let event) = write { seen.append("\(second) \(event.message)") }
            }
        }
        #expect(seen == ["15 suspect: no sign of life", "26 lost: its lease is over"])
        #expect(fixture.core.nodes[node]?.connection == nil)
        #expect(fixture.say(.heartbeat(Heartbeat(sequence: 1)), on: connection) == Output())
    }

    @Test("any word brings a suspect node back")
    func backFromSuspect() throws {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        fixture.pass(15)
        #expect(fixture.core.nodes[node]?.record.state == .suspect)
        var record = try #require(fixture.core.nodes[node]?.record)
        record.state = .ready
        record.reason = ""
        record.since = fixture.now
        #expect(
            fixture.say(.heartbeat(Heartbeat(sequence: 1)), on: connection)
                == Output(
                    [event(node, "ready", at: fixture.now), .putNode(record)],
                    [.send(connection, .heartbeatAcknowledged(sequence: 1))]))
    }

    @Test("orders to a silent node wait with it: it is no better for being cordoned")
    func ordersToSuspect() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        fixture.pass(15)
        _ = fixture.reply(to: .cordonNode(node, reason: "noise"))
        #expect(fixture.core.nodes[node]?.record.state == .suspect)
        _ = fixture.reply(to: .uncordonNode(node))
        #expect(fixture.core.nodes[node]?.record.state == .suspect)
        _ = fixture.reply(to: .drainNode(node, reason: "noise"))
        _ = fixture.say(.heartbeat(Heartbeat(sequence: 1)), on: connection)
        #expect(fixture.core.nodes[node]?.record.state == .draining)
        _ = fixture.say(.empty(generation: 0), on: connection)
        #expect(fixture.core.nodes[node]?.record.state == .drained)
    }

    @Test("a coordinator that did not run for a while blames no node, and says so once")
    func stall() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        fixture.pass(5)
        fixture.now = fixture.now + .seconds(60)
        let output = fixture.say(.heartbeat(Heartbeat(sequence: 1)), on: connection)
        #expect(
            output
                == Output(
                    [
                        .addEvent(
                            EventRecord(
                                at: fixture.now, subject: .cluster,
                                message: "the coordinator did not run for 59000 ms; no node is blamed"))
                    ], [.send(connection, .heartbeatAcknowledged(sequence: 1))]))
        fixture.pass(14)
        #expect(fixture.core.nodes[node]?.record.state == .ready)
        fixture.pass(1)
        #expect(fixture.core.nodes[node]?.record.state == .suspect)
    }

    @Test("a wakeup that has nothing to do asks for the next one later")
    func wakeups() {
        var fixture = Fixture.withToken()
        #expect(fixture.core.nextWakeup == nil)
        _ = fixture.join()
        for _ in 0..<20 {
            guard let wakeup = fixture.core.nextWakeup else {
                Issue.record("nobody watches the node")
                return
            }
            #expect(wakeup > fixture.now)
            fixture.now = wakeup
            _ = fixture.handle(.wakeup)
        }
    }

    @Test("after a restart every node has a fresh lease, but those that never came and those that are lost")
    func restart() {
        var snapshot = Snapshot()
        for (number, state) in zip(1..., NodeState.allCases) where state != .released {
            snapshot.nodes.append(
                NodeRecord(
                    node: NodeID(UInt64(number)), name: "n\(number)", pool: "p", state: state, since: .epoch,
                    isCordoned: state == .cordoned, isDraining: state == .draining || state == .drained,
                    keyFingerprint: "key \(number)", enrolledAt: .epoch))
        }
        var fixture = Fixture(restoring: snapshot)
        fixture.pass(25)
        let states = fixture.core.nodes.values.map(\.record.state)
        #expect(states == [.joining, .suspect, .suspect, .lost, .suspect, .suspect, .suspect])
        fixture.pass(1)
        #expect(
            fixture.core.nodes.values.map(\.record.state) == [.joining] + Array(repeating: .lost, count: 6))
    }

    @Test(
        "no node is lost before the leases are over that a former leader may have renewed, whenever it was heard"
    )
    func failOver() {
        var snapshot = Snapshot()
        for number in [1, 2] as [UInt64] {
            snapshot.nodes.append(
                NodeRecord(
                    node: NodeID(number), name: "n\(number)", pool: "p", state: .ready, since: .epoch,
                    keyFingerprint: "key of \(number)", enrolledAt: .epoch))
        }
        var fixture = Fixture(restoring: snapshot, formerLead: .seconds(10))
        fixture.pass(1)
        let connection = fixture.connect(NodeID(1))
        _ = fixture.say(.hello(.example(NodeID(1))), on: connection)
        fixture.pass(34)
        #expect(fixture.core.nodes.values.map(\.record.state) == [.suspect, .suspect])
        fixture.pass(1)
        #expect(fixture.core.nodes.values.map(\.record.state) == [.lost, .lost])
    }

    @Test(
        "a machine that joins again under a new key takes the place of its lost self, unless something may run there"
    )
    func namesakes() throws {
        var fixture = Fixture.withToken()
        func joinAgain(_ key: String) -> NodeID {
            let number = fixture.core.lastNode + 1
            _ = fixture.command(
                .enrollNode(secretHash: Fixture.joinSecretHash, name: "same", keyFingerprint: key))
            let connection = fixture.connect(NodeID(number), key: key)
            var hello = Hello.example(NodeID(number), instance: number)
            hello.nodeName = "same"
            _ = fixture.say(.hello(hello), on: connection)
            _ = fixture.say(.pull(credits: 1), on: connection)
            _ = fixture.place()
            return NodeID(number)
        }
        func state(_ node: NodeID) -> NodeState? { fixture.core.nodes[node]?.record.state }
        func disconnect(_ node: NodeID) {
            if let connection = fixture.core.nodes[node]?.connection {
                _ = fixture.handle(.agentDisconnected(connection, reason: "reset"))
            }
        }

        // Joined again before the first is lost, and after.
        let first = joinAgain("a")
        disconnect(first)
        let second = joinAgain("b")
        for _ in 0..<26 {
            let connection = try #require(fixture.core.nodes[second]?.connection)
            fixture.pass(1, beatsOn: [connection])
        }
        #expect(state(first) == .released)
        disconnect(second)
        fixture.pass(26)
        #expect(state(second) == .lost)
        let third = joinAgain("c")
        #expect(state(second) == .released)

        // A slot that may run on without the coordinator keeps its node.
        _ = fixture.submit(.single(.service) { $0.onDisconnect = .keep })
        disconnect(third)
        fixture.pass(26)
        let fourth = joinAgain("d")
        #expect(state(third) == .lost)
        #expect(state(fourth) == .ready)
    }
}
