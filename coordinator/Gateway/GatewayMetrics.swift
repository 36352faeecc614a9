package import CoreMetrics
package import Instruments

/// What the agents' listener tells of itself, through swift-metrics.
package struct GatewayMetrics: Sendable {
    private let framesReceived: Counter
    private let bytesReceived: Counter
    private let framesSent: Counter
    private let bytesSent: Counter
    private let connections: Meter
    private let refused: Counter

    package init(factory: any MetricsFactory = MetricsSystem.factory) {
        framesReceived = Counter(label: "mortise_link_received_frames_total", factory: factory)
        bytesReceived = Counter(label: "mortise_link_received_bytes_total", factory: factory)
        framesSent = Counter(label: "mortise_link_sent_frames_total", factory: factory)
        bytesSent = Counter(label: "mortise_link_sent_bytes_total", factory: factory)
        connections = Meter(label: "mortise_link_connections", factory: factory)
        refused = Counter(label: "mortise_link_refused_total", factory: factory)
        connections.set(0)
    }

    func received(bytes: Int) {
        framesReceived.increment()
        bytesReceived.increment(by: bytes)
    }

    func sent(bytes: Int) {
        framesSent.increment()
        bytesSent.increment(by: bytes)
    }

    func opened() { connections.increment() }
    func closed() { connections.decrement() }
    func turnedAway() { refused.increment() }

    package static let descriptions: [Instruments.Description] = [
        .init("mortise_link_received_frames_total", "Messages from agents."),
        .init("mortise_link_received_bytes_total", "Their bytes, compressed."),
        .init("mortise_link_sent_frames_total", "Messages to agents."),
        .init("mortise_link_sent_bytes_total", "Their bytes, compressed."),
        .init("mortise_link_connections", "Connections of agents that are open."),
        .init("mortise_link_refused_total", "Connections that never became an agent's."),
    ]
}
