import ClusterTypes
import CoordinatorCore
import Logging
import ProtocolCodec
import ProtocolMessages

/// Frames to events: decoded in bulk on the driver's thread, heartbeats that follow each other as one event.
struct AgentIntake {
    private let relay: Relay
    private let telemetry: Telemetry
    private let history: HistoryKeeper
    private let metrics: DriverMetrics
    private let logger: Logger
    /// Keeps its compression contexts.
    private var decoder = FrameDecoder()
    /// What each connection's next beat may be a difference to.
    private var receivers: [ConnectionID: BeatReceiver] = [:]
    private var beats: [ReceivedBeat] = []
    private var samples: [Heartbeat] = []

    init(relay: Relay, telemetry: Telemetry, history: HistoryKeeper, metrics: DriverMetrics, logger: Logger) {
        self.relay = relay
        self.telemetry = telemetry
        self.history = history
        self.metrics = metrics
        self.logger = logger
    }

    mutating func take(
        _ batch: ConnectionBatch, by core: inout Coordinator, at now: Instant, into output: inout Output
    ) {
        let bytes = batch.bytes
        for event in batch.events {
            switch event {
            case .frame(let connection, let range):
                do {
                    let message = try decoder.agentMessage(
                        bytes.span.bytes.extracting(range),
                        beats: &receivers[connection, default: BeatReceiver()])
                    if case .heartbeat(let beat) = message {
                        beats.append(ReceivedBeat(connection, sequence: beat.sequence))
                        samples.append(beat)
                        continue
                    }
                    flush(by: &core, at: now, into: &output)
                    if relay.take(message) { continue }
                    core.handle(.agentMessage(connection, message), at: now, into: &output)
                    if let node = core.node(of: connection) { telemetry.note(message, of: node) }
                } catch {
                    metrics.decodingFailed()
                    flush(by: &core, at: now, into: &output)
                    refuse(connection, error, by: &core, at: now, into: &output)
                }
            case .connected(let connection, let peer):
                flush(by: &core, at: now, into: &output)
                core.handle(.agentConnected(connection, peer), at: now, into: &output)
            case .disconnected(let connection, let reason):
                flush(by: &core, at: now, into: &output)
                receivers[connection] = nil
                relay.forget(connection)
                core.handle(.agentDisconnected(connection, reason: reason), at: now, into: &output)
            }
        }
        flush(by: &core, at: now, into: &output)
    }

    private mutating func flush(by core: inout Coordinator, at now: Instant, into output: inout Output) {
        guard !beats.isEmpty else { return }
        core.handle(.heartbeats(beats), at: now, into: &output)
        var heard: [(NodeID, Heartbeat)] = []
        heard.reserveCapacity(beats.count)
        for (beat, sample) in zip(beats, samples) {
            if let node = core.node(of: beat.connection) { heard.append((node, sample)) }
        }
        telemetry.note(heard, at: now)
        history.note(heard, holdings: { core.holdings(on: $0) }, at: now)
        beats.removeAll(keepingCapacity: true)
        samples.removeAll(keepingCapacity: true)
    }

    private func refuse(
        _ connection: ConnectionID, _ error: ProtocolError, by core: inout Coordinator, at now: Instant,
        into output: inout Output
    ) {
        logger.warning("closing an agent's connection", metadata: ["reason": "\(error)"])
        core.handle(.agentDisconnected(connection, reason: error.message), at: now, into: &output)
        output.actions.append(.refuse(connection, Refusal(.protocolViolation, error.description)))
    }
}
