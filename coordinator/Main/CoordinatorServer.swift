import ClusterTypes
import CoordinatorAPI
import CoordinatorCore
import CoordinatorDriver
import CoordinatorGateway
import CoordinatorHistory
import CoordinatorMetrics
import CoordinatorStore
import Exposition
import Foundation
import Instruments
import Logging
import NIOCore
import NIOPosix
import Platform
import ProtocolMessages
import ServiceLifecycle
import Synchronization
import TLSIdentity

/// The parts of a running coordinator and how they are joined. Started in the order driver, gateway, API; ended the
/// other way round.
final class CoordinatorServer: Sendable {
    let settings: CoordinatorSettings
    let authority: CertificateAuthority
    let driver: Driver
    let gateway: Gateway
    let launchers: LauncherService
    private let pools: PoolSource
    let store: any Store
    /// Where swift-metrics' numbers of this process go.
    let instruments: Instruments
    let logger: Logger
    /// Of nodes' certificates.
    let certificateValidity: Duration
    let startedAt = Instant(microseconds: SteadyClock.now())
    /// Known once both listen.
    private let ports = Mutex((api: 0, agent: 0))
    let isServing = Atomic(false)
    private let steppingDown = Mutex((isWanted: false, end: {} as @Sendable () -> Void))

    init(
        settings: CoordinatorSettings, authority: CertificateAuthority, identity: ServerIdentity,
        store: any Store, instruments: Instruments, connections: ConnectionBudget,
        certificateValidity: Duration, pools: PoolSource, history: HistorySettings,
        retention: RetentionPolicy, logger: Logger
    ) throws {
        self.settings = settings
        self.authority = authority
        self.store = store
        self.instruments = instruments
        self.logger = logger
        self.certificateValidity = certificateValidity
        self.pools = pools
        let launchers = LauncherService(source: pools, logger: logger)
        self.launchers = launchers
        let transport = GatewayTransport()
        let driver = Driver(
            store: store, transport: transport,
            signer: { request, node in
                try authority.issueNode(
                    try CertificateRequest(der: request), node: node, validity: certificateValidity,
                    now: Instant(microseconds: SteadyClock.now()))
            }, launchers: launchers, history: history, retention: retention, logger: logger)
        var configuration = GatewayConfiguration.defaults
        configuration.host = settings.listen
        configuration.port = settings.agentPort
        configuration.maximumConnections = connections.agents
        gateway = try Gateway(
            configuration: configuration, cluster: settings.cluster, identity: identity,
            authorityPEM: authority.certificatePEM, group: MultiThreadedEventLoopGroup.singleton,
            logger: logger,
            onBatch: { driver.put($0) })
        self.driver = driver
        transport.connect(to: gateway)
    }

    /// From now on nodes are launched: where they join is known.
    func describePools() async {
        await launchers.serve(
            LauncherService.Coordinator(
                submit: { [driver] in await driver.submit($0) },
                joinToken: { [weak self] secret in
                    guard let self else { throw CancellationError() }
                    return try joinTokenText(secret: secret)
                }))
    }

    /// It was told to, and did not just end.
    var isSteppingDown: Bool { steppingDown.withLock { $0.isWanted } }

    /// - Parameter end: begins its orderly end.
    func onStepDown(_ end: @escaping @Sendable () -> Void) { steppingDown.withLock { $0.end = end } }

    func noteAgentPort() { ports.withLock { $0.agent = gateway.localAddress?.port ?? settings.agentPort } }
    func noteAPIPort(_ port: Int) { ports.withLock { $0.api = port } }

    var listeningPorts: (api: Int, agent: Int) { ports.withLock { $0 } }

    var apiURLs: [String] {
        let port = ports.withLock { $0.api }
        return settings.addresses.map { "https://\(bracketed($0)):\(port)" }
    }

    /// Where this one's API is, of all the cluster's coordinators: at the address that it listens on, or the first one
    /// that is this machine's. nil where none is, behind a forwarded port for example.
    var ownURL: String? {
        get async {
            let listen = try? SocketAddress(ipAddress: settings.listen, port: 0)
            let isAny = listen.map { ["0.0.0.0", "::"].contains($0.ipAddress ?? "") } ?? false
            for address in isAny ? settings.addresses : [settings.listen] {
                guard let socket = try? SocketAddress.makeAddressResolvingHost(address, port: 0),
                    let channel = try? await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                        .bind(to: socket).get()
                else { continue }
                try? await channel.close()
                return "https://\(bracketed(address)):\(ports.withLock { $0.api })"
            }
            return nil
        }
    }

    var agentEndpoints: [String] {
        let port = ports.withLock { $0.agent }
        return settings.addresses.map { "\(bracketed($0)):\(port)" }
    }

    private func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }
}

