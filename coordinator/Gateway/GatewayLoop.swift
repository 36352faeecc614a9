import ClusterTypes
import CoordinatorCore
import Logging
import NIOCore
import NIOWebSocket

/// The part of the gateway on one event loop: its connections, and the batch that grows in this turn.
final class GatewayLoop {
    /// A batch is handed over early at this size, so that one turn over many connections cannot fill memory.
    private static let batchLimitBytes = 8 << 20
    /// Lines of the log about refused connections in one sweep; the rest is counted.
    private static let refusalLinesPerSweep = 10
    /// A connection that does not end by itself is ended after this time.
    private static let shutdownTimeout = TimeAmount.seconds(3)

    private static let farewell = "the coordinator goes down"

    let eventLoop: any EventLoop
    let configuration: GatewayConfiguration
    let cluster: String
    let metrics = GatewayMetrics()
    private let index: Int
    private let count: Int
    private let logger: Logger
    private let onBatch: @Sendable (ConnectionBatch) -> Void

    private var connections: [ConnectionID: AgentConnection] = [:]
    private var handshakes: [ObjectIdentifier: Admission] = [:]
    private var sequence: UInt64 = 0
    private var batch = ConnectionBatch()
    private var isDeliveryScheduled = false
    private(set) var isPaused = false
    private(set) var isShuttingDown = false
    private var sweeping: RepeatedTask?
    private var lastSweep = NIODeadline.uptimeNanoseconds(0)
    private var refusalsSinceSweep = 0
    private var whenEmpty: EventLoopPromise<Void>?

    init(
        eventLoop: any EventLoop, index: Int, count: Int, configuration: GatewayConfiguration,
        cluster: String,
        logger: Logger, onBatch: @escaping @Sendable (ConnectionBatch) -> Void
    ) {
        self.eventLoop = eventLoop
        self.index = index
        self.count = count
        self.configuration = configuration
        self.cluster = cluster
        self.logger = logger
        self.onBatch = onBatch
    }

    // MARK: - Batches

    func append(_ frame: some Collection<UInt8>, of connection: ConnectionID) {
        metrics.received(bytes: frame.count)
        batch.append(frame, of: connection)
        deliverSoon()
    }

    private func append(_ event: ConnectionBatch.Event) {
        batch.append(event)
        deliverSoon()
    }

    private func deliverSoon() {
        if batch.bytes.count >= GatewayLoop.batchLimitBytes {
            deliver()
        } else if !isDeliveryScheduled {
            isDeliveryScheduled = true
            // Runs when all sockets that were ready in this turn have been read.
            eventLoop.assumeIsolated().execute { [self] in
                isDeliveryScheduled = false
                deliver()
            }
        }
    }

    private func deliver() {
        guard !batch.isEmpty else { return }
        let full = batch
        batch = ConnectionBatch()
        onBatch(full)
    }

    // MARK: - Connections

    func handshakeBegan(_ admission: Admission) {
        handshakes[ObjectIdentifier(admission)] = admission
    }

    func handshakeEnded(_ admission: Admission) {
        handshakes[ObjectIdentifier(admission)] = nil
        checkEmpty()
    }

    /// Numbers are never used twice, and tell the event loop by their remainder.
    func add(_ connection: AgentConnection, peer: PeerIdentity) -> ConnectionID {
        sequence += 1
        let id = ConnectionID(sequence * UInt64(count) + UInt64(index))
        connections[id] = connection
        metrics.opened()
        append(.connected(id, peer))
        return id
    }

    func remove(_ id: ConnectionID, reason: String) {
        guard connections.removeValue(forKey: id) != nil else { return }
        metrics.closed()
        append(.disconnected(id, reason: reason))
        checkEmpty()
    }

    func send(_ frames: [(ConnectionID, [UInt8])]) {
        var touched: [AgentConnection] = []
        for (id, bytes) in frames {
            guard let connection = connections[id] else { continue }
            if connection.write(bytes) { touched.append(connection) }
        }
        for connection in touched { connection.flush() }
    }

    func close(_ id: ConnectionID, reason: String) {
        connections[id]?.close(.normalClosure, reason: reason)
    }

    func setReading(isPaused: Bool) {
        guard isPaused != self.isPaused else { return }
        self.isPaused = isPaused
        for connection in connections.values { connection.setReading(isPaused: isPaused) }
    }

    // MARK: - Time

    func startSweeping() {
        let interval = max(
            TimeAmount.milliseconds(5), min(.seconds(1), TimeAmount(configuration.pingAfter / 2)))
        sweeping = eventLoop.assumeIsolatedRepeatedTask(every: interval) { [weak self] in self?.sweep() }
    }

    private var sweepInterval: TimeAmount {
        max(.milliseconds(5), min(.seconds(1), TimeAmount(configuration.pingAfter / 2)))
    }

    private func sweep() {
        let now = eventLoop.now
        // While this process was stopped it could not listen: that time counts as two intervals at most.
        let elapsed = min(now - lastSweep, sweepInterval + sweepInterval)
        lastSweep = now
        if refusalsSinceSweep > GatewayLoop.refusalLinesPerSweep {
            let more = refusalsSinceSweep - GatewayLoop.refusalLinesPerSweep
            logger.warning("more connections were turned away", metadata: ["count": "\(more)"])
        }
        refusalsSinceSweep = 0
        guard !isPaused else { return }
        for connection in connections.values { connection.sweep(elapsed: elapsed) }
    }

    // MARK: - End

    func shutdown() -> EventLoopFuture<Void> {
        isShuttingDown = true
        sweeping?.cancel()
        sweeping = nil
        let promise = eventLoop.makePromise(of: Void.self)
        if let earlier = whenEmpty { earlier.futureResult.cascade(to: promise) } else { whenEmpty = promise }
        for connection in connections.values {
            connection.close(.goingAway, reason: GatewayLoop.farewell)
        }
        for admission in handshakes.values { admission.cut(reason: GatewayLoop.farewell) }
        eventLoop.assumeIsolated().scheduleTask(in: GatewayLoop.shutdownTimeout) { [self] in
            for connection in connections.values { connection.cut(reason: GatewayLoop.farewell) }
        }
        checkEmpty()
        return promise.futureResult
    }

    private func checkEmpty() {
        guard let promise = whenEmpty, connections.isEmpty, handshakes.isEmpty else { return }
        whenEmpty = nil
        deliver()
        promise.succeed(())
    }

    // MARK: - Log

    /// A connection that never became an agent's. Strangers cannot fill the log: lines are few, the rest counted.
    func logRefusal(of channel: any Channel, _ reason: String) {
        metrics.turnedAway()
        refusalsSinceSweep += 1
        guard refusalsSinceSweep <= GatewayLoop.refusalLinesPerSweep else { return }
        logger.warning(
            "turned a connection away",
            metadata: ["address": "\(channel.remoteAddress?.ipAddress ?? "unknown")", "reason": "\(reason)"])
    }
}

extension EventLoop {
    /// A repeated task that may use what lives on this event loop.
    func assumeIsolatedRepeatedTask(every interval: TimeAmount, _ body: @escaping () -> Void) -> RepeatedTask
    {
        let body = NIOLoopBound(body, eventLoop: self)
        return scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in body.value() }
    }
}
