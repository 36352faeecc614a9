package import ClusterTypes
package import CoordinatorCore
package import CoordinatorStore
package import Logging
import Platform
import ProtocolCodec
import ProtocolMessages
import Synchronization

/// Where the driver's messages to agents go. Called from the driver's thread; must not block.
package protocol AgentTransport: Sendable {
    func send(_ frames: [(ConnectionID, [UInt8])])
    /// After what was sent before.
    func close(_ connection: ConnectionID, reason: String)
}

/// Signs the renewal of a node's certificate: PKCS#10 in DER to a PEM chain.
package typealias CertificateSigner = @Sendable (_ request: [UInt8], _ node: NodeID) throws -> String

/// The coordinator's only loop: take everything in the inbox, `handle` each event, commit all writes in one
/// transaction, perform the actions, sleep until the inbox or `nextWakeup`.
///
/// It owns the machine as a local variable of its thread: no lock, no actor.
package final class Driver: Sendable {
    private let inbox = Inbox()
    private let store: any Store
    private let transport: any AgentTransport
    private let signer: CertificateSigner
    private let logger: Logger
    package let telemetry = Telemetry()
    private let metrics = DriverMetrics()
    package let relay: Relay
    package let revisions: RevisionFeed
    private let storeWorks = Atomic(false)

    /// False until the state is restored, and while commits fail.
    package var isWriting: Bool { storeWorks.load(ordering: .relaxed) }

    package init(
        store: any Store, transport: any AgentTransport, signer: @escaping CertificateSigner, logger: Logger
    ) {
        self.store = store
        self.transport = transport
        self.signer = signer
        self.logger = logger
        relay = Relay(transport: transport)
        revisions = RevisionFeed()
    }

    package func put(_ inputs: [Input]) { inbox.put(inputs) }

    /// Answered after the commit of what it changed.
    package func submit(_ command: Command) async -> Reply {
        await withCheckedContinuation { continuation in
            inbox.put(.command(command) { continuation.resume(returning: $0) })
        }
    }

    /// Brings up to date what is measured by looking.
    package func sampleMetrics() { metrics.noteInbox(inbox.count) }

    /// Ends `run` after everything that is waiting now.
    package func stop() { inbox.put(.stop) }

    /// Blocks its thread until `stop`.
    /// - Throws: `StoreError` where the snapshot cannot be read.
    package func run(cluster: String, limits: Limits = .defaults) throws {
        var core = Coordinator(
            cluster: cluster, limits: limits, restoring: try store.snapshot(endedJobs: limits.endedJobsKept),
            at: Self.now())
        storeWorks.store(true, ordering: .relaxed)
        var codec = Codec()
        var commands = PendingCommands()
        var backlog = Backlog()
        while true {
            let (batch, waitingSince) = inbox.takeAll(
                waitingUpTo: pause(until: core.nextWakeup, backlog.retryAt))
            let now = Self.now()
            let beatsBefore = telemetry.beatCount
            var output = Output()
            var isStopping = false
            for input in batch {
                if case .stop = input { isStopping = true }
                handle(input, by: &core, at: now, into: &output, &codec, &commands)
            }
            metrics.took(
                inputs: batch.count, beats: telemetry.beatCount - beatsBefore,
                waiting: waitingSince.map { Self.now() - $0 })
            if let wakeup = core.nextWakeup, wakeup <= now { core.handle(.wakeup, at: now, into: &output) }
            backlog.take(output)
            commit(&backlog, by: &core, at: now)
            perform(backlog.releaseActions(), &codec, &commands)
            metrics.worked(Self.now() - now)
            if isStopping { return }
        }
    }

    private static func now() -> Instant { Instant(microseconds: SteadyClock.now()) }

    private func pause(until deadlines: Instant?...) -> Duration? {
        deadlines.compactMap(\.self).min().map { $0 - Self.now() }
    }

    private func handle(
        _ input: Input, by core: inout Coordinator, at now: Instant, into output: inout Output,
        _ codec: inout Codec, _ commands: inout PendingCommands
    ) {
        switch input {
        case .agentConnected(let connection, let peer):
            core.handle(.agentConnected(connection, peer), at: now, into: &output)
        case .agentFrame(let connection, let bytes):
            do {
                let message = try codec.decoder.agentMessage(bytes)
                if relay.take(message) { return }
                core.handle(.agentMessage(connection, message), at: now, into: &output)
                if let node = core.node(of: connection) { telemetry.note(message, of: node, at: now) }
            } catch {
                metrics.decodingFailed()
                logger.warning("closing an agent's connection", metadata: ["reason": "\(error)"])
                core.handle(.agentDisconnected(connection, reason: error.message), at: now, into: &output)
                output.actions.append(.refuse(connection, Refusal(.protocolViolation, error.description)))
            }
        case .agentDisconnected(let connection, let reason):
            relay.forget(connection)
            core.handle(.agentDisconnected(connection, reason: reason), at: now, into: &output)
        case .command(let command, let answer):
            core.handle(.commandReceived(commands.add(answer), command), at: now, into: &output)
        case .stop: break
        }
    }

    /// Everything or nothing: what cannot be written is kept, and the machine told to take no new work.
    private func commit(_ backlog: inout Backlog, by core: inout Coordinator, at now: Instant) {
        guard !backlog.writes.isEmpty, backlog.retryAt.map({ $0 <= now }) ?? true else { return }
        let start = Self.now()
        do {
            let writes = backlog.writes.coalesced()
            let revision = try store.commit(writes)
            metrics.committed(rows: writes.count, in: Self.now() - start)
            let wasFailing = backlog.retryAt != nil
            backlog.written()
            revisions.publish(revision)
            if wasFailing {
                storeWorks.store(true, ordering: .relaxed)
                logger.notice("the store can be written again")
                var output = Output()
                core.handle(.storeRecovered, at: now, into: &output)
                backlog.take(output)
            }
        } catch {
            metrics.commitFailed(pendingRows: backlog.writes.count)
            if backlog.retryAt == nil {
                storeWorks.store(false, ordering: .relaxed)
                logger.error(
                    "the store cannot be written; new work is refused", metadata: ["error": "\(error)"])
                var output = Output()
                core.handle(.storeFailed(reason: "\(error)"), at: now, into: &output)
                backlog.take(output)
            }
            backlog.retryAt = now + .seconds(1)
        }
    }

    private func perform(_ actions: [Action], _ codec: inout Codec, _ commands: inout PendingCommands) {
        var frames: [(ConnectionID, [UInt8])] = []
        frames.reserveCapacity(actions.count)
        for action in actions {
            switch action {
            case .send(let connection, let message): encode(message, to: connection, &codec, &frames)
            case .sendTasks(let connection, let key, let job, let attempts, let hasPayloads):
                do {
                    let payloads = hasPayloads ? try store.payloads(job, at: attempts.map(\.index)) : nil
                    let orders = attempts.enumerated().map { TaskOrder(attempt: $1, payload: payloads?[$0]) }
                    for batch in Self.batches(of: orders) {
                        encode(.assignTasks(key, batch), to: connection, &codec, &frames)
                    }
                } catch {
                    // The agent connects again and does not have them: they are handed out anew.
                    logger.error(
                        "cannot read task payloads", metadata: ["job": "\(job)", "error": "\(error)"])
                    transport.close(connection, reason: "the coordinator cannot read task payloads")
                }
            case .renewCertificate(let connection, let node, let request):
                do {
                    encode(.certificate(pem: try signer(request, node)), to: connection, &codec, &frames)
                } catch {
                    logger.warning("refusing a renewal", metadata: ["node": "\(node)", "error": "\(error)"])
                }
            case .refuse(let connection, let refusal):
                encode(.refusal(refusal), to: connection, &codec, &frames)
                transport.send(frames)
                frames.removeAll(keepingCapacity: true)
                transport.close(connection, reason: refusal.message)
            case .reply(let request, let reply): commands.answer(request, reply)
            }
        }
        if !frames.isEmpty { transport.send(frames) }
    }

    private func encode(
        _ message: CoordinatorMessage, to connection: ConnectionID, _ codec: inout Codec,
        _ frames: inout [(ConnectionID, [UInt8])]
    ) {
        do {
            frames.append((connection, try codec.encoder.encode(message)))
        } catch {
            logger.error("cannot encode a message", metadata: ["error": "\(error)"])
            transport.close(connection, reason: "the coordinator cannot encode a message")
        }
    }

    /// Orders whose payloads fit into one frame together.
    private static func batches(of orders: [TaskOrder]) -> [[TaskOrder]] {
        var batches: [[TaskOrder]] = []
        var batch: [TaskOrder] = []
        var bytes = 0
        for order in orders {
            let size = (order.payload?.utf8.count ?? 0) + 32
            if !batch.isEmpty, bytes + size > ProtocolLimits.frameBytes / 2 {
                batches.append(batch)
                batch = []
                bytes = 0
            }
            batch.append(order)
            bytes += size
        }
        if !batch.isEmpty { batches.append(batch) }
        return batches
    }
}

/// The driver's own pair: the compression contexts are used over and over.
private struct Codec {
    var encoder = FrameEncoder()
    var decoder = FrameDecoder()
}

/// Commands that wait for their commit.
private struct PendingCommands {
    private var next: UInt64 = 0
    private var answers: [RequestID: @Sendable (Reply) -> Void] = [:]

    mutating func add(_ answer: @escaping @Sendable (Reply) -> Void) -> RequestID {
        next += 1
        answers[RequestID(next)] = answer
        return RequestID(next)
    }

    mutating func answer(_ request: RequestID, _ reply: Reply) {
        answers.removeValue(forKey: request)?(reply)
    }
}
