import ClusterTypes
import HTTPSClient
import NIOCore
import NIOEmbedded
import NIOWebSocket
import ProtocolMessages
import TLSIdentity
import Testing

@testable import AgentLink

/// The agent's end of the WebSocket in virtual time.
@Suite struct LinkConnectionTests {
    private let channel = EmbeddedChannel()
    private let connection: LinkConnection

    init() throws {
        let now = Instant(microseconds: 1_780_000_000_000_000)
        let authority = try CertificateAuthority.create(cluster: "alpha", now: now)
        let key = NodeKey.generate()
        let request = try CertificateRequest(der: key.certificateRequestDER(name: "test"))
        let identity = try NodeIdentity(
            node: NodeID(1), cluster: "alpha", agentEndpoints: [], apiURLs: [], key: key,
            certificatePEM: authority.issueNode(request, node: NodeID(1), now: now),
            authorityPEM: authority.certificatePEM)
        let link = AgentLink(eventLoop: channel.eventLoop, identity: identity) { _ in }
        connection = LinkConnection(
            link: link, endpoint: HTTPSEndpoint(host: "head", port: 1), configuration: .defaults)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(SignsOfLife())
        try pipeline.addHandler(WebSocketFrameEncoder())
        try pipeline.addHandler(ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: 1_024)))
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        try pipeline.addHandler(connection)
    }

    /// The first byte of every frame that went out: kind and final bit. Frames are short and masked.
    private func sentKinds() throws -> [UInt8] {
        channel.embeddedEventLoop.run()
        var bytes: [UInt8] = []
        while let piece = try channel.readOutbound(as: ByteBuffer.self) {
            bytes += Array(piece.readableBytesView)
        }
        var kinds: [UInt8] = []
        while bytes.count >= 6 {
            kinds.append(bytes[0])
            bytes.removeFirst(min(bytes.count, 6 + Int(bytes[1] & 0x7F)))
        }
        return kinds
    }

    @Test func `A ping is answered`() throws {
        try channel.writeInbound(ByteBuffer(bytes: [0x89, 0x02, 1, 2]))
        #expect(try sentKinds() == [0x8A])
    }

    @Test func `After 20 seconds of silence the coordinator is pinged once`() throws {
        channel.embeddedEventLoop.advanceTime(by: .seconds(19))
        #expect(try sentKinds().isEmpty)
        channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        #expect(try sentKinds() == [0x89])
    }

    @Test func `After 60 seconds of silence the connection is given up`() throws {
        channel.embeddedEventLoop.advanceTime(by: .seconds(59))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    @Test func `Any byte starts the silence anew`() throws {
        for _ in 0..<10 {
            channel.embeddedEventLoop.advanceTime(by: .seconds(15))
            try channel.writeInbound(ByteBuffer(bytes: [0x8A, 0x00]))
        }
        #expect(channel.isActive)
        #expect(try sentKinds().isEmpty)
    }
}
