import HTTPSClient
package import NIOCore
import NIOPosix
import NIOSSL
import NIOWebSocket
import ProtocolCodec
package import ProtocolMessages
package import TLSIdentity

/// The agent's connection to its coordinator. One attempt at a time; when to try again is the agent's decision.
///
/// Lives on one event loop: every call comes from there and `onEvent` is called there, also from within `connect`
/// and `disconnect`.
package final class AgentLink {
    package let eventLoop: any EventLoop
    /// Who this agent is; a renewed one is used from the next connection on.
    package var identity: NodeIdentity
    /// "host:port", best first; they are tried in this order.
    package var endpoints: [String]
    /// The address that the coordinator has seen the last connection come from, if it says so.
    package internal(set) var seenAddress: String?
    let configuration: LinkConfiguration
    /// Told how far each dialing comes, for those who measure.
    var onStep: ((DialStep) -> Void)?

    enum DialStep {
        /// The connection is made.
        case connected
        /// The TLS handshake is finished.
        case secured
    }
    private let onEvent: (LinkEvent) -> Void
    private var encoder = FrameEncoder()
    private var decoder = FrameDecoder()
    /// Of the present connection.
    private var beats = BeatSender()
    private var version = ProtocolVersion.current

    private enum State {
        case idle
        case dialing(Dialing)
        case connected(LinkConnection)
    }
    private var state = State.idle

    /// One `connect`: where it stands in the list and what has failed so far.
    private final class Dialing {
        var remaining: ArraySlice<String>
        var failures: [HTTPSError] = []
        var channel: (any Channel)?
        init(_ endpoints: [String]) { remaining = endpoints[...] }
    }

    /// - Parameter endpoints: those of the identity if nil.
    package init(
        eventLoop: any EventLoop, identity: NodeIdentity, endpoints: [String]? = nil,
        configuration: LinkConfiguration = .defaults, onEvent: @escaping (LinkEvent) -> Void
    ) {
        self.eventLoop = eventLoop
        self.identity = identity
        self.endpoints = endpoints ?? identity.agentEndpoints
        self.configuration = configuration
        self.onEvent = onEvent
    }

    package var isConnected: Bool {
        if case .connected = state { true } else { false }
    }

    // MARK: - Calls

    /// Tries each endpoint once, in order. Does nothing while an attempt or a connection is under way.
    package func connect() {
        eventLoop.preconditionInEventLoop()
        guard case .idle = state else { return }
        let dialing = Dialing(endpoints)
        state = .dialing(dialing)
        let context: NIOSSLContext
        do {
            context = try NIOSSLContext(configuration: TLSSettings.agent(identity))
        } catch {
            let reason = (error as? IdentityError)?.message ?? "TLS cannot be set up: \(error)."
            finish(HTTPSError(.invalid, reason))
            return
        }
        dialNext(dialing, context)
    }

    /// Sends at the end of this turn of the event loop, together with what else is sent in it. Without a connection
    /// it is dropped: the agent says everything again after `connected`.
    package func send(_ message: AgentMessage) {
        eventLoop.preconditionInEventLoop()
        guard case .connected(let connection) = state else { return }
        do {
            if case .heartbeat(let beat) = message {
                connection.send(try encoder.encode(beat, from: &beats, version: version))
            } else {
                for frame in try encoder.frames(message) { connection.send(frame) }
            }
        } catch {
            connection.close(
                .unexpectedServerError,
                HTTPSError(.protocolViolation, "A message cannot be sent: \(error.message)."))
        }
    }

    /// Ends the attempt or the connection, after what was sent before. `disconnected` comes at once.
    package func disconnect(reason: String = "the agent disconnects") {
        eventLoop.preconditionInEventLoop()
        switch state {
        case .idle: break
        case .dialing(let dialing):
            dialing.channel?.close(promise: nil)
            finish(HTTPSError(.closed, reason))
        case .connected(let connection):
            connection.close(.normalClosure, HTTPSError(.closed, reason))
        }
    }

    // MARK: - Dialing

    private func isCurrent(_ dialing: Dialing) -> Bool {
        if case .dialing(let current) = state { current === dialing } else { false }
    }

    private func dialNext(_ dialing: Dialing, _ context: NIOSSLContext) {
        dialing.channel = nil
        guard let text = dialing.remaining.popFirst() else {
            finish(AgentLink.summary(of: dialing.failures))
            return
        }
        guard let endpoint = HTTPSEndpoint(hostAndPort: text) else {
            dialing.failures.append(
                HTTPSError(.invalid, "'\(text)' is no address of a coordinator: it must be HOST:PORT."))
            dialNext(dialing, context)
            return
        }
        dial(endpoint, context) { [self] result in
            switch result {
            case .success(let connection) where isCurrent(dialing):
                state = .connected(connection)
                onEvent(.connected)
            case .success(let connection):
                connection.close(.goingAway, HTTPSError(.closed, "the agent disconnects"))
            case .failure(let error):
                guard isCurrent(dialing) else { return }
                dialing.failures.append(error)
                dialNext(dialing, context)
            }
        } onChannel: { [self] channel in
            if isCurrent(dialing) { dialing.channel = channel } else { channel.close(promise: nil) }
        }
    }

    private static func summary(of failures: [HTTPSError]) -> HTTPSError {
        guard let first = failures.first else {
            return HTTPSError(.invalid, "No address of a coordinator is known. Enroll again.")
        }
        // A clear no says more than an address that is not there.
        let code = failures.first { $0.code == .turnedAway }?.code ?? first.code
        return HTTPSError(code, failures.map(\.message).joined(separator: " "))
    }

    /// Calls `completion` once.
    private func dial(
        _ endpoint: HTTPSEndpoint, _ context: NIOSSLContext,
        completion: @escaping (Result<LinkConnection, HTTPSError>) -> Void,
        onChannel: @escaping (any Channel) -> Void
    ) {
        let handshake = NIOLoopBound(
            LinkHandshake(link: self, endpoint: endpoint, completion: completion), eventLoop: eventLoop)
        ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try AgentLink.configure(channel, endpoint, context, handshake)
                }
            }
            .connect(host: endpoint.host, port: endpoint.port)
            .assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success(let channel): onChannel(channel)
                case .failure(let error): handshake.value.fail(error, certificate: nil)
                }
            }
    }

    private static func configure(
        _ channel: any Channel, _ endpoint: HTTPSEndpoint, _ context: NIOSSLContext,
        _ handshake: NIOLoopBound<LinkHandshake>
    ) throws {
        let isAddress = (try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port)) != nil
        let pipeline = channel.pipeline.syncOperations
        // Without a name, NIOSSL holds the certificate against the address that it is connected to.
        try pipeline.addHandler(
            NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : endpoint.host))
        try pipeline.addHandler(SignsOfLife())
        try pipeline.addHandler(handshake.value)
    }

    // MARK: - From the connection

    func received(_ frame: [UInt8], on connection: LinkConnection) {
        let message: CoordinatorMessage
        do {
            message = try decoder.coordinatorMessage(frame)
        } catch {
            connection.close(
                .protocolError,
                HTTPSError(
                    .protocolViolation,
                    "The coordinator sent a message that cannot be read: \(error.message). Update the older of the "
                        + "two."))
            return
        }
        switch message {
        case .welcome(let welcome):
            version = welcome.version
            beats = BeatSender(dictionary: welcome.beatDictionary)
        case .heartbeatAcknowledged(let sequence, _): beats.acknowledge(sequence)
        default: break
        }
        onEvent(.message(message))
    }

    /// The connection is over for the agent; its socket may take a moment more.
    func ended(_ connection: LinkConnection, _ reason: HTTPSError) {
        guard case .connected(let current) = state, current === connection else { return }
        finish(reason)
    }

    private func finish(_ error: HTTPSError) {
        state = .idle
        onEvent(.disconnected(reason: error.message, code: error.code))
    }
}