/// The driver's way to the gateway, which in its turn needs the driver.
private final class GatewayTransport: AgentTransport {
    private let gateway = Mutex<Gateway?>(nil)

    func connect(to gateway: Gateway) { self.gateway.withLock { $0 = gateway } }

    func send(_ frames: [(ConnectionID, [UInt8])]) { gateway.withLock { $0 }?.send(frames) }

    func close(_ connection: ConnectionID, reason: String) {
        gateway.withLock { $0 }?.close(connection, reason: reason)
    }
}

extension CoordinatorServer: CoordinatorService {
    func submit(_ command: Command) async -> Reply {
        let reply = await driver.submit(command)
        guard case .locateLog(let subject) = command, case .refused(let refusal) = reply,
            refusal.code == .notFound
        else { return reply }
        return await locateEnded(subject, refusal)
    }

    /// What has ended is no longer with the machine; its log still is on its node.
    private func locateEnded(_ subject: LogSubject, _ refusal: CommandRefusal) async -> Reply {
        do {
            let (node, key, task) = try await place(of: subject)
            guard let node, let key else { return .refused(refusal) }
            switch await driver.submit(.locateNode(node)) {
            case .nodeLocation(let connection): return .logLocation(connection, key, task)
            case let reply: return reply
            }
        } catch {
            return .refused(CommandRefusal(.storeUnavailable, "the store cannot be read"))
        }
    }

    private func place(of subject: LogSubject) async throws -> (NodeID?, SlotKey?, TaskAttempt?) {
        switch subject {
        case .slot(let slot):
            let record = try await store.reader.slot(slot)
            return (record?.node, record?.key, nil)
        case .task(let job, let index, let attempt):
            let filter = TaskFilter(first: index, last: index, limit: 1)
            let record = try await store.reader.tasks(job, filter).first
            let task = record.map { TaskAttempt(index: index, attempt: attempt ?? $0.attempt) }
            return (record?.node, record?.slot, task)
        }
    }

    var reader: any StoreReader { store.reader }

    func waitForRevision(after revision: UInt64, upTo limit: Duration) async -> UInt64 {
        await driver.revisions.waitForRevision(after: revision, upTo: limit)
    }

    func load(of node: NodeID) -> (Heartbeat, Instant)? { driver.telemetry.load(of: node) }

    func recentHistory(of node: NodeID) -> NodeHistory? { driver.history.recent(of: node) }

    func telemetry() -> TelemetrySnapshot { driver.telemetry.snapshot() }

    func writeInternals(into exposition: inout Exposition) {
        driver.sampleMetrics()
        instruments.write(into: &exposition)
        let usage = ProcessUsage.now()
        exposition.addProcess(
            cpuSeconds: usage.cpuSeconds, residentBytes: usage.residentBytes, openFiles: usage.openFiles,
            startedSeconds: usage.startedSeconds)
    }

    func readLog(
        _ connection: ConnectionID, _ key: SlotKey, _ task: TaskAttempt?, stream: LogStream, follow: Bool,
        tailBytes: Int64?
    ) -> AsyncThrowingStream<[UInt8], any Error> {
        driver.relay.readLog(connection, key, task, stream: stream, follow: follow, tailBytes: tailBytes)
    }

    func probe(_ connection: ConnectionID) async throws -> HardwareReport {
        try await driver.relay.probe(connection, upTo: .seconds(30))
    }

    func issueCertificate(requestPEM: String, node: NodeID) throws -> String {
        try authority.issueNode(
            try CertificateRequest(pem: requestPEM), node: node, validity: certificateValidity, now: now())
    }

    func keyFingerprint(ofRequestPEM requestPEM: String) throws -> String {
        try CertificateRequest(pem: requestPEM).keyFingerprint
    }

    func joinTokenText(secret: Secret) throws -> String {
        try JoinToken(
            cluster: settings.cluster, apiURLs: apiURLs, authorityPEM: authority.certificatePEM,
            secret: secret
        ).text()
    }

    var cluster: ClusterInfo {
        ClusterInfo(
            name: settings.cluster, version: mortiseVersion, startedAt: startedAt,
            agentEndpoints: agentEndpoints,
            apiURLs: apiURLs, caPEM: authority.certificatePEM)
    }

    func stepDown() throws {
        guard CoordinatorDirectory.isShared(settings.store) else {
            throw CommandRefusal(
                .conflict,
                "No other coordinator can have this store: it is a file. To end this one, send it SIGTERM.")
        }
        let end = steppingDown.withLock { state in
            state.isWanted = true
            return state.end
        }
        end()
    }

    var isReady: Bool { isServing.load(ordering: .acquiring) && driver.isWriting }

    func now() -> Instant { Instant(microseconds: SteadyClock.now()) }
}
