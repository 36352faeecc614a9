package import CoordinatorCore

/// What the gateway hands over, in batches. Per connection: `connected`, frames in order, `disconnected`.
package enum GatewayEvent: Sendable, Hashable {
    /// TLS, certificate, cluster and WebSocket are good.
    case connected(ConnectionID, PeerIdentity)
    /// One binary message as it came: not decoded here.
    case frame(ConnectionID, [UInt8])
    case disconnected(ConnectionID, reason: String)
}
