import CoordinatorCore
import CoordinatorGateway
import TLSIdentity
import Testing

/// What an agent with a good certificate can do wrong, and what becomes of it.
@Suite(.timeLimit(.minutes(1))) struct BoundsTests {
    @Test func `Frames are handed over raw, whatever is in them`() async throws {
        let cluster = try await TestCluster()
        let client = try await RawClient.agent(cluster.identity(), port: cluster.port)
        client.sendFrame([0xDE, 0xAD, 0xBE, 0xEF])
        #expect(try await cluster.frame() == [0xDE, 0xAD, 0xBE, 0xEF])
        await cluster.gateway.shutdown()
    }

    @Test func `The pieces of a message become one frame, pings in between notwithstanding`() async throws {
        let cluster = try await TestCluster()
        let client = try await RawClient.agent(cluster.identity(), port: cluster.port)
        client.sendFrame([1, 2], isFinal: false)
        client.sendFrame([7], opcode: 9)
        client.sendFrame([3], opcode: 0, isFinal: false)
        client.sendFrame([4, 5], opcode: 0)
        #expect(try await cluster.frame() == [1, 2, 3, 4, 5])
        _ = try await client.text { $0.contains("\u{8A}\u{01}\u{07}") }
        await cluster.gateway.shutdown()
    }

    @Test func `A frame over the limit closes the connection with the reason`() async throws {
        let cluster = try await TestCluster { $0.frameLimitBytes = 1_024 }
        let client = try await RawClient.agent(cluster.identity(), port: cluster.port)
        client.sendFrame([UInt8](repeating: 1, count: 1_025))
        #expect(try await cluster.disconnectReason().contains("larger than the limit of 1024 bytes"))
        #expect(try await client.textAtEnd().contains("larger than the limit of 1024 bytes"))
        await cluster.gateway.shutdown()
    }

    @Test func `Pieces that are over the limit together close it, too`() async throws {
        let cluster = try await TestCluster { $0.frameLimitBytes = 1_024 }
        let client = try await RawClient.agent(cluster.identity(), port: cluster.port)
        client.sendFrame([UInt8](repeating: 1, count: 1_000), isFinal: false)
        client.sendFrame([UInt8](repeating: 1, count: 25), opcode: 0)
        #expect(try await cluster.disconnectReason().contains("larger than the limit of 1024 bytes"))
        #expect(!cluster.events.all.contains { if case .frame = $0 { true } else { false } })
        await cluster.gateway.shutdown()
    }

    @Test(arguments: [
        (UInt8(1), true, "text"), (UInt8(0), true, "out of order"), (UInt8(2), false, "not masked"),
    ])
    func `Frames that break the protocol close it`(opcode: UInt8, isMasked: Bool, reason: String) async throws
    {
        let cluster = try await TestCluster()
        let client = try await RawClient.agent(cluster.identity(), port: cluster.port)
        client.sendFrame([1, 2, 3], opcode: opcode, isMasked: isMasked)
        #expect(try await cluster.disconnectReason().contains(reason))
        await cluster.gateway.shutdown()
    }

    @Test func `An agent that does not read is cut at the outbound bound`() async throws {
        let cluster = try await TestCluster { $0.outboundLimitBytes = 1 << 20 }
        let client = try await RawClient.agent(cluster.identity(), port: cluster.port)
        try await client.stopReading()
        let (id, _) = try #require(try await cluster.connection())
        // More than the system's buffers can hold.
        let frame = [UInt8](repeating: 7, count: 64 << 10)
        for _ in 0..<64 { cluster.gateway.send((0..<16).map { _ in (id, frame) }) }
        #expect(try await cluster.disconnectReason().contains("reads too slowly"))
        client.close()
        await cluster.gateway.shutdown()
    }

    @Test func `An agent that stays silent is pinged, then cut`() async throws {
        let cluster = try await TestCluster {
            $0.pingAfter = .milliseconds(20)
            $0.cutAfter = .milliseconds(100)
        }
        let client = try await RawClient.agent(cluster.identity(), port: cluster.port)
        _ = try await client.text { $0.contains("\u{89}\u{00}") }
        #expect(try await cluster.disconnectReason().contains("silent"))
        await cluster.gateway.shutdown()
    }

    @Test func `A connection that breaks off is reported once`() async throws {
        let cluster = try await TestCluster()
        let client = try await RawClient.agent(cluster.identity(), port: cluster.port)
        let (id, _) = try #require(try await cluster.connection())
        client.close()
        _ = try await cluster.disconnectReason()
        // Both are for a connection that is gone: nothing comes of them.
        cluster.gateway.send([(id, [1])])
        cluster.gateway.close(id)
        await cluster.gateway.shutdown()
        #expect(cluster.events.all.count { if case .disconnected = $0 { true } else { false } } == 1)
    }

    @Test func `Numbers of connections are never used twice`() async throws {
        let cluster = try await TestCluster()
        for node in 1...8 {
            _ = try await RawClient.agent(cluster.identity(node: UInt64(node)), port: cluster.port)
        }
        try await cluster.events.count(8) { if case .connected = $0 { true } else { false } }
        var ids: Set<ConnectionID> = []
        for case .connected(let id, _) in cluster.events.all { ids.insert(id) }
        #expect(ids.count == 8)
        await cluster.gateway.shutdown()
    }
}
