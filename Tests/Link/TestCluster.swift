import AgentLink
import ClusterTypes
import CoordinatorCore
import CoordinatorGateway
import Foundation
import HTTPSClient
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ProtocolCodec
import ProtocolMessages
import TLSIdentity
import Testing

/// A cluster of one gateway on a free port, and what is needed to dial it.
struct TestCluster: Sendable {
    let now = Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    let authority: CertificateAuthority
    let gateway: Gateway
    let events = Inbox<GatewayEvent>()
    let batches = Inbox<Int>()
    /// The lines of the log, message and reason.
    let log = Inbox<String>()
    let port: Int

    /// - Parameters:
    ///   - names: of the gateway's certificate.
    ///   - cluster: which the gateway lets in; the CA is always that of "alpha".
    init(
        names: [String] = ["127.0.0.1"], cluster: String = "alpha",
        serverValidity: Duration = .seconds(3_600),
        serverIssuedBefore: Duration = .zero, configure: (inout GatewayConfiguration) -> Void = { _ in }
    ) async throws {
        authority = try CertificateAuthority.create(cluster: "alpha", now: now)
        let identity = try authority.issueServer(
            names: names, validity: serverValidity, now: now - serverIssuedBefore)
        var configuration = GatewayConfiguration.defaults
        configuration.host = "127.0.0.1"
        configuration.port = 0
        configure(&configuration)
        let lines = log
        let logger = Logger(label: "test") { _ in RecordingLog(lines: lines) }
        gateway = try Gateway(
            configuration: configuration, cluster: cluster, identity: identity,
            authorityPEM: authority.certificatePEM, group: MultiThreadedEventLoopGroup.singleton,
            logger: logger
        ) { [events, batches] batch in
            batches.append(batch.events.count)
            for event in batch.events { events.append(GatewayEvent(event, of: batch)) }
        }
        try await gateway.start()
        port = try #require(gateway.localAddress?.port)
    }

    var address: String { "127.0.0.1:\(port)" }

    func identity(
        node: UInt64 = 7, authority: CertificateAuthority? = nil, validity: Duration = .seconds(3_600),
        issuedBefore: Duration = .zero
    ) throws -> NodeIdentity {
        let issuer = authority ?? self.authority
        let key = NodeKey.generate()
        let request = try CertificateRequest(der: key.certificateRequestDER(name: "test"))
        return try NodeIdentity(
            node: NodeID(node), cluster: issuer.cluster, agentEndpoints: [address], apiURLs: [], key: key,
            certificatePEM: issuer.issueNode(
                request, node: NodeID(node), validity: validity, now: now - issuedBefore),
            // A foreign node would trust this server: what is tested is that it is not trusted.
            authorityPEM: self.authority.certificatePEM)
    }

    /// Waits until the gateway has let an agent in.
    func connection() async throws -> (ConnectionID, PeerIdentity)? {
        let event = try await events.first { if case .connected = $0 { true } else { false } }
        if case .connected(let id, let peer) = event { return (id, peer) }
        return nil
    }

    func disconnectReason() async throws -> String {
        let event = try await events.first { if case .disconnected = $0 { true } else { false } }
        if case .disconnected(_, let reason) = event { return reason }
        return ""
    }

    func frame() async throws -> [UInt8] {
        let event = try await events.first { if case .frame = $0 { true } else { false } }
        if case .frame(_, let bytes) = event { return bytes }
        return []
    }

    var hasConnected: Bool { events.all.contains { if case .connected = $0 { true } else { false } } }

    func frame(_ message: CoordinatorMessage) throws -> [UInt8] {
        var encoder = FrameEncoder()
        return try encoder.encode(message)
    }
}

private struct RecordingLog: LogHandler {
    let lines: Inbox<String>
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    init(lines: Inbox<String>) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.append("\(event.message) \(event.metadata?["reason"]?.description ?? "")")
    }
}

/// An agent's link on an event loop of its own, driven from a test.
final class TestAgent: Sendable {
    let events = Inbox<LinkEvent>()
    private let link: NIOLoopBoundBox<AgentLink?>

    init(
        _ identity: NodeIdentity, endpoints: [String]? = nil,
        configure: (inout LinkConfiguration) -> Void = { _ in }
    ) {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        var configuration = LinkConfiguration.defaults
        configure(&configuration)
        link = .makeEmptyBox(valueType: AgentLink.self, eventLoop: eventLoop)
        eventLoop.execute { [link, events, configuration] in
            link.value = AgentLink(
                eventLoop: eventLoop, identity: identity, endpoints: endpoints, configuration: configuration
            ) { events.append($0) }
        }
    }

    private func perform(_ body: @escaping @Sendable (AgentLink) -> Void) {
        link.eventLoop.execute { [link] in
            if let link = link.value { body(link) }
        }
    }

    func connect() { perform { $0.connect() } }
    func disconnect() { perform { $0.disconnect(reason: "the test disconnects") } }

    /// All in one turn of the event loop.
    func send(_ messages: [AgentMessage]) {
        perform { link in for message in messages { link.send(message) } }
    }

    /// Connects and returns why it did not, or why it ended.
    func connectAndFail() async throws -> (reason: String, code: HTTPSError.Code) {
        connect()
        return try await disconnected()
    }

    func disconnected() async throws -> (reason: String, code: HTTPSError.Code) {
        let event = try await events.first { if case .disconnected = $0 { true } else { false } }
        if case .disconnected(let reason, let code) = event { return (reason, code) }
        return ("", .closed)
    }

    func connected() async throws {
        _ = try await events.first { $0 == .connected }
    }
}

/// What a batch holds, each frame with its bytes.
enum GatewayEvent: Sendable, Hashable {
    case connected(ConnectionID, PeerIdentity)
    case frame(ConnectionID, [UInt8])
    case disconnected(ConnectionID, reason: String)

    init(_ event: ConnectionBatch.Event, of batch: ConnectionBatch) {
        switch event {
        case .connected(let id, let peer): self = .connected(id, peer)
        case .frame(let id, let range): self = .frame(id, Array(batch.bytes[range]))
        case .disconnected(let id, let reason): self = .disconnected(id, reason: reason)
        }
    }
}
