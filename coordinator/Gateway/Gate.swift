import NIOCore

/// The handler next to the socket: notices signs of life, and how a connection ends.
///
/// A connection that fails its handshake is not closed at once: with unread bytes in the socket the system would
/// reset it, and the peer would never read the alert that says why. So our side is closed, what still comes is
/// thrown away, and after a moment the rest is closed.
final class Gate: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let lingerTimeout = TimeAmount.seconds(1)

    /// Something has come since this was last set to false.
    var hasHeard = false
    /// The first byte decides whether it can be TLS at all.
    private(set) var speaksPlainHTTP = false
    private var hasSeenBytes = false
    private var isLingering = false
    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isLingering else { return }
        hasHeard = true
        if !hasSeenBytes {
            hasSeenBytes = true
            // A TLS record begins with its type, 22; an HTTP request with a letter.
            let first = unwrapInboundIn(data).readableBytesView.first ?? 0
            speaksPlainHTTP = (0x41...0x5A).contains(first)
        }
        context.fireChannelRead(data)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all, !isLingering, context.channel.isActive else {
            context.close(mode: mode, promise: promise)
            return
        }
        isLingering = true
        context.channel.closeFuture.cascade(to: promise)
        context.close(mode: .output, promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: Gate.lingerTimeout) { [self] in cut() }
    }

    /// Ends the connection now, whatever waits to be sent.
    func cut() {
        context?.close(mode: .all, promise: nil)
    }
}
