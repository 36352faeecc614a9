package import ClusterTypes
package import ProtocolMessages
import Synchronization

/// The newest heartbeat of each node: what is shown, and never what is decided on.
package final class Telemetry: Sendable {
    private let newest = Mutex<[NodeID: (Heartbeat, Instant)]>([:])

    func note(_ beats: [(NodeID, Heartbeat)], at now: Instant) {
        guard !beats.isEmpty else { return }
        newest.withLock { newest in
            for (node, beat) in beats { newest[node] = (beat, now) }
        }
    }

    package func load(of node: NodeID) -> (Heartbeat, Instant)? { newest.withLock { $0[node] } }
}
