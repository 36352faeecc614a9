import HTTPSClient
import NIOCore
import NIOSSL
import NIOTLS
import NIOWebSocket
import ProtocolMessages

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// From the dialed connection to the WebSocket, or to a sentence that says why not.
final class LinkHandshake: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What is read of the text of an answer that says no.
    private static let refusalLimitBytes = 4_096

    private let link: AgentLink
    private let endpoint: HTTPSEndpoint
    private let request: UpgradeRequest
    private var completion: ((Result<LinkConnection, HTTPSError>) -> Void)?
    private var deadline: Scheduled<Void>?
    private var received = ByteBuffer()
    /// An answer that says no, while its text is read.
    private var refusal: UpgradeAnswer?

    init(
        link: AgentLink, endpoint: HTTPSEndpoint,
        completion: @escaping (Result<LinkConnection, HTTPSError>) -> Void
    ) {
        self.link = link
        self.endpoint = endpoint
        self.completion = completion
        request = UpgradeRequest(endpoint: endpoint)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let timeout = link.configuration.connectTimeout
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(timeout)) { [self] in
            fail(
                HTTPSError(
                    .timedOut,
                    "\(endpoint) did not finish the handshake within \(timeout). Check that it is the agents' port of "
                        + "a coordinator that is well."), certificate: nil)
            context.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    private func complete(_ result: Result<LinkConnection, HTTPSError>) {
        deadline?.cancel()
        let completion = self.completion
        self.completion = nil
        completion?(result)
    }

    /// The first failure counts.
    func fail(_ error: any Error, certificate: NIOSSLCertificate?) {
        complete(
            .failure(
                HTTPSError(
                    explaining: error, at: endpoint, certificate: certificate, nowSeconds: Int64(time(nil)))))
    }

    func channelActive(context: ChannelHandlerContext) {
        link.onStep?(.connected)
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            link.onStep?(.secured)
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request.text)), promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard completion != nil else { return }
        var piece = unwrapInboundIn(data)
        received.writeBuffer(&piece)
        do {
            if refusal == nil, let answer = try UpgradeAnswer(reading: &received, from: endpoint) {
                if answer.agrees(to: request) {
                    link.seenAddress = answer.seenAddress
                    try upgrade(context: context)
                    return
                }
                refusal = answer
            }
            guard let refusal else { return }
            if received.readableBytes >= min(refusal.contentLength ?? 0, LinkHandshake.refusalLimitBytes) {
                turnedAway(refusal)
                context.close(promise: nil)
            }
        } catch {
            fail(error, certificate: nil)
            context.close(promise: nil)
        }
    }

    /// All in this turn: what came with the answer is read by the new handlers.
    private func upgrade(context: ChannelHandlerContext) throws {
        let limit = link.configuration.frameLimitBytes
        let connection = LinkConnection(link: link, endpoint: endpoint, configuration: link.configuration)
        let pipeline = context.pipeline.syncOperations
        try pipeline.addHandler(WebSocketFrameEncoder())
        try pipeline.addHandler(ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: limit)))
        try pipeline.addHandler(
            NIOWebSocketFrameAggregator(
                minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1_024, maxAccumulatedFrameSize: limit))
        try pipeline.addHandler(connection)
        complete(.success(connection))
        if received.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(received)) }
        pipeline.removeHandler(context: context, promise: nil)
    }

    private func turnedAway(_ answer: UpgradeAnswer) {
        let text = String(
            decoding: received.readableBytesView.prefix(LinkHandshake.refusalLimitBytes), as: UTF8.self)
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init)
        let reason =
            answer.status == 101
            ? "it does not speak \(ProtocolVersion.subprotocol). Check that it is the agents' port of a coordinator of "
                + "this version." : line ?? "it answers with status \(answer.status)."
        fail(HTTPSError(.turnedAway, "\(endpoint) turned us away: \(reason)"), certificate: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error, certificate: try? context.pipeline.syncOperations.nioSSL_peerCertificate())
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let refusal {
            turnedAway(refusal)
        } else {
            fail(
                HTTPSError(
                    .closedEarly,
                    "\(endpoint) closed the connection during the handshake. The coordinator's log says why."),
                certificate: nil)
        }
        context.fireChannelInactive()
    }
}

/// Notices that bytes come, also in the middle of a long message.
final class SignsOfLife: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// Something has come since this was last set to false.
    var hasHeard = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasHeard = true
        context.fireChannelRead(data)
    }
}
