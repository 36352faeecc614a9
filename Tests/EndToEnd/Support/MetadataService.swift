import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A metadata service that answers like AWS's: documents for those only who have fetched a token before.
struct MetadataService {
    static let token = "c2VjcmV0"

    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel

    /// On a thread of its own: on those that other tests keep busy it would answer too late.
    ///
    /// - Parameter silences: connections that it closes at first without an answer.
    static func start(silences: Int = 0) async throws -> MetadataService {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let left = Mutex(silences)
        let channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                let isSilent = left.withLock { left in
                    left -= 1
                    return left >= 0
                }
                guard !isSilent else { return channel.close() }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(Answer())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return MetadataService(group: group, channel: channel)
    }

    var endpoint: String { "127.0.0.1:\(channel.localAddress?.port ?? 0)" }

    func stop() async throws {
        try await channel.close()
        try await group.shutdownGracefully()
    }

    private final class Answer: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .head(let head) = unwrapInboundIn(data) else { return }
            let body = text(for: head)
            let headers: HTTPHeaders = ["Content-Length": String(body?.utf8.count ?? 0)]
            let status: HTTPResponseStatus = body == nil ? .unauthorized : .ok
            context.write(
                wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))),
                promise: nil)
            if let body {
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
            }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }

        private func text(for head: HTTPRequestHead) -> String? {
            if head.method == .PUT, head.uri == "/latest/api/token" {
                return head.headers.contains(name: "X-aws-ec2-metadata-token-ttl-seconds")
                    ? MetadataService.token : nil
            }
            guard head.headers.first(name: "X-aws-ec2-metadata-token") == MetadataService.token else {
                return nil
            }
            return switch head.uri {
            case "/latest/dynamic/instance-identity/document":
                #"{"instanceId": "i-0a", "instanceType": "p4d.24xlarge", "region": "us-east-1","#
                    + #" "availabilityZone": "us-east-1a"}"#
            case "/latest/meta-data/instance-life-cycle": "spot"
            default: nil
            }
        }
    }
}
