import NIOCore
import NIOPosix
import NIOSSL
import ProtocolMessages
import TLSIdentity

/// A client that can do everything wrong: bytes over TCP or TLS, nothing more.
final class RawClient: Sendable {
    enum Event: Sendable {
        /// All that has come so far.
        case text(String)
        case failed(String)
        case closed
    }

    let events = Inbox<Event>()
    private let channel: any Channel

    /// - Parameter tls: nil for plain TCP.
    init(port: Int, tls: TLSConfiguration? = nil) async throws {
        let context = try tls.map { try NIOSSLContext(configuration: $0) }
        let events = self.events
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: nil))
                    }
                    try channel.pipeline.syncOperations.addHandler(RawHandler(events: events))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    /// Connected and upgraded like a good agent.
    static func agent(_ identity: NodeIdentity, port: Int) async throws -> RawClient {
        let client = try await RawClient(port: port, tls: TLSSettings.agent(identity))
        client.send(upgradeRequest())
        _ = try await client.text { $0.contains("101 Switching Protocols") && $0.contains("\r\n\r\n") }
        return client
    }

    static func upgradeRequest(
        path: String = "/v1/agent", subprotocol: String? = ProtocolVersion.subprotocol
    ) -> String {
        let line = subprotocol.map { "Sec-WebSocket-Protocol: \($0)\r\n" } ?? ""
        return "GET \(path) HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\(line)\r\n"
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }

    /// A WebSocket frame with a mask of zeros, or without one.
    func sendFrame(_ content: [UInt8], opcode: UInt8 = 2, isFinal: Bool = true, isMasked: Bool = true) {
        var frame: [UInt8] = [(isFinal ? 0x80 : 0) | opcode]
        let mask: UInt8 = isMasked ? 0x80 : 0
        if content.count < 126 {
            frame.append(mask | UInt8(content.count))
        } else {
            frame += [mask | 126, UInt8(content.count >> 8), UInt8(content.count & 0xFF)]
        }
        if isMasked { frame += [0, 0, 0, 0] }
        send(frame + content)
    }

    func stopReading() async throws { try await channel.setOption(.autoRead, value: false).get() }

    func close() { channel.close(promise: nil) }

    func text(where predicate: @escaping @Sendable (String) -> Bool) async throws -> String {
        let event = try await events.first { if case .text(let text) = $0 { predicate(text) } else { false } }
        if case .text(let text) = event { return text }
        return ""
    }

    /// Waits for the end; what had come until then.
    func textAtEnd() async throws -> String {
        _ = try await events.first { if case .closed = $0 { true } else { false } }
        var last = ""
        for case .text(let text) in events.all { last = text }
        return last
    }

    func failure() async throws -> String {
        let event = try await events.first { if case .failed = $0 { true } else { false } }
        if case .failed(let text) = event { return text }
        return ""
    }
}

private final class RawHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let events: Inbox<RawClient.Event>
    private var text = ""

    init(events: Inbox<RawClient.Event>) { self.events = events }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Latin 1: every byte is one character.
        text += String(
            String.UnicodeScalarView(unwrapInboundIn(data).readableBytesView.map { Unicode.Scalar($0) }))
        events.append(.text(text))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        events.append(.failed("\(error)"))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { events.append(.closed) }
}
