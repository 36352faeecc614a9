import NIOCore
import NIOPosix
import Platform

/// The agent's only listener: a socket in its directory, for its own user.
enum LocalSocket {
    /// Must be called on the event loop; `answer` is called there.
    static func serve(
        in directory: AgentDirectory, on eventLoop: any EventLoop,
        answer: @escaping (LocalRequest) -> LocalAnswer
    ) throws {
        let folder = try Descriptor.openFolder(directory.path)
        let listener = try UnixSocket.listen(AgentDirectory.socketName, in: folder)
        let box = NIOLoopBound(answer, eventLoop: eventLoop)
        let bound = ServerBootstrap(group: eventLoop)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(LocalHandler(answer: box.value))
                }
            }
            .withBoundSocket(listener.release())
        bound.whenFailure { _ in }
    }

    enum Reply {
        case nobody
        /// The connection was taken; no answer came, or one that cannot be read.
        case silence
        case answer(LocalAnswer)
    }

    /// - Returns: nil where no agent answers.
    static func ask(_ request: LocalRequest, in directory: AgentDirectory) -> LocalAnswer? {
        if case .answer(let answer) = reply(to: request, in: directory) { answer } else { nil }
    }

    static func reply(to request: LocalRequest, in directory: AgentDirectory) -> Reply {
        guard let folder = try? Descriptor.openFolder(directory.path),
            let connection = try? UnixSocket.connect(AgentDirectory.socketName, in: folder),
            UnixSocket.send(request.bytes[...], to: connection) == request.bytes.count
        else { return .nobody }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < 32 << 20 {
            // Two seconds: the agent answers from memory.
            var poll = PollSet(places: 1)
            poll.watch(0, connection.number)
            poll.wait(microseconds: 2_000_000)
            guard poll.isReadable(0) else { return .silence }
            guard case .bytes(let count) = UnixSocket.receive(from: connection, into: &buffer) else { break }
            bytes += buffer[..<count]
        }
        return LocalAnswer(bytes: bytes).map { .answer($0) } ?? .silence
    }
}

private final class LocalHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let answer: (LocalRequest) -> LocalAnswer

    init(answer: @escaping (LocalRequest) -> LocalAnswer) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        guard let request = LocalRequest(bytes: Array(bytes.readableBytesView)) else {
            context.close(promise: nil)
            return
        }
        let reply = answer(request).bytes
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: reply)), promise: nil)
        context.close(promise: nil)
    }
}
