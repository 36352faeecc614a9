package import HTTPSClient
package import ProtocolMessages

/// What the link tells its agent. Each `connect` ends in exactly one `disconnected`.
package enum LinkEvent: Sendable, Hashable {
    /// TLS and WebSocket stand; `hello` may be sent.
    case connected
    case message(CoordinatorMessage)
    /// The attempt failed or the connection is over. The reason is a sentence.
    case disconnected(reason: String, code: HTTPSError.Code)
}

extension HTTPSError.Code {
    /// In order: one of the two sides said goodbye.
    package static let closed = HTTPSError.Code(rawValue: "closed")
    /// A message that breaks the protocol or its bounds, in either direction.
    package static let protocolViolation = HTTPSError.Code(rawValue: "protocol_violation")
    /// The other side takes nothing or says nothing any more.
    package static let unresponsive = HTTPSError.Code(rawValue: "unresponsive")
}

/// The bounds of the agent's side of the link.
package struct LinkConfiguration: Sendable, Hashable {
    /// For one endpoint, from the dialing to the finished WebSocket upgrade. 15 s: three slow round trips.
    package var connectTimeout = Duration.seconds(15)
    /// A message as it is on the wire.
    package var frameLimitBytes = ProtocolLimits.frameBytes
    /// What may wait for a slow coordinator before the connection is given up. 16 MiB: four of the largest messages.
    package var outboundLimitBytes = 16 << 20
    /// A silent coordinator is pinged. 20 s: four heartbeats without an answer.
    package var pingAfter = Duration.seconds(20)
    /// A coordinator that stays silent is given up. 60 s: the lease is long over.
    package var cutAfter = Duration.seconds(60)

    package static let defaults = LinkConfiguration()
    package init() {}
}
