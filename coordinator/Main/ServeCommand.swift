import ArgumentParser
import ClusterTypes
import CoordinatorAPI
import CoordinatorCore
import CoordinatorDriver
import CoordinatorGateway
import CoordinatorMetrics
import CoordinatorStore
import CoreMetrics
import Foundation
import Instruments
import Logging
import Platform
import ServiceLifecycle
import Synchronization
import TLSIdentity
import UnixSignals

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the coordinator until SIGTERM or SIGINT.",
        discussion: """
            Flags and environment win over what 'init' wrote.

            Example:
              mortise-coordinator serve --directory /srv/mortise --log-level info

            With a PostgreSQL store any number of coordinators may be started: one leads, the others stand by.

              mortise-coordinator serve --store postgresql://mortise@db.example.org/mortise
              mortise-coordinator step-down

            Example with work that stops other work whose priority is lower by 100:
              mortise-coordinator serve --preempt-priority-gap 100

            Example with a longer history of telemetry, in at most 10 GB:
              mortise-coordinator serve --history-full 7d --history-coarse 90d --history-bytes 10GB
            """)

    @OptionGroup var place: DirectoryOption
    @Option(help: "The address that both listeners bind. [MORTISE_LISTEN]")
    var listen: String?
    @Option(help: "Port of the HTTPS API; 0 takes a free one. [MORTISE_API_PORT]")
    var apiPort: Int?
    @Option(help: "Port of the agents' listener; 0 takes a free one. [MORTISE_AGENT_PORT]")
    var agentPort: Int?
    @Option(help: StoreHelp.textOfServe)
    var store: String?
    @Option(help: "trace, debug, info, notice, warning, error or critical. [MORTISE_LOG_LEVEL]")
    var logLevel: String?
    @Option(help: "Milliseconds between an agent's heartbeats. [MORTISE_HEARTBEAT_MILLISECONDS]")
    var heartbeatMilliseconds: UInt32?
    @Option(
        help:
            "Milliseconds that a node's slots are its own without word from us. [MORTISE_LEASE_MILLISECONDS]")
    var leaseMilliseconds: UInt32?
    @Option(
        help: "Seconds that a node's certificate is good for, 5 to 31536000. [MORTISE_CERTIFICATE_SECONDS]")
    var certificateSeconds: UInt32?

    @Option(
        help: """
            What becomes of a node that was lost and is there again: manual (cordoned until an operator uncordons it), \
            unreachable (given work if its machine was not restarted and lacks nothing, else cordoned) or automatic \
            (given work; the default). [MORTISE_RETURN_TO_SERVICE]
            """)
    var returnToService: String?
    @OptionGroup(title: "Placement") var placement: PlacementOptions
    @OptionGroup(title: "Pools") var pools: PoolOptions
    @OptionGroup(title: "History") var history: HistoryOptions
    @OptionGroup(title: "Retention") var retention: RetentionOptions

    @OptionGroup(title: "Metrics") var metrics: MetricsFlags

    func run() async throws {
        // TLS keeps buffers of 32 and 16 KiB for each connection, and of these an agent fills a few hundred bytes.
        Heap.mapAllocations(fromBytes: 16_384)
        let directory = place.location
        var settings = try merged(try directory.settings())
        let limits = try limits()
        let certificateValidity = try certificateValidity()
        let history = try history.settings(ProcessInfo.processInfo.environment)
        let retention = try retention.policy(ProcessInfo.processInfo.environment)
        let authority = try directory.authority()
        let poolFile = try PoolSource(pools.path(in: directory), settings.cluster, authority)
        let metricsOptions = try metrics.options(limits)
        let logger = try Self.logger(logLevel)
        let instruments = Instruments(DriverMetrics.descriptions + GatewayMetrics.descriptions)
        MetricsSystem.bootstrap(instruments)
        let now = Instant(microseconds: SteadyClock.now())
        let names = settings.addresses + ["localhost", "127.0.0.1", "::1"]
        var unique: [String] = []
        for name in names where !unique.contains(name) { unique.append(name) }
        let identity = try authority.issueServer(names: unique, now: now)
        let connections = Self.connections(logger)
        let certificate = ServerCertificate(chainPEM: identity.certificatePEM, keyPEM: identity.keyPEM)
        var apiConfiguration = try apiConfiguration(settings, connections)
        apiConfiguration.metrics = metricsOptions
        let isShared = CoordinatorDirectory.isShared(settings.store)
        var rest: Duration?
        while true {
            let standby = Standby(
                open: { [settings] in try directory.openStore(settings.store) }, logger: logger,
                api: { leader in
                    APIServer(
                        standby: apiConfiguration, certificate: certificate, logger: logger, leader: leader)
                })
            guard let store = try await standby.openOrWait(canWait: isShared, after: rest) else { return }
            let server = try CoordinatorServer(
                settings: settings, authority: authority, identity: identity, store: store,
                instruments: instruments, connections: connections,
                certificateValidity: certificateValidity, pools: poolFile, history: history,
                retention: retention, logger: logger)
            let api = APIServer(
                configuration: apiConfiguration, certificate: certificate, service: server, logger: logger,
                onListening: { port in
                    server.noteAPIPort(port)
                    await Self.announce(server, in: directory)
                    await server.describePools()
                })
            try await Self.lead(server, api, limits: limits, logger: logger)
            try store.close()
            guard server.isSteppingDown else { return }
            rest = Self.restAfterLeading
            // Where it was reached, also where any free port would have done.
            (settings.apiPort, settings.agentPort) = server.listeningPorts
            apiConfiguration.port = settings.apiPort
        }
    }

    /// Whoever stepped down leaves the store alone for so long; then it leads again if nobody else does.
    private static let restAfterLeading = Duration.seconds(5)

    /// Until it is told to end, or steps down.
    private static func lead(
        _ server: CoordinatorServer, _ api: APIServer, limits: Limits, logger: Logger
    ) async throws {
        let services: [any Service] = [
            DriverService(driver: server.driver, cluster: server.settings.cluster, limits: limits),
            server.launchers,
            ListenersService(server: server, api: api),
        ]
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map {
                    .init(
                        service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .gracefullyShutdownGroup)
                },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        server.onStepDown { Task { await group.triggerGracefulShutdown() } }
        try await group.run()
    }

    /// Says where it is reached: in the store, in the file that local commands read, and in the log.
    private static func announce(_ server: CoordinatorServer, in directory: CoordinatorDirectory) async {
        server.isServing.store(true, ordering: .releasing)
        do {
            if let url = await server.ownURL { try server.store.announce(url) }
        } catch {
            server.logger.warning(
                "cannot tell other coordinators where this one is", metadata: ["error": "\(error)"])
        }
        do {
            var client = try directory.client()
            client.urls = server.apiURLs
            try directory.write(client, to: directory.clientPath)
        } catch {
            server.logger.warning("cannot write client.json", metadata: ["error": "\(error)"])
        }
        server.logger.notice(
            "ready",
            metadata: [
                "cluster": "\(server.settings.cluster)", "api": "\(server.apiURLs.first ?? "")",
                "agents": "\(server.agentEndpoints.first ?? "")",
            ])
    }

    private func merged(_ written: CoordinatorSettings) throws -> CoordinatorSettings {
        let environment = ProcessInfo.processInfo.environment
        var settings = written
        settings.listen = listen ?? environment["MORTISE_LISTEN"] ?? written.listen
        settings.store = store ?? environment["MORTISE_STORE"] ?? written.store
        settings.apiPort = try apiPort ?? number(environment, "MORTISE_API_PORT") ?? written.apiPort
        settings.agentPort = try agentPort ?? number(environment, "MORTISE_AGENT_PORT") ?? written.agentPort
        return settings
    }

    private func limits() throws -> Limits {
        let environment = ProcessInfo.processInfo.environment
        var limits = Limits.defaults
        if let beat = try heartbeatMilliseconds ?? number(environment, "MORTISE_HEARTBEAT_MILLISECONDS") {
            limits.heartbeatMilliseconds = beat
        }
        if let lease = try leaseMilliseconds ?? number(environment, "MORTISE_LEASE_MILLISECONDS") {
            limits.leaseMilliseconds = lease
        }
        if let text = returnToService ?? environment["MORTISE_RETURN_TO_SERVICE"], !text.isEmpty {
            guard let policy = ReturnToService(rawValue: text) else {
                let words = ReturnToService.allCases.map(\.rawValue).joined(separator: ", ")
                throw Failure("'\(text)' is no policy of return to service: take one of \(words).")
            }
            limits.returnToService = policy
        }
        try placement.apply(environment, to: &limits)
        let faults = limits.validate()
        guard faults.isEmpty else { throw Failure(faults.joined(separator: "\n")) }
        return limits
    }

    /// A day by default: a node that was removed can do nothing with its certificate anyway, but a stolen one ends.
    private func certificateValidity() throws -> Duration {
        let seconds: UInt32 =
            try certificateSeconds
            ?? number(ProcessInfo.processInfo.environment, "MORTISE_CERTIFICATE_SECONDS") ?? 86_400
        guard (5...31_536_000).contains(seconds) else {
            throw Failure("A node's certificate is good for 5 to 31536000 seconds, not \(seconds).")
        }
        return .seconds(Int64(seconds))
    }

    private func number<Number: FixedWidthInteger>(_ environment: [String: String], _ name: String) throws
        -> Number?
    {
        guard let text = environment[name], !text.isEmpty else { return nil }
        guard let number = Number(text) else { throw Failure("\(name) is '\(text)', which is no number.") }
        return number
    }

    /// - Parameter level: nil: of the environment.
    static func logger(_ level: String?) throws -> Logger {
        let name = level ?? ProcessInfo.processInfo.environment["MORTISE_LOG_LEVEL"] ?? "notice"
        guard let level = Logger.Level(rawValue: name) else {
            throw Failure(
                "'\(name)' is no log level: take trace, debug, info, notice, warning, error or critical.")
        }
        LoggingSystem.bootstrap(StreamLogHandler.standardError)
        var logger = Logger(label: "mortise-coordinator")
        logger.logLevel = level
        return logger
    }

    private static func connections(_ logger: Logger) -> ConnectionBudget {
        let wanted = GatewayConfiguration.defaults.maximumConnections
        let budget = ConnectionBudget(
            openFiles: OpenFiles.raiseLimit(), agents: wanted, users: APIConfiguration.defaults.connections)
        if budget.agents < wanted {
            logger.notice(
                "the limit of open files bounds the connections",
                metadata: [
                    "agent-connections": "\(budget.agents)", "user-connections": "\(budget.users)",
                ])
        }
        return budget
    }

    private func apiConfiguration(
        _ settings: CoordinatorSettings, _ connections: ConnectionBudget
    ) throws -> APIConfiguration {
        var configuration = APIConfiguration.defaults
        try placement.apply(ProcessInfo.processInfo.environment, to: &configuration)
        configuration.host = settings.listen
        configuration.port = settings.apiPort
        configuration.connections = connections.users
        return configuration
    }
}

/// The driver's own thread as a service.
private struct DriverService: Service {
    let driver: Driver
    let cluster: String
    let limits: Limits

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
                Thread.detachNewThread {
                    done.resume(with: Result { try driver.run(cluster: cluster, limits: limits) })
                }
            }
        } onGracefulShutdown: {
            driver.stop()
        }
    }
}

/// Both listeners. Agents can be taken in before the API tells anybody where, and the API ends first: nobody is sent
/// to a port that is not open.
private struct ListenersService: Service {
    let server: CoordinatorServer
    let api: APIServer

    func run() async throws {
        try await server.gateway.start()
        server.noteAgentPort()
        do {
            try await api.run()
        } catch {
            await server.gateway.shutdown()
            throw error
        }
        await server.gateway.shutdown()
    }
}
