import NIOCore
import NIOPosix
import Platform

/// The agent's end of the socket to one supervisor, on the manager's event loop.
final class SupervisorLink {
    private let eventLoop: any EventLoop
    private var channel: (any Channel)?
    /// What is said before the channel stands.
    private var waiting: [[UInt8]] = []
    private var isClosing = false

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// Takes over a connected socket. `onClosed` comes once, also when the channel never stood.
    func open(
        _ socket: consuming Descriptor, onFrame: @escaping ([UInt8]) -> Void,
        onClosed: @escaping () -> Void
    ) {
        let handler = NIOLoopBound(
            FrameHandler(onFrame: onFrame, onClosed: onClosed), eventLoop: eventLoop)
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        ClientBootstrap(group: eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(handler.value)
                }
            }
            .withConnectedSocket(socket.release())
            .whenComplete { result in
                switch result {
                case .success(let channel): bound.value.stands(channel)
                case .failure: handler.value.close()
                }
            }
    }

    private func stands(_ channel: any Channel) {
        self.channel = channel
        for bytes in waiting { write(bytes, to: channel) }
        waiting = []
        if isClosing { channel.close(promise: nil) }
    }

    func send(_ bytes: [UInt8]) {
        if let channel {
            write(bytes, to: channel)
        } else {
            waiting.append(bytes)
        }
    }

    private func write(_ bytes: [UInt8], to channel: any Channel) {
        channel.writeAndFlush(channel.allocator.buffer(bytes: bytes), promise: nil)
    }

    func close() -> EventLoopFuture<Void> {
        isClosing = true
        guard let channel else { return eventLoop.makeSucceededVoidFuture() }
        return channel.close()
    }
}

/// Divides the supervisor's bytes into frames.
private final class FrameHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var frames = FrameBuffer()
    private let onFrame: ([UInt8]) -> Void
    private var onClosed: (() -> Void)?

    init(onFrame: @escaping ([UInt8]) -> Void, onClosed: @escaping () -> Void) {
        self.onFrame = onFrame
        self.onClosed = onClosed
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        frames.append(Array(unwrapInboundIn(data).readableBytesView)[...])
        do {
            while let frame = try frames.next() { onFrame(frame) }
        } catch {
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { close() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func close() {
        onClosed?()
        onClosed = nil
    }
}
