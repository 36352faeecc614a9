package import ClusterTypes
package import ProtocolMessages
import Synchronization

/// The newest heartbeat of each node: what is shown, and never what is decided on.
package final class Telemetry: Sendable {
    private let newest = Mutex<[NodeID: (Heartbeat, Instant)]>([:])

    func note(_ heartbeat: Heartbeat, of node: NodeID, at now: Instant) {
        newest.withLock { $0[node] = (heartbeat, now) }
    }

    package func load(of node: NodeID) -> (Heartbeat, Instant)? { newest.withLock { $0[node] } }
}
