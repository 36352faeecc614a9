package import HTTPSClient
package import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import TLSIdentity

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Dials a coordinator once, measures each step and hangs up.
package enum ReachProbe {
    package struct Outcome: Sendable {
        /// nil: no connection was made.
        package var connected: Duration?
        /// From the connection to the end of the handshake; nil: it failed.
        package var secured: Duration?
        /// From there to the WebSocket; nil: it was refused or not tried.
        package var linked: Duration?
        /// Where the coordinator sees this machine; nil where it does not say.
        package var seenAddress: String?
        /// Of the server's certificate, in seconds since 1970; nil where none was presented.
        package var validUntilSeconds: Int64?
        package var failure: HTTPSError?
    }

    /// As a guest, without a certificate of one's own: to the API.
    ///
    /// - Parameters:
    ///   - authorityPEM: the one CA that is trusted.
    ///   - timeout: for each of the two steps.
    /// - Returns: never fails.
    package static func dial(
        _ endpoint: HTTPSEndpoint, trusting authorityPEM: String, on eventLoop: any EventLoop,
        timeout: Duration
    ) -> EventLoopFuture<Outcome> {
        let context: NIOSSLContext
        do {
            context = try NIOSSLContext(configuration: TLSSettings.guest(authorityPEM: authorityPEM))
        } catch {
            let failure = HTTPSError(
                .invalid, (error as? IdentityError)?.message ?? "TLS cannot be set up: \(error).")
            return eventLoop.makeSucceededFuture(Outcome(failure: failure))
        }
        let promise = eventLoop.makePromise(of: Outcome.self)
        eventLoop.execute {
            let handler = ReachHandler(endpoint: endpoint, timeout: timeout, promise: promise)
            let box = NIOLoopBound(handler, eventLoop: eventLoop)
            ClientBootstrap(group: eventLoop)
                .connectTimeout(TimeAmount(timeout))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        // As the link and the API's client do: an address is no name.
                        let isAddress =
                            (try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port)) != nil
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHandler(
                            NIOSSLClientHandler(
                                context: context, serverHostname: isAddress ? nil : endpoint.host))
                        try pipeline.addHandler(box.value)
                    }
                }
                .connect(host: endpoint.host, port: endpoint.port)
                .assumeIsolated()
                .whenFailure { box.value.fail($0, certificate: nil) }
        }
        return promise.futureResult
    }
}

private final class ReachHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let endpoint: HTTPSEndpoint
    private let timeout: Duration
    private var promise: EventLoopPromise<ReachProbe.Outcome>?
    private var outcome = ReachProbe.Outcome()
    private let start = ContinuousClock.now
    private var deadline: Scheduled<Void>?

    init(endpoint: HTTPSEndpoint, timeout: Duration, promise: EventLoopPromise<ReachProbe.Outcome>) {
        self.endpoint = endpoint
        self.timeout = timeout
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        outcome.connected = ContinuousClock.now - start
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(timeout)) { [self] in
            fail(
                HTTPSError(
                    .timedOut,
                    "\(endpoint) took the connection and did not finish the TLS handshake within \(timeout). Check "
                        + "that the port is right and the coordinator well."), certificate: nil)
            context.close(promise: nil)
        }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent, let connected = outcome.connected {
            outcome.secured = ContinuousClock.now - start - connected
            finish(certificate(context))
            context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error, certificate: certificate(context))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(HTTPSError.closedEarly(endpoint), certificate: nil)
        context.fireChannelInactive()
    }

    func fail(_ error: any Error, certificate: NIOSSLCertificate?) {
        guard promise != nil else { return }
        outcome.failure = HTTPSError(
            explaining: error, at: endpoint, certificate: certificate, nowSeconds: Int64(time(nil)))
        finish(certificate)
    }

    private func certificate(_ context: ChannelHandlerContext) -> NIOSSLCertificate? {
        try? context.pipeline.syncOperations.nioSSL_peerCertificate()
    }

    /// The first end counts.
    private func finish(_ certificate: NIOSSLCertificate?) {
        deadline?.cancel()
        outcome.validUntilSeconds = certificate.map { Int64($0.notValidAfter) }
        promise?.succeed(outcome)
        promise = nil
    }
}
