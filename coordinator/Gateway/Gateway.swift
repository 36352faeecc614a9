package import CoordinatorCore
package import Logging
package import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import ProtocolMessages
import Synchronization
package import TLSIdentity

/// The agents' listener: TLS 1.3 with client certificates, WebSocket, and nothing decoded.
///
/// Each event loop gathers what its connections bring and hands it over as one batch per turn, on its own thread:
/// no task, no stream and no lock per message. A connection's number tells its event loop, so nothing is shared
/// between the loops but a counter.
package final class Gateway: Sendable {
    package static let path = "/v1/agent"

    private let configuration: GatewayConfiguration
    private let tls: TLSConfiguration
    private let group: any EventLoopGroup
    private let logger: Logger
    private let loops: [NIOLoopBoundBox<GatewayLoop>]
    private let indexOfLoop: [ObjectIdentifier: Int]
    private let openConnections = ConnectionCount()
    private let listener = Mutex<(any Channel)?>(nil)

    /// - Parameters:
    ///   - cluster: certificates must name it.
    ///   - identity: the listener's certificate and key.
    ///   - authorityPEM: the CA whose client certificates are let in.
    ///   - onBatch: gets the batches, on the event loops' threads, at the same time from several: it must be quick
    ///     and not block.
    /// - Throws: `GatewayError` for settings that are out of range, `IdentityError` for bad certificates.
    package init(
        configuration: GatewayConfiguration, cluster: String, identity: ServerIdentity, authorityPEM: String,
        group: any EventLoopGroup, logger: Logger, onBatch: @escaping @Sendable (ConnectionBatch) -> Void
    ) throws {
        let faults = configuration.validate()
        guard faults.isEmpty else { throw GatewayError(.badSettings, faults.joined(separator: " ")) }
        self.configuration = configuration
        self.group = group
        self.logger = logger
        tls = try TLSSettings.agentListener(identity: identity, authorityPEM: authorityPEM)
        let eventLoops = Array(group.makeIterator())
        var loops: [NIOLoopBoundBox<GatewayLoop>] = []
        var indexOfLoop: [ObjectIdentifier: Int] = [:]
        for (index, eventLoop) in eventLoops.enumerated() {
            indexOfLoop[ObjectIdentifier(eventLoop)] = index
            loops.append(
                NIOLoopBoundBox.makeBoxSendingValue(
                    GatewayLoop(
                        eventLoop: eventLoop, index: index, count: eventLoops.count,
                        configuration: configuration,
                        cluster: cluster, logger: logger, onBatch: onBatch),
                    eventLoop: eventLoop))
        }
        self.loops = loops
        self.indexOfLoop = indexOfLoop
    }

    // MARK: - Start and end

    /// Listens. `localAddress` is known afterwards.
    ///
    /// - Throws: `GatewayError`, for example where the port is in use.
    package func start() async throws {
        let context: NIOSSLContext
        do { context = try NIOSSLContext(configuration: tls) } catch {
            throw GatewayError(.badSettings, "The agents' listener cannot set up TLS: \(error).")
        }
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4_096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { try accept(channel, context: context) }
            }
        let channel: any Channel
        do {
            channel = try await bootstrap.bind(host: configuration.host, port: configuration.port).get()
        } catch {
            throw Gateway.explain(error, configuration)
        }
        listener.withLock { $0 = channel }
        for loop in loops { loop.eventLoop.execute { loop.value.startSweeping() } }
        logger.info(
            "agents' listener is open", metadata: ["address": "\(channel.localAddress?.description ?? "?")"])
    }

    private static func explain(_ error: any Error, _ configuration: GatewayConfiguration) -> GatewayError {
        let address = "\(configuration.host):\(configuration.port)"
        if let error = error as? IOError, error.errnoCode == SystemError.addressInUse {
            return GatewayError(
                .addressInUse,
                "Cannot listen for agents on \(address): another process uses this address. End it, or choose another "
                    + "port.")
        }
        let reason = (error as? IOError)?.description ?? String(describing: error)
        return GatewayError(
            .cannotListen,
            "Cannot listen for agents on \(address): \(reason). Check the address, or choose another.")
    }

    /// Where it listens; nil before `start` and after `shutdown`.
    package var localAddress: SocketAddress? { listener.withLock { $0 }?.localAddress }

    /// Accepts no more, says farewell to every agent with a close frame, and returns when all connections are
    /// closed, at the latest after a few seconds.
    package func shutdown() async {
        let channel = listener.withLock { channel in
            defer { channel = nil }
            return channel
        }
        try? await channel?.close().get()
        await withTaskGroup(of: Void.self) { tasks in
            for loop in loops {
                tasks.addTask {
                    try? await loop.eventLoop.flatSubmit { loop.value.shutdown() }.get()
                }
            }
        }
    }

    // MARK: - Orders

    /// Sends frames, those of one connection in this order: one hop per event loop, one flush per connection.
    /// Frames to connections that are gone are dropped: their `disconnected` is on its way.
    package func send(_ frames: [(ConnectionID, [UInt8])]) {
        if let first = frames.first, frames.count == 1 {
            let loop = self.loop(of: first.0)
            loop.eventLoop.execute { loop.value.send([first]) }
            return
        }
        var framesOfLoop = [[(ConnectionID, [UInt8])]](repeating: [], count: loops.count)
        for frame in frames { framesOfLoop[loopIndex(of: frame.0)].append(frame) }
        for (loop, frames) in zip(loops, framesOfLoop) where !frames.isEmpty {
            loop.eventLoop.execute { loop.value.send(frames) }
        }
    }

    /// Ends a connection after everything that was sent before.
    ///
    /// - Parameter reason: what the agent reads in the close frame; cut to 123 bytes.
    package func close(_ connection: ConnectionID, reason: String = "") {
        let loop = self.loop(of: connection)
        loop.eventLoop.execute { loop.value.close(connection, reason: reason) }
    }

    /// Takes nothing more from any agent: what they send waits in their sockets. For an inbox that is full.
    package func pauseReading() {
        for loop in loops { loop.eventLoop.execute { loop.value.setReading(isPaused: true) } }
    }

    package func resumeReading() {
        for loop in loops { loop.eventLoop.execute { loop.value.setReading(isPaused: false) } }
    }

    private func loopIndex(of connection: ConnectionID) -> Int {
        Int(connection.rawValue % UInt64(loops.count))
    }

    private func loop(of connection: ConnectionID) -> NIOLoopBoundBox<GatewayLoop> {
        loops[loopIndex(of: connection)]
    }

    // MARK: - A new connection

    private func accept(_ channel: any Channel, context: NIOSSLContext) throws {
        guard let index = indexOfLoop[ObjectIdentifier(channel.eventLoop)] else {
            preconditionFailure("A connection is on an event loop that is not of the gateway's group.")
        }
        let loop = loops[index]
        guard openConnections.enter(limit: configuration.maximumConnections) else {
            loop.value.logRefusal(
                of: channel, "the limit of \(configuration.maximumConnections) connections is reached")
            throw ChannelError.operationUnsupported
        }
        channel.closeFuture.whenComplete { [openConnections] _ in openConnections.leave() }
        let gate = Gate()
        let admission = Admission(loop: loop.value, gate: gate)
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: configuration.frameLimitBytes, automaticErrorHandling: false,
            shouldUpgrade: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.handler(type: Admission.self).upgradeHeaders(
                        for: head)
                }
            },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.handler(type: Admission.self).admit()
                }
            })
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(gate)
        try pipeline.addHandler(NIOSSLServerHandler(context: context))
        try pipeline.configureHTTPServerPipeline(
            withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
        try pipeline.addHandler(admission)
    }
}

/// How many connections are open, over all event loops.
final class ConnectionCount: Sendable {
    private let count = Atomic<Int>(0)

    func enter(limit: Int) -> Bool {
        if count.wrappingAdd(1, ordering: .relaxed).newValue <= limit { return true }
        leave()
        return false
    }

    func leave() { count.wrappingSubtract(1, ordering: .relaxed) }
}
