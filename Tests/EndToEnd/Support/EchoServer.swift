import NIOCore
import NIOPosix
import Synchronization

/// Says again what it hears, and counts connections that have ended.
final class EchoServer: Sendable {
    private let ended = Mutex(0)
    private let listener = Mutex<(any Channel)?>(nil)

    var endedConnections: Int { ended.withLock { $0 } }

    func start(on host: String) async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.closeFuture.whenComplete { _ in self.ended.withLock { $0 += 1 } }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(EchoHandler())
                }
            }
            .bind(host: host, port: 0).get()
        listener.withLock { $0 = channel }
        return channel.localAddress?.port ?? 0
    }

    func stop() async { try? await listener.withLock { $0 }?.close() }
}

private final class EchoHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(data, promise: nil)
    }
}

/// One connection to it: what came back, and whether it stands.
final class EchoClient: Sendable {
    private let channel: any Channel
    private let collector: Collector

    static func connect(to host: String, port: Int) async throws -> EchoClient {
        let handler = Collector()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { $0.pipeline.addHandler(handler) }
            .connect(host: host, port: port).get()
        return EchoClient(channel, handler)
    }

    private init(_ channel: any Channel, _ collector: Collector) {
        self.channel = channel
        self.collector = collector
    }

    func say(_ text: String) { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }
    var heard: String { collector.text }
    var isOpen: Bool { channel.isActive }
    func close() async { try? await channel.close() }

    private final class Collector: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let bytes = Mutex("")
        var text: String { bytes.withLock { $0 } }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let text = String(buffer: unwrapInboundIn(data))
            bytes.withLock { $0 += text }
        }
    }
}
