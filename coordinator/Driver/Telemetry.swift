package import ClusterTypes
package import CoordinatorMetrics
package import ProtocolMessages
import Synchronization

/// The newest heartbeat and devices of each node: what is shown, and never what is decided on.
package final class Telemetry: Sendable {
    private struct State {
        var newest = TelemetrySnapshot()
        var beatCount = 0
    }

    private let state = Mutex(State())

    func note(_ beats: [(NodeID, Heartbeat)], at now: Instant) {
        state.withLock { state in
            for (node, beat) in beats { state.newest.beats[node] = TelemetrySnapshot.Beat(beat, at: now) }
            state.beatCount += beats.count
        }
    }

    func note(_ message: AgentMessage, of node: NodeID) {
        switch message {
        case .hello(let hello): note(hello.hardware, of: node)
        case .hardware(let report, _): note(report, of: node)
        default: break
        }
    }

    private func note(_ report: HardwareReport, of node: NodeID) {
        let devices = report.devices.map { DeviceFacts($0) }
        state.withLock { $0.newest.devices[node] = devices.isEmpty ? nil : devices }
    }

    /// Of nodes that are no more.
    func forget(_ nodes: [NodeID]) {
        state.withLock { state in
            for node in nodes {
                state.newest.beats[node] = nil
                state.newest.devices[node] = nil
            }
        }
    }

    /// Since the start.
    var beatCount: Int { state.withLock { $0.beatCount } }

    package func load(of node: NodeID) -> (Heartbeat, Instant)? {
        state.withLock { state in state.newest.beats[node].map { ($0.heartbeat, $0.at) } }
    }

    /// All of it; a copy is made only while somebody holds the one before.
    package func snapshot() -> TelemetrySnapshot { state.withLock { $0.newest } }
}
