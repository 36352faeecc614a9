import NIOCore
import NIOHTTP1
import NIOSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Who gets a body piece by piece.
struct BodyStream: Sendable {
    var onHead: @Sendable (_ status: Int, _ headers: [(String, String)]) -> Void
    var onBody: @Sendable ([UInt8]) -> Void
}

/// One request and what has come of its answer. Lives on the client's event loop.
final class Exchange {
    let request: HTTPSRequest
    private let endpoint: HTTPSEndpoint
    private let stream: BodyStream?
    private let promise: EventLoopPromise<HTTPSResponse>
    private var deadline: Scheduled<Void>?
    private var response: HTTPSResponse?
    private(set) var isOver = false
    /// Where the connection is an old one, the way to another try: the server may have just ended it.
    var retry: ((Exchange) -> Void)?
    /// Ends the connection that works on this; set while there is one.
    var abandon: (() -> Void)?

    init(
        _ request: HTTPSRequest, at endpoint: HTTPSEndpoint, stream: BodyStream?,
        promise: EventLoopPromise<HTTPSResponse>
    ) {
        self.request = request
        self.endpoint = endpoint
        self.stream = stream
        self.promise = promise
    }

    func startDeadline(on eventLoop: any EventLoop) {
        let timeout = request.timeout
        deadline = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(timeout)) { [self] in
            fail(
                HTTPSError(
                    .timedOut,
                    "\(endpoint) gave no answer to \(request.method) \(request.path) within \(timeout). Check that "
                        + "the server is well, or allow more time."))
        }
    }

    func received(_ head: HTTPResponseHead) {
        retry = nil
        let headers = head.headers.map { ($0.name, $0.value) }
        let response = HTTPSResponse(status: Int(head.status.code), headers: headers, body: [])
        self.response = response
        if let stream, response.isSuccess {
            deadline?.cancel()
            stream.onHead(response.status, headers)
        }
    }

    func received(_ piece: ByteBuffer) {
        guard var response else { return }
        if let stream, response.isSuccess {
            stream.onBody(Array(piece.readableBytesView))
            return
        }
        guard response.body.count + piece.readableBytes <= HTTPSClient.bodyLimitBytes else {
            fail(
                HTTPSError(
                    .tooLarge,
                    "The answer of \(endpoint) to \(request.method) \(request.path) is larger than "
                        + "\(HTTPSClient.bodyLimitBytes >> 20) MiB. Ask for less at a time."))
            return
        }
        self.response = nil
        response.body.append(contentsOf: piece.readableBytesView)
        self.response = response
    }

    func finish() {
        guard !isOver, let response else { return }
        end()
        promise.succeed(response)
    }

    /// The first failure counts; it ends the connection, too.
    func fail(_ error: any Error, certificate: NIOSSLCertificate? = nil) {
        guard !isOver else { return }
        let failure = HTTPSError(
            explaining: error, at: endpoint, certificate: certificate, nowSeconds: Int64(time(nil)))
        if failure.code == .closedEarly, let retry {
            self.retry = nil
            abandon = nil
            retry(self)
            return
        }
        let abandon = self.abandon
        end()
        abandon?()
        promise.fail(failure)
    }

    private func end() {
        isOver = true
        deadline?.cancel()
        abandon = nil
        retry = nil
    }
}

/// Works on one exchange after the other on its connection.
final class ExchangeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let endpoint: HTTPSEndpoint
    private let onIdle: () -> Void
    private var context: ChannelHandlerContext?
    private var exchange: Exchange?
    private var mayGoOn = false

    init(endpoint: HTTPSEndpoint, onIdle: @escaping () -> Void) {
        self.endpoint = endpoint
        self.onIdle = onIdle
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func start(_ exchange: Exchange) {
        guard let context, context.channel.isActive else {
            exchange.fail(HTTPSError.closedEarly(endpoint))
            return
        }
        self.exchange = exchange
        mayGoOn = false
        exchange.abandon = { context.close(promise: nil) }
        let request = exchange.request
        var headers = HTTPHeaders(request.headers)
        headers.replaceOrAdd(name: "Host", value: endpoint.authority)
        if !request.body.isEmpty || request.method != "GET" {
            headers.replaceOrAdd(name: "Content-Length", value: String(request.body.count))
        }
        let head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: request.method), uri: request.path,
            headers: headers)
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenFailure { error in
            // A connection that closes says why by itself, and better.
            if error as? ChannelError == nil { exchange.fail(error) }
        }
        context.write(wrapOutboundOut(.head(head)), promise: sent)
        if !request.body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: request.body)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            mayGoOn = head.isKeepAlive
            exchange?.received(head)
        case .body(let piece):
            exchange?.received(piece)
        case .end:
            let exchange = self.exchange
            self.exchange = nil
            if mayGoOn, exchange?.isOver == false {
                onIdle()
            } else {
                context.close(promise: nil)
            }
            exchange?.finish()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let exchange = self.exchange
        self.exchange = nil
        let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()
        exchange?.fail(error, certificate: certificate)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let exchange = self.exchange
        self.exchange = nil
        exchange?.fail(HTTPSError.closedEarly(endpoint))
        context.fireChannelInactive()
    }
}
