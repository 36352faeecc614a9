import HTTPSClient
import NIOCore
import NIOHTTP1
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
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// What is read of an answer that says no.
    private static let answerLimitBytes = 4_096

    let configuration: LinkConfiguration
    private let link: AgentLink
    private let endpoint: HTTPSEndpoint
    private var completion: ((Result<LinkConnection, HTTPSError>) -> Void)?
    private var deadline: Scheduled<Void>?
    private var status: HTTPResponseStatus?
    private var answer = ByteBuffer()
    private var context: ChannelHandlerContext?

    init(
        link: AgentLink, endpoint: HTTPSEndpoint, configuration: LinkConfiguration,
        completion: @escaping (Result<LinkConnection, HTTPSError>) -> Void
    ) {
        self.link = link
        self.endpoint = endpoint
        self.configuration = configuration
        self.completion = completion
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let timeout = configuration.connectTimeout
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(timeout)) { [self] in
            fail(
                HTTPSError(
                    .timedOut,
                    "\(endpoint) did not finish the handshake within \(timeout). Check that it is the agents' port of "
                        + "a coordinator that is well."), certificate: nil)
            context.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        self.context = nil
    }

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

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { sendRequest(context: context) }
        context.fireUserInboundEventTriggered(event)
    }

    private func sendRequest(context: ChannelHandlerContext) {
        let headers: HTTPHeaders = [
            "Host": endpoint.description, "Content-Length": "0",
            "Sec-WebSocket-Protocol": ProtocolVersion.subprotocol,
        ]
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/v1/agent", headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// The server has agreed to the upgrade.
    func upgraded(_ channel: any Channel, _ head: HTTPResponseHead) throws {
        guard head.headers["Sec-WebSocket-Protocol"] == [ProtocolVersion.subprotocol] else {
            throw HTTPSError(
                .turnedAway,
                "\(endpoint) does not speak \(ProtocolVersion.subprotocol). Check that it is the agents' port of a "
                    + "coordinator of this version.")
        }
        let connection = LinkConnection(link: link, endpoint: endpoint, configuration: configuration)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(
            NIOWebSocketFrameAggregator(
                minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1_024,
                maxAccumulatedFrameSize: configuration.frameLimitBytes))
        try pipeline.addHandler(connection)
        pipeline.removeHandler(self, promise: nil)
        complete(.success(connection))
    }

    /// Only an answer that is no upgrade comes here.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): status = head.status
        case .body(var piece):
            let room = LinkHandshake.answerLimitBytes - answer.readableBytes
            if var part = piece.readSlice(length: min(room, piece.readableBytes)) {
                answer.writeBuffer(&part)
            }
        case .end:
            let text = String(decoding: answer.readableBytesView, as: UTF8.self)
                .split(whereSeparator: \.isNewline).first.map(String.init)
            let reason = text ?? "it answers \(status?.code ?? 0) \(status?.reasonPhrase ?? "")"
            fail(HTTPSError(.turnedAway, "\(endpoint) turned us away: \(reason)"), certificate: nil)
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()
        if error is NIOHTTPClientUpgradeError || error is NIOWebSocketUpgradeError {
            fail(
                HTTPSError(
                    .turnedAway,
                    "\(endpoint) does not speak WebSocket as agents do. Check that it is the agents' port of a "
                        + "coordinator."), certificate: nil)
        } else {
            fail(error, certificate: certificate)
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(
            HTTPSError(
                .closedEarly,
                "\(endpoint) closed the connection during the handshake. The coordinator's log says why."),
            certificate: nil)
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
