import HTTPSClient
import NIOCore
import NIOSSL
import NIOWebSocket
import ProtocolMessages

/// The agent's side of the WebSocket: frames in and out, bounds, silence and the end.
final class LinkConnection: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private var link: AgentLink?
    private let endpoint: HTTPSEndpoint
    private let configuration: LinkConfiguration
    private var context: ChannelHandlerContext?
    private var sweeping: RepeatedTask?
    private var signsOfLife: SignsOfLife?
    private var lastSweep = NIODeadline.uptimeNanoseconds(0)
    private var silence = TimeAmount.zero
    private var hasPinged = false
    private var isFlushScheduled = false
    private var isClosing = false

    init(link: AgentLink, endpoint: HTTPSEndpoint, configuration: LinkConfiguration) {
        self.link = link
        self.endpoint = endpoint
        self.configuration = configuration
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        signsOfLife = try? context.pipeline.syncOperations.handler(type: SignsOfLife.self)
        let interval = max(
            TimeAmount.milliseconds(5), min(.seconds(1), TimeAmount(configuration.pingAfter / 2)))
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        sweeping = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            bound.value.sweep()
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        sweeping?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(
            HTTPSError(
                .closedEarly, "The connection to \(endpoint) broke off. The coordinator's log says why."))
        context.fireChannelInactive()
    }

    /// Tells the link, once.
    private func end(_ reason: HTTPSError) {
        isClosing = true
        sweeping?.cancel()
        let link = self.link
        self.link = nil
        link?.ended(self, reason)
    }

    // MARK: - In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .binary: link?.received(Array(frame.unmaskedData.readableBytesView), on: self)
        case .ping: write(frame.unmaskedData, .pong)
        case .pong: break
        case .connectionClose:
            var data = frame.unmaskedData
            _ = data.readInteger(as: UInt16.self)
            let text = data.readString(length: data.readableBytes) ?? ""
            let reason = text.isEmpty ? "" : ": \(text)"
            close(.normalClosure, HTTPSError(.closed, "\(endpoint) closed the connection\(reason)."))
        default:
            close(
                .unacceptableData,
                HTTPSError(.protocolViolation, "\(endpoint) sent what is no binary message."))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOWebSocketError.invalidFrameLength,
            NIOWebSocketFrameAggregator.Error.accumulatedFrameSizeIsTooLarge:
            close(
                .messageTooLarge,
                HTTPSError(
                    .protocolViolation,
                    "\(endpoint) sent a message larger than the limit of \(configuration.frameLimitBytes) bytes."
                ))
        case is NIOWebSocketError, is NIOWebSocketFrameAggregator.Error:
            close(.protocolError, HTTPSError(.protocolViolation, "\(endpoint) broke the WebSocket protocol."))
        case NIOSSLError.uncleanShutdown:
            // `channelInactive` follows.
            break
        default:
            end(HTTPSError(explaining: error, at: endpoint, certificate: nil, nowSeconds: 0))
            context.close(promise: nil)
        }
    }

    // MARK: - Out

    func send(_ frame: [UInt8]) {
        guard !isClosing, let context else { return }
        let waiting = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        guard waiting + frame.count <= configuration.outboundLimitBytes else {
            giveUp("\(endpoint) reads too slowly: \(waiting) bytes wait to be sent.")
            return
        }
        write(context.channel.allocator.buffer(bytes: frame), .binary)
    }

    private func write(_ data: ByteBuffer, _ opcode: WebSocketOpcode) {
        guard let context else { return }
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
        context.write(wrapOutboundOut(frame), promise: nil)
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        context.eventLoop.assumeIsolated().execute { [self] in
            isFlushScheduled = false
            self.context?.flush()
        }
    }

    // MARK: - Silence and end

    private var sweepInterval: TimeAmount {
        max(.milliseconds(5), min(.seconds(1), TimeAmount(configuration.pingAfter / 2)))
    }

    private func sweep() {
        guard !isClosing, let signsOfLife, let context else { return }
        let now = context.eventLoop.now
        // While this process was stopped it could not listen: that time counts as two intervals at most.
        let elapsed = min(now - lastSweep, sweepInterval + sweepInterval)
        lastSweep = now
        if signsOfLife.hasHeard {
            signsOfLife.hasHeard = false
            silence = .zero
            hasPinged = false
            return
        }
        silence = silence + elapsed
        if silence >= TimeAmount(configuration.cutAfter) {
            giveUp("\(endpoint) was silent for \(configuration.cutAfter), pings included.")
        } else if silence >= TimeAmount(configuration.pingAfter), !hasPinged {
            hasPinged = true
            write(ByteBuffer(), .ping)
        }
    }

    private func giveUp(_ reason: String) {
        let context = self.context
        end(HTTPSError(.unresponsive, reason))
        context?.close(promise: nil)
    }

    /// Says goodbye in a close frame, after all that was sent before, and tells the link at once.
    func close(_ code: WebSocketErrorCode, _ reason: HTTPSError) {
        guard !isClosing, let context else { return }
        var data = context.channel.allocator.buffer(capacity: 125)
        data.write(webSocketErrorCode: code)
        var text = Substring(reason.message)
        while text.utf8.count > 123 { text.removeLast() }
        data.writeSubstring(text)
        write(data, .connectionClose)
        context.flush()
        end(reason)
        context.close(promise: nil)
    }
}
