package import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A small HTTP/1.1 client of one server: over TLS 1.3 with one CA that is trusted, or as `TLSClientSettings` say, or over
/// a Unix socket of this machine.
///
/// One idle connection is kept and used again. It lives on one event loop; its calls may come from anywhere.
package final class HTTPSClient: Sendable {
    /// A collected body that grows beyond this fails the request: 64 MiB.
    package static let bodyLimitBytes = 64 << 20

    /// Servers end idle connections; one that has been idle for longer is not used again.
    static let idleLimit = TimeAmount.seconds(20)

    package let endpoint: HTTPSEndpoint
    package let eventLoop: any EventLoop
    /// nil: a Unix socket, without TLS.
    private let context: NIOSSLContext?
    private let idle = Mutex<(any Channel)?>(nil)

    /// - Parameter trustRootsPEM: the CA's certificate, the only one that is trusted.
    /// - Throws: `HTTPSError` where that is no certificate.
    package convenience init(
        group: any EventLoopGroup, endpoint: HTTPSEndpoint, trustRootsPEM: String
    ) throws {
        try self.init(
            group: group, endpoint: endpoint, tls: TLSClientSettings(trustRootsPEM: trustRootsPEM))
    }

    /// - Throws: `HTTPSError` where a certificate or the key is none.
    package init(group: any EventLoopGroup, endpoint: HTTPSEndpoint, tls: TLSClientSettings) throws {
        self.endpoint = endpoint
        eventLoop = group.next()
        context = try tls.context(for: endpoint)
    }

    /// Plain HTTP to a service of this machine.
    package init(group: any EventLoopGroup, socketPath: String) {
        endpoint = HTTPSEndpoint(socketPath: socketPath)
        eventLoop = group.next()
        context = nil
    }

    /// Sends and collects the whole answer. Fails with `HTTPSError`.
    package func send(_ request: HTTPSRequest) -> EventLoopFuture<HTTPSResponse> {
        perform(request, stream: nil)
    }

    /// Hands over the body of a 2xx answer piece by piece, on the event loop; any other answer is collected.
    ///
    /// - Parameter onHead: gets status and headers of a 2xx answer before its first piece.
    /// - Returns: the answer, without its body if that was streamed, when the body has ended.
    package func stream(
        _ request: HTTPSRequest,
        onHead: @escaping @Sendable (_ status: Int, _ headers: [(String, String)]) -> Void = { _, _ in },
        onBody: @escaping @Sendable ([UInt8]) -> Void
    ) -> EventLoopFuture<HTTPSResponse> {
        perform(request, stream: BodyStream(onHead: onHead, onBody: onBody))
    }

    /// Closes the idle connection. Requests that run are not touched.
    package func close() -> EventLoopFuture<Void> {
        guard let channel = takeIdle() else { return eventLoop.makeSucceededVoidFuture() }
        return channel.close().flatMapErrorThrowing { _ in }
    }

    // MARK: - One request

    private func perform(_ request: HTTPSRequest, stream: BodyStream?) -> EventLoopFuture<HTTPSResponse> {
        guard request.isWellFormed else {
            return eventLoop.makeFailedFuture(
                HTTPSError(
                    .invalid,
                    "Cannot send '\(request.method) \(request.path)' to \(endpoint): the path must begin with / and "
                        + "be percent-encoded."))
        }
        let promise = eventLoop.makePromise(of: HTTPSResponse.self)
        eventLoop.execute { [self] in
            let exchange = Exchange(request, at: endpoint, stream: stream, promise: promise)
            exchange.startDeadline(on: eventLoop)
            if let channel = takeIdle() {
                exchange.retry = request.isIdempotent ? { [self] in connect(for: $0) } : nil
                start(exchange, on: channel)
            } else {
                connect(for: exchange)
            }
        }
        return promise.futureResult
    }

    private func start(_ exchange: Exchange, on channel: any Channel) {
        do {
            try channel.pipeline.syncOperations.handler(type: ExchangeHandler.self).start(exchange)
        } catch {
            exchange.fail(error)
        }
    }

    private func connect(for exchange: Exchange) {
        exchange.retry = nil
        let context = self.context
        let endpoint = self.endpoint
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(exchange.request.timeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try HTTPSClient.configure(channel, context: context, endpoint: endpoint) { [weak self] in
                        if let self { keep(channel) } else { channel.close(promise: nil) }
                    }
                }
            }
        let connected =
            endpoint.isSocket
            ? bootstrap.connect(unixDomainSocketPath: endpoint.host)
            : bootstrap.channelOption(.socketOption(.so_keepalive), value: 1)
                .connect(host: endpoint.host, port: endpoint.port)
        connected.assumeIsolated()
            .whenComplete { [self] result in
                switch result {
                case .success(let channel) where exchange.isOver: channel.close(promise: nil)
                case .success(let channel): start(exchange, on: channel)
                case .failure(let error): exchange.fail(error)
                }
            }
    }

    private static func configure(
        _ channel: any Channel, context: NIOSSLContext?, endpoint: HTTPSEndpoint,
        onIdle: @escaping () -> Void
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        if let context {
            // Without a name, NIOSSL holds the certificate against the address that it is connected to.
            let isAddress = (try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port)) != nil
            try pipeline.addHandler(
                NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : endpoint.host))
        }
        try pipeline.addHTTPClientHandlers()
        try pipeline.addHandler(ExchangeHandler(endpoint: endpoint, onIdle: onIdle))
    }

    // MARK: - The idle connection

    private func takeIdle() -> (any Channel)? {
        let channel = idle.withLock { idle in
            defer { idle = nil }
            return idle
        }
        return channel.flatMap { $0.isActive ? $0 : nil }
    }

    private func keep(_ channel: any Channel) {
        let surplus = idle.withLock { idle -> (any Channel)? in
            defer { idle = channel }
            return idle
        }
        surplus?.close(promise: nil)
        eventLoop.scheduleTask(in: HTTPSClient.idleLimit) { [weak self, weak channel] in
            guard let self, let channel else { return }
            let expired = idle.withLock { idle -> Bool in
                guard idle === channel else { return false }
                idle = nil
                return true
            }
            if expired { channel.close(promise: nil) }
        }
    }

    deinit {
        idle.withLock { $0 }?.close(promise: nil)
    }
}
