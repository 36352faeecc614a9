import Exposition
import NIOCore
import NIOHTTP1
import NIOPosix

/// `GET /metrics` over plain HTTP, for a Prometheus on this machine.
enum MetricsListener {
    /// A scraper or two, and somebody who looks.
    private static let connectionLimit = 32
    private static let idleLimit = TimeAmount.seconds(60)

    /// - Parameter text: called on the event loop for each scrape.
    /// - Returns: where it listens: "127.0.0.1:9475".
    /// - Throws: `Failure` in the future, where it cannot.
    static func start(
        _ address: SocketAddress, on eventLoop: any EventLoop,
        text: @escaping @Sendable (Exposition.Format) -> [UInt8]
    ) -> EventLoopFuture<String> {
        let open = NIOLoopBoundBox.makeBoxSendingValue(0, eventLoop: eventLoop)
        return ServerBootstrap(group: eventLoop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard open.value < connectionLimit else { throw ChannelError.operationUnsupported }
                    open.value += 1
                    channel.closeFuture.whenComplete { _ in open.value -= 1 }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(IdleStateHandler(allTimeout: idleLimit))
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(MetricsHandler(text: text))
                }
            }
            .bind(to: address)
            .flatMapErrorThrowing { error in
                throw Failure(
                    "Cannot serve metrics on \(address.text): \(error). Choose another --metrics-listen.")
            }
            .map { ($0.localAddress ?? address).text }
    }
}

extension SocketAddress {
    /// ADDRESS:PORT, an IPv6 address in brackets.
    fileprivate var text: String {
        let host = ipAddress ?? "?"
        return (host.contains(":") ? "[\(host)]" : host) + ":\(port ?? 0)"
    }
}

private final class MetricsHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let text: @Sendable (Exposition.Format) -> [UInt8]
    private var request: HTTPRequestHead?

    init(text: @escaping @Sendable (Exposition.Format) -> [UInt8]) { self.text = text }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): request = head
        case .body: break
        case .end:
            if let request { answer(request, context: context) }
            request = nil
        }
    }

    private func answer(_ request: HTTPRequestHead, context: ChannelHandlerContext) {
        let path = request.uri.prefix { $0 != "?" }
        guard path == "/metrics" else {
            return write(.notFound, "There is only /metrics here.\n", request, context: context)
        }
        guard request.method == .GET || request.method == .HEAD else {
            return write(.methodNotAllowed, "/metrics takes GET.\n", request, context: context)
        }
        let format = Exposition.Format(accept: request.headers["accept"].joined(separator: ","))
        let body = ByteBuffer(bytes: text(format))
        write(.ok, type: format.contentType, body, request, context: context)
    }

    private func write(
        _ status: HTTPResponseStatus, _ text: String, _ request: HTTPRequestHead,
        context: ChannelHandlerContext
    ) {
        write(
            status, type: "text/plain; charset=utf-8", ByteBuffer(string: text), request, context: context)
    }

    private func write(
        _ status: HTTPResponseStatus, type: String, _ body: ByteBuffer, _ request: HTTPRequestHead,
        context: ChannelHandlerContext
    ) {
        var headers: HTTPHeaders = [
            "Content-Type": type, "Content-Length": String(body.readableBytes), "Cache-Control": "no-store",
        ]
        if status == .methodNotAllowed { headers.add(name: "Allow", value: "GET, HEAD") }
        if !request.isKeepAlive { headers.add(name: "Connection", value: "close") }
        context.write(
            wrapOutboundOut(
                .head(HTTPResponseHead(version: request.version, status: status, headers: headers))),
            promise: nil)
        if request.method != .HEAD { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        let isLast = !request.isKeepAlive
        context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
            if isLast { context.close(promise: nil) }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
