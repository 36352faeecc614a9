import Foundation
import NIOCore
import NIOPosix

/// Requests without TLS, for servers of this machine: one connection each.
enum PlainHTTP {
    /// The body of the answer.
    ///
    /// - Parameter address: "127.0.0.1:PORT".
    static func get(_ address: String, _ path: String) async throws -> String {
        let parts = address.split(separator: ":")
        guard parts.count == 2, let port = Int(parts[1]) else { throw TestFailure("no address: \(address)") }
        let group = MultiThreadedEventLoopGroup.singleton
        let ended = group.next().makePromise(of: String.self)
        let channel = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(ended))
                }
            }
            .connect(host: String(parts[0]), port: port).flatMapError { error in
                ended.fail(error)
                return group.next().makeFailedFuture(error)
            }.get()
        // An answer to HTTP/1.0 has one piece, and ends with the connection.
        try await channel.writeAndFlush(
            ByteBuffer(string: "GET \(path) HTTP/1.0\r\nHost: \(address)\r\n\r\n"))
        let answer = try await ended.futureResult.get()
        guard answer.hasPrefix("HTTP/1.0 200 ") || answer.hasPrefix("HTTP/1.1 200 "),
            let end = answer.range(of: "\r\n\r\n")
        else { throw TestFailure("\(address)\(path) answered: \(answer.prefix(1_000))") }
        return String(answer[end.upperBound...])
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let ended: EventLoopPromise<String>
        private var text = ByteBuffer()

        init(_ ended: EventLoopPromise<String>) { self.ended = ended }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var piece = unwrapInboundIn(data)
            text.writeBuffer(&piece)
        }

        func channelInactive(context: ChannelHandlerContext) { ended.succeed(String(buffer: text)) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            ended.fail(error)
            context.close(promise: nil)
        }
    }
}
