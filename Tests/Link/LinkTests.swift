import AgentLink
import ClusterTypes
import CoordinatorCore
import CoordinatorGateway
import HTTPSClient
import ProtocolCodec
import ProtocolMessages
import TLSIdentity
import NIOCore
import NIOPosix
import Testing

/// The agent's link and the gateway with each other, over real sockets.
@Suite(.timeLimit(.minutes(1))) struct LinkTests {
    @Test func `A good agent is let in and messages go both ways`() async throws {
        let cluster = try await TestCluster()
        let identity = try cluster.identity(node: 7)
        let agent = TestAgent(identity)
        agent.connect()
        try await agent.connected()
        let (id, peer) = try #require(try await cluster.connection())
        #expect(
            peer
                == PeerIdentity(
                    node: NodeID(7), keyFingerprint: identity.key.fingerprint, address: "127.0.0.1"))

        agent.send([.pull(credits: 3)])
        var decoder = FrameDecoder()
        #expect(try decoder.agentMessage(try await cluster.frame()) == .pull(credits: 3))

        let answer = CoordinatorMessage.heartbeatAcknowledged(sequence: 5)
        cluster.gateway.send([(id, try cluster.frame(answer))])
        let expected = LinkEvent.message(answer)
        #expect(try await agent.events.first { $0 == expected } == expected)
        await cluster.gateway.shutdown()
    }

    @Test func `Many messages of one turn arrive in order and in few batches`() async throws {
        let cluster = try await TestCluster()
        let agent = TestAgent(try cluster.identity())
        agent.connect()
        try await agent.connected()
        agent.send((1...500).map { .pull(credits: $0) })
        try await cluster.events.count(500) { if case .frame = $0 { true } else { false } }
        var decoder = FrameDecoder()
        var credits: [UInt32] = []
        for case .frame(_, let bytes) in cluster.events.all {
            if case .pull(let number) = try decoder.agentMessage(bytes) { credits.append(number) }
        }
        #expect(credits == Array(1...500))
        #expect(cluster.batches.all.count < 250)
        await cluster.gateway.shutdown()
    }

    @Test func `Frames to several agents each reach their own`() async throws {
        let cluster = try await TestCluster()
        let agents = try (1...6).map { TestAgent(try cluster.identity(node: $0)) }
        for agent in agents { agent.connect() }
        try await cluster.events.count(6) { if case .connected = $0 { true } else { false } }
        var frames: [(ConnectionID, [UInt8])] = []
        for case .connected(let id, let peer) in cluster.events.all {
            frames.append((id, try cluster.frame(.heartbeatAcknowledged(sequence: peer.node.rawValue))))
        }
        cluster.gateway.send(frames)
        for (node, agent) in zip(UInt64(1)..., agents) {
            _ = try await agent.events.first { $0 == .message(.heartbeatAcknowledged(sequence: node)) }
        }
        await cluster.gateway.shutdown()
    }

    @Test func `What was sent before the close arrives, then the reason`() async throws {
        let cluster = try await TestCluster()
        let agent = TestAgent(try cluster.identity())
        agent.connect()
        let (id, _) = try #require(try await cluster.connection())
        let refusal = CoordinatorMessage.refusal(Refusal(.revoked, "The node was removed."))
        cluster.gateway.send([(id, try cluster.frame(refusal))])
        cluster.gateway.close(id, reason: "the node was removed")
        let end = try await agent.disconnected()
        #expect(end.code == .closed)
        #expect(end.reason.contains("the node was removed"))
        #expect(agent.events.all.contains(.message(refusal)))
        #expect(try await cluster.disconnectReason() == "the node was removed")
        await cluster.gateway.shutdown()
    }

    @Test func `An agent that disconnects is gone at once and its reason arrives`() async throws {
        let cluster = try await TestCluster()
        let agent = TestAgent(try cluster.identity())
        agent.connect()
        try await agent.connected()
        agent.disconnect()
        #expect(try await agent.disconnected() == ("the test disconnects", .closed))
        #expect(try await cluster.disconnectReason().contains("the test disconnects"))
        agent.connect()
        try await agent.events.count(2) { $0 == .connected }
        await cluster.gateway.shutdown()
    }

    @Test func `A shutdown says farewell to every agent and ends with all connections closed`() async throws {
        let cluster = try await TestCluster()
        let agents = try (1...3).map { TestAgent(try cluster.identity(node: $0)) }
        for agent in agents { agent.connect() }
        try await cluster.events.count(3) { if case .connected = $0 { true } else { false } }
        await cluster.gateway.shutdown()
        #expect(cluster.events.all.count { if case .disconnected = $0 { true } else { false } } == 3)
        for agent in agents {
            #expect(try await agent.disconnected().reason.contains("the coordinator goes down"))
        }
        #expect(try await TestAgent(try cluster.identity()).connectAndFail().code == .refused)
    }

    @Test func `Endpoints are tried in order until one answers`() async throws {
        let gone = try await TestCluster()
        await gone.gateway.shutdown()
        let cluster = try await TestCluster()
        let agent = TestAgent(try cluster.identity(), endpoints: [gone.address, cluster.address])
        agent.connect()
        try await agent.connected()
        await cluster.gateway.shutdown()
    }

    @Test func `When no endpoint answers, the reason names each`() async throws {
        let first = try await TestCluster()
        let second = try await TestCluster()
        await first.gateway.shutdown()
        await second.gateway.shutdown()
        let agent = TestAgent(try first.identity(), endpoints: [first.address, second.address, "nonsense"])
        let end = try await agent.connectAndFail()
        #expect(end.code == .refused)
        for part in [first.address, second.address, "'nonsense'"] { #expect(end.reason.contains(part)) }
    }

    @Test func `A frame that is no message ends the link with the reason on both sides`() async throws {
        let cluster = try await TestCluster()
        let agent = TestAgent(try cluster.identity())
        agent.connect()
        let (id, _) = try #require(try await cluster.connection())
        cluster.gateway.send([(id, [9, 9, 9])])
        let end = try await agent.disconnected()
        #expect(end.code == .protocolViolation)
        #expect(end.reason.contains("cannot be read"))
        #expect(try await cluster.disconnectReason().contains("cannot be read"))
        await cluster.gateway.shutdown()
    }

    @Test func `A paused gateway takes nothing, and everything after it resumes`() async throws {
        let cluster = try await TestCluster()
        let patient = TestAgent(try cluster.identity())
        patient.connect()
        try await patient.connected()
        let (id, _) = try #require(try await cluster.connection())
        let hasty = TestAgent(try cluster.identity(node: 8)) {
            $0.pingAfter = .milliseconds(20)
            $0.cutAfter = .milliseconds(300)
        }
        hasty.connect()
        try await hasty.connected()
        cluster.gateway.pauseReading()
        // Every loop has heard of it before anything is sent.
        for eventLoop in MultiThreadedEventLoopGroup.singleton.makeIterator() {
            try await eventLoop.submit {}.get()
        }
        let messages: [AgentMessage] = [.pull(credits: 1), .pull(credits: 2)]
        patient.send(messages)
        hasty.send(messages)
        // Nobody reads its pings: it gives up, and what the patient one sent has had all that time.
        #expect(try await hasty.disconnected().code == .unresponsive)
        #expect(!cluster.events.all.contains { if case .frame = $0 { true } else { false } })
        cluster.gateway.resumeReading()
        var encoder = FrameEncoder()
        let frames = try messages.map { GatewayEvent.frame(id, try encoder.encode($0)) }
        let last = frames[1]
        _ = try await cluster.events.first { $0 == last }
        #expect(cluster.events.all.filter { frames.contains($0) } == frames)
        await cluster.gateway.shutdown()
    }

    @Test func `An agent that answers pings is pinged again`() async throws {
        let cluster = try await TestCluster {
            $0.pingAfter = .milliseconds(10)
            $0.cutAfter = .seconds(30)
        }
        let raw = try await RawClient.agent(cluster.identity(), port: cluster.port)
        // The gateway pings, is answered, and pings again.
        _ = try await raw.text { $0.contains("\u{89}\u{00}") }
        raw.sendFrame([], opcode: 10)
        _ = try await raw.text {
            $0.split(separator: "\u{89}\u{00}", omittingEmptySubsequences: false).count > 2
        }
        #expect(!cluster.events.all.contains { if case .disconnected = $0 { true } else { false } })
        await cluster.gateway.shutdown()
    }
}
