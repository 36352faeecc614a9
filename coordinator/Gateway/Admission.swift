import ClusterTypes
import CoordinatorCore
import NIOCore
import NIOHTTP1
import NIOSSL
import NIOTLS
import NIOWebSocket
import ProtocolMessages
import TLSIdentity

/// Lets a connection in or turns it away, with the reason said to both sides: here in the log, there as a TLS
/// alert or an HTTP answer. It leaves the pipeline when the connection has become an agent's.
final class Admission: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private struct Refusal {
        var status: HTTPResponseStatus
        var reason: String
    }

    private let loop: GatewayLoop
    private let gate: Gate
    private var context: ChannelHandlerContext?
    private var deadline: Scheduled<Void>?
    private var certificate: Result<NodeCertificate, IdentityError>?
    private var refusal: Refusal?
    private var isOver = false

    init(loop: GatewayLoop, gate: Gate) {
        self.loop = loop
        self.gate = gate
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.handshakeBegan(self)
        let timeout = loop.configuration.handshakeTimeout
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(timeout)) { [self] in
            cut(reason: "it did not finish the handshake within \(timeout)")
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        self.context = nil
        loop.handshakeEnded(self)
    }

    private func turnAway(_ reason: String) {
        guard !isOver, let context else { return }
        isOver = true
        deadline?.cancel()
        loop.logRefusal(of: context.channel, reason)
    }

    /// Ends it now.
    func cut(reason: String) {
        turnAway(reason)
        gate.cut()
    }

    // MARK: - TLS

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            certificate = checkCertificate(context: context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// The TLS library has verified it against the CA. Its time is looked at again, for a resumed session is not
    /// verified anew.
    private func checkCertificate(context: ChannelHandlerContext) -> Result<NodeCertificate, IdentityError> {
        do throws(IdentityError) {
            guard let der = try? context.pipeline.syncOperations.nioSSL_peerCertificate()?.toDERBytes() else {
                throw IdentityError(
                    .badCertificate, "No client certificate was sent. Enroll this agent first.")
            }
            let certificate = try NodeCertificate(der: der)
            try certificate.check(
                cluster: loop.cluster, now: Instant(microseconds: WallClock.seconds * 1_000_000))
            return .success(certificate)
        } catch {
            return .failure(error)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The upgrader's no; the answer says why.
        if error is NIOWebSocketUpgradeError { return }
        let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()
        turnAway(explain(error, certificate: certificate))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        turnAway("it closed the connection during the handshake")
        context.fireChannelInactive()
    }

    private func explain(_ error: any Error, certificate: NIOSSLCertificate?) -> String {
        if gate.speaksPlainHTTP { return "it speaks HTTP without TLS: this port is for agents, with TLS" }
        guard error is NIOSSLError || error is BoringSSLError else { return "\(error)" }
        let text = String(describing: error)
        let known: [(word: String, reason: String)] = [
            ("PEER_DID_NOT_RETURN_A_CERTIFICATE", "it sent no client certificate"),
            ("CERTIFICATE_VERIFY_FAILED", verificationFailure(of: certificate)),
            ("UNSUPPORTED_PROTOCOL", "it does not speak TLS 1.3"),
            ("WRONG_VERSION_NUMBER", "it does not speak TLS"),
            ("ALERT_UNKNOWN_CA", "it does not trust this coordinator's CA"),
            ("ALERT_CERTIFICATE_EXPIRED", "it takes this coordinator's certificate for expired"),
            ("ALERT_BAD_CERTIFICATE", "it does not accept this coordinator's certificate"),
            ("EOF during handshake", "it closed the connection during the TLS handshake"),
        ]
        return known.first { text.contains($0.word) }?.reason ?? "the TLS handshake failed: \(text)"
    }

    private func verificationFailure(of certificate: NIOSSLCertificate?) -> String {
        guard let certificate else { return "its certificate is not from this cluster's CA" }
        if Int64(certificate.notValidAfter) < WallClock.seconds { return "its certificate has expired" }
        if Int64(certificate.notValidBefore) > WallClock.seconds { return "its certificate is not valid yet" }
        return "its certificate is not from this cluster's CA, or not made for agents"
    }

    // MARK: - HTTP

    /// The headers of the answer that agrees to the upgrade; nil where it is refused.
    func upgradeHeaders(for head: HTTPRequestHead) -> HTTPHeaders? {
        guard findRefusal(for: head) == nil else { return nil }
        var headers: HTTPHeaders = ["Sec-WebSocket-Protocol": ProtocolVersion.subprotocol]
        if let address = context?.channel.remoteAddress?.ipAddress {
            headers.add(name: ProtocolVersion.seenAddressHeader, value: address)
        }
        return headers
    }

    private func findRefusal(for head: HTTPRequestHead) -> Refusal? {
        if loop.isShuttingDown {
            return Refusal(status: .serviceUnavailable, reason: "The coordinator goes down. Try again.")
        }
        switch certificate {
        case .failure(let error): return Refusal(status: .forbidden, reason: error.message)
        case nil: return Refusal(status: .forbidden, reason: "No client certificate was sent.")
        case .success: break
        }
        guard head.uri == Gateway.path else {
            return Refusal(
                status: .notFound,
                reason: "This port is for agents, at \(Gateway.path). The API has a port of its own.")
        }
        guard head.headers[canonicalForm: "upgrade"].contains(where: { $0.lowercased() == "websocket" })
        else {
            return Refusal(status: .upgradeRequired, reason: "Agents speak WebSocket here.")
        }
        let offered = head.headers[canonicalForm: "sec-websocket-protocol"]
        guard offered.contains(where: { $0 == ProtocolVersion.subprotocol }) else {
            let names = offered.isEmpty ? "none" : offered.joined(separator: ", ")
            return Refusal(
                status: .badRequest,
                reason:
                    "This coordinator speaks the subprotocol \(ProtocolVersion.subprotocol); offered: \(names). "
                    + "Update the older of the two.")
        }
        return nil
    }

    /// Only requests that are not upgraded come here.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            refusal =
                findRefusal(for: head)
                ?? Refusal(status: .badRequest, reason: "The WebSocket handshake is incomplete.")
        case .body: break
        case .end: answerRefusal(context: context)
        }
    }

    private func answerRefusal(context: ChannelHandlerContext) {
        guard let refusal, !isOver else { return }
        turnAway(refusal.reason)
        let body = ByteBuffer(string: refusal.reason + "\n")
        let headers: HTTPHeaders = [
            "Content-Type": "text/plain; charset=utf-8", "Content-Length": String(body.readableBytes),
            "Connection": "close",
        ]
        context.write(
            wrapOutboundOut(
                .head(HTTPResponseHead(version: .http1_1, status: refusal.status, headers: headers))),
            promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
            context.close(promise: nil)
        }
    }

    // MARK: - Upgrade

    /// Makes the connection an agent's.
    func admit() throws {
        guard let context, case .success(let certificate)? = certificate, !isOver else {
            throw ChannelError.operationUnsupported
        }
        isOver = true
        let peer = PeerIdentity(
            node: certificate.node, keyFingerprint: certificate.keyFingerprint,
            address: context.channel.remoteAddress?.ipAddress ?? "")
        let pipeline = context.pipeline.syncOperations
        try pipeline.addHandler(AgentConnection(loop: loop, gate: gate, peer: peer))
        pipeline.removeHandler(self, promise: nil)
    }
}
