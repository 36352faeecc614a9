/// What the agents' connections of one event loop have brought in one turn of it. Nothing in it is decoded.
package struct ConnectionBatch: Sendable {
    /// Per connection: `connected`, frames in order, `disconnected`.
    package enum Event: Sendable, Hashable {
        /// TLS, certificate, cluster and WebSocket are good.
        case connected(ConnectionID, PeerIdentity)
        /// One binary message as it came: these of `bytes`.
        case frame(ConnectionID, Range<Int>)
        case disconnected(ConnectionID, reason: String)
    }

    package private(set) var events: [Event] = []
    /// All frames, one after the other.
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package var isEmpty: Bool { events.isEmpty }

    package mutating func append(_ event: Event) { events.append(event) }

    package mutating func append(_ frame: some Collection<UInt8>, of connection: ConnectionID) {
        let start = bytes.count
        bytes.append(contentsOf: frame)
        events.append(.frame(connection, start..<bytes.count))
    }
}
