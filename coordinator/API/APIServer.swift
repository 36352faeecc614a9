import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The coordinator's HTTPS JSON API: bearer tokens over TLS, under /v1.
///
/// ```swift
/// let server = APIServer(
///     configuration: .defaults, certificate: certificate, service: service, logger: logger,
///     onListening: { port in logger.info("API on port \(port)") })
/// try await server.run()
/// ```
package struct APIServer: Service {
    private let configuration: APIConfiguration
    private let certificate: ServerCertificate
    private let responder: Responder
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// - Parameter onListening: gets the port as soon as connections are accepted.
    package init(
        configuration: APIConfiguration, certificate: ServerCertificate, service: any CoordinatorService,
        logger: Logger, onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.init(
            configuration: configuration, certificate: certificate,
            responder: .leader(APIResponder(service: service, configuration: configuration, logger: logger)),
            logger: logger, onListening: onListening)
    }

    /// Of a coordinator that waits to lead: says so to everybody.
    ///
    /// - Parameter leader: where the API is of the one that leads, `https://HOST:PORT`; nil while nobody knows.
    package init(
        standby configuration: APIConfiguration, certificate: ServerCertificate, logger: Logger,
        leader: @escaping @Sendable () -> String? = { nil },
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.init(
            configuration: configuration, certificate: certificate,
            responder: .standby(StandbyResponder(leader: leader)),
            logger: logger, onListening: onListening)
    }

    private init(
        configuration: APIConfiguration, certificate: ServerCertificate, responder: Responder, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void
    ) {
        self.configuration = configuration
        self.certificate = certificate
        self.responder = responder
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until the task is cancelled or shut down gracefully. Long polls then answer with the present state,
    /// followed logs are cut off, and everything else is finished.
    ///
    /// - Throws: `APIServerError`.
    package func run() async throws {
        let faults = configuration.validate()
        guard faults.isEmpty else {
            throw APIServerError(.configurationInvalid, faults.joined(separator: "\n"))
        }
        let application = try makeApplication()
        do {
            try await application.run()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw APIServerError(
                .portInUse,
                "The API cannot listen on \(address): another process uses this port. Stop it, or choose another "
                    + "port.")
        } catch let error as IOError where error.errnoCode == EACCES {
            throw APIServerError(
                .cannotListen,
                "The API cannot listen on \(address): this user may not take a port below 1024. Choose another."
            )
        } catch is CancellationError {
            return
        } catch {
            throw APIServerError(.cannotListen, "The API cannot listen on \(address): \(error)")
        }
    }

    private var address: String { "\(configuration.host):\(configuration.port)" }

    private func makeApplication() throws -> Application<Responder> {
        var frameworkLogger = logger
        frameworkLogger.logLevel = max(logger.logLevel, .warning)
        let http = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [DisconnectHandler()],
                idleTimeout: .seconds(Int64(configuration.idleLimitSeconds))))
        return Application(
            responder: responder,
            server: try .tls(http, tlsConfiguration: try makeTLSConfiguration()),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                availableConnectionsDelegate: MaximumAvailableConnections(
                    configuration.connections, logger: frameworkLogger)),
            onServerRunning: { [onListening] channel in
                await onListening(channel.localAddress?.port ?? 0)
            },
            logger: frameworkLogger)
    }

    private func makeTLSConfiguration() throws -> TLSConfiguration {
        do {
            let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.chainPEM.utf8))
            guard !chain.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
            let key = try NIOSSLPrivateKey(bytes: Array(certificate.keyPEM.utf8), format: .pem)
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
            tls.minimumTLSVersion = .tlsv12
            tls.applicationProtocols = ["http/1.1"]
            _ = try NIOSSLContext(configuration: tls)
            return tls
        } catch {
            // The cause may quote the key file; it is not passed on.
            throw APIServerError(
                .certificateInvalid,
                "The API's certificate cannot be used: the chain or the key is no valid PEM, or they do not belong "
                    + "together.")
        }
    }
}

private enum Responder: HTTPResponder {
    case leader(APIResponder)
    case standby(StandbyResponder)

    func respond(to request: Request, context origin: RequestOrigin) async throws -> Response {
        switch self {
        case .leader(let responder): try await responder.respond(to: request, context: origin)
        case .standby(let responder): try await responder.respond(to: request, context: origin)
        }
    }
}
