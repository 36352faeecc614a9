import NIOCore
import NIOPosix
import NIOSSL
import Testing

/// A TLS connection of which the test writes every byte.
struct RawConnection: Sendable {
    private let channel: any Channel
    private let received: AsyncStream<[UInt8]>

    static func open(
        to server: TestServer, maximumTLSVersion: TLSVersion = .tlsv13
    ) async throws -> RawConnection {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(server.authorityPEM.utf8)))
        tls.minimumTLSVersion = .tlsv1
        tls.maximumTLSVersion = maximumTLSVersion
        let context = try NIOSSLContext(configuration: tls)
        let (received, continuation) = AsyncStream<[UInt8]>.makeStream()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: context, serverHostname: nil))
                    try channel.pipeline.syncOperations.addHandler(Collector(continuation))
                }
            }
            .connect(host: "127.0.0.1", port: server.port).get()
        return RawConnection(channel: channel, received: received)
    }

    func write(_ text: String) async throws {
        try await channel.writeAndFlush(ByteBuffer(string: text))
    }

    func request(_ line: String, token: String? = nil, headers: String = "", body: String = "") async throws {
        let authorization = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        try await write("\(line) HTTP/1.1\r\nHost: test\r\n\(authorization)\(headers)\r\n\(body)")
    }

    /// Reads until the text has come.
    /// - Returns: all that came until then; what there was when the connection ended.
    func read(until text: String) async -> String {
        var all = ""
        for await bytes in received {
            all += String(decoding: bytes, as: UTF8.self)
            if all.contains(text) { break }
        }
        return all
    }

    /// Reads until the server closes.
    func readToEnd() async -> String {
        var all = ""
        for await bytes in received { all += String(decoding: bytes, as: UTF8.self) }
        return all
    }

    func close() async throws {
        try await channel.close()
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let continuation: AsyncStream<[UInt8]>.Continuation

        init(_ continuation: AsyncStream<[UInt8]>.Continuation) { self.continuation = continuation }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            continuation.yield(Array(unwrapInboundIn(data).readableBytesView))
        }

        func channelInactive(context: ChannelHandlerContext) { continuation.finish() }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            continuation.finish()
            context.close(promise: nil)
        }
    }
}
