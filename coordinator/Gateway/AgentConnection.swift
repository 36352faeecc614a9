import CoordinatorCore
import NIOCore
import NIOSSL
import NIOWebSocket
import ProtocolMessages

/// One agent's WebSocket: frames in and out, bounds, silence and the end.
final class AgentConnection: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    /// A message in more pieces than this is an attack.
    private static let fragmentLimit = 1_024

    private let loop: GatewayLoop
    private let gate: Gate
    private let peer: PeerIdentity
    private var id: ConnectionID?
    private var context: ChannelHandlerContext?
    private var fragments: [UInt8]?
    private var fragmentCount = 0
    private var silence = TimeAmount.zero
    private var hasPinged = false
    private var isClosing = false
    private var isDirty = false
    /// The first thing that went wrong; nil while all is well.
    private var reason: String?

    init(loop: GatewayLoop, gate: Gate, peer: PeerIdentity) {
        self.loop = loop
        self.gate = gate
        self.peer = peer
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        id = loop.add(self, peer: peer)
        if loop.isPaused { setReading(isPaused: true) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { ended() }

    func channelInactive(context: ChannelHandlerContext) {
        ended()
        context.fireChannelInactive()
    }

    private func ended() {
        context = nil
        guard let id else { return }
        self.id = nil
        loop.remove(id, reason: reason ?? "the agent closed the connection")
    }

    // MARK: - In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing, let id else { return }
        let frame = unwrapInboundIn(data)
        guard frame.maskKey != nil || frame.length == 0 else {
            close(.protocolError, reason: "a frame was not masked")
            return
        }
        guard frame.reservedBits.isEmpty else {
            close(.protocolError, reason: "a frame uses an extension that was not agreed on")
            return
        }
        switch frame.opcode {
        case .binary where frame.fin && fragments == nil:
            loop.append(frame.unmaskedData.readableBytesView, of: id)
        case .binary where fragments == nil, .continuation where fragments != nil:
            collect(frame, id)
        case .ping:
            write(frame.unmaskedData, .pong)
            flush()
        case .pong: break
        case .connectionClose: peerCloses(frame)
        case .text: close(.unacceptableData, reason: "messages are binary, this one is text")
        default: close(.protocolError, reason: "the pieces of a message came out of order")
        }
    }

    private func collect(_ frame: WebSocketFrame, _ id: ConnectionID) {
        var message = fragments ?? []
        fragments = nil
        fragmentCount += 1
        guard message.count + frame.length <= loop.configuration.frameLimitBytes else {
            close(.messageTooLarge, reason: tooLarge)
            return
        }
        guard fragmentCount <= AgentConnection.fragmentLimit else {
            close(
                .policyViolation,
                reason: "a message came in more than \(AgentConnection.fragmentLimit) pieces")
            return
        }
        message.append(contentsOf: frame.unmaskedData.readableBytesView)
        if frame.fin {
            fragmentCount = 0
            loop.append(message, of: id)
        } else {
            fragments = message
        }
    }

    private var tooLarge: String {
        "a message is larger than the limit of \(loop.configuration.frameLimitBytes) bytes"
    }

    private func peerCloses(_ frame: WebSocketFrame) {
        var data = frame.unmaskedData
        let code = data.readInteger(as: UInt16.self)
        let text = data.readString(length: data.readableBytes) ?? ""
        fail(text.isEmpty ? "the agent closed the connection" : "the agent closed the connection: \(text)")
        close(code.map { WebSocketErrorCode(codeNumber: Int($0)) } ?? .normalClosure, reason: "")
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOWebSocketError.invalidFrameLength: close(.messageTooLarge, reason: tooLarge)
        case is NIOWebSocketError: close(.protocolError, reason: "the agent broke the WebSocket protocol")
        case NIOSSLError.uncleanShutdown: fail("the connection broke off")
        case let error as IOError:
            fail("the connection broke: \(error.description)")
            context.close(promise: nil)
        default:
            fail("the connection broke: \(error)")
            context.close(promise: nil)
        }
    }

    // MARK: - Out

    /// Writes without flushing.
    ///
    /// - Returns: whether it needs its first flush.
    func write(_ bytes: [UInt8]) -> Bool {
        guard !isClosing, let context else { return false }
        let waiting = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        guard waiting + bytes.count <= loop.configuration.outboundLimitBytes else {
            cut(reason: "the agent reads too slowly: \(waiting) bytes wait to be sent")
            return false
        }
        loop.metrics.sent(bytes: bytes.count)
        write(context.channel.allocator.buffer(bytes: bytes), .binary)
        if isDirty { return false }
        isDirty = true
        return true
    }

    private func write(_ data: ByteBuffer, _ opcode: WebSocketOpcode) {
        context?.write(wrapOutboundOut(WebSocketFrame(fin: true, opcode: opcode, data: data)), promise: nil)
    }

    func flush() {
        isDirty = false
        context?.flush()
    }

    func setReading(isPaused: Bool) {
        // The time in which nobody listened says nothing about the agent.
        silence = .zero
        hasPinged = false
        context?.channel.setOption(.autoRead, value: !isPaused).whenFailure { _ in }
    }

    // MARK: - Silence and end

    /// - Parameter elapsed: since the last sweep, as far as the gateway was listening.
    func sweep(elapsed: TimeAmount) {
        guard !isClosing else { return }
        if gate.hasHeard {
            gate.hasHeard = false
            silence = .zero
            hasPinged = false
            return
        }
        silence = silence + elapsed
        if silence >= TimeAmount(loop.configuration.cutAfter) {
            cut(reason: "the agent was silent for \(loop.configuration.cutAfter), pings included")
        } else if silence >= TimeAmount(loop.configuration.pingAfter), !hasPinged {
            hasPinged = true
            write(ByteBuffer(), .ping)
            flush()
        }
    }

    /// The first reason counts.
    private func fail(_ reason: String) {
        if self.reason == nil { self.reason = reason }
    }

    /// Says why in a close frame, after all that was sent before.
    func close(_ code: WebSocketErrorCode, reason: String) {
        guard !isClosing, let context else { return }
        fail(reason.isEmpty ? "closed by the coordinator" : reason)
        isClosing = true
        var data = context.channel.allocator.buffer(capacity: 125)
        data.write(webSocketErrorCode: code)
        data.writeSubstring(reason.prefix(utf8Bytes: 123))
        write(data, .connectionClose)
        flush()
        // What waits to be read must not keep the end from being seen.
        if loop.isPaused { context.channel.setOption(.autoRead, value: true).whenFailure { _ in } }
        context.close(promise: nil)
    }

    /// Ends it now: the peer does not listen.
    func cut(reason: String) {
        fail(reason)
        isClosing = true
        gate.cut()
    }
}

extension String {
    /// The longest beginning of whole characters that fits.
    func prefix(utf8Bytes limit: Int) -> Substring {
        var end = startIndex
        var count = 0
        while end < endIndex {
            count += self[end].utf8.count
            if count > limit { break }
            end = index(after: end)
        }
        return self[..<end]
    }
}
