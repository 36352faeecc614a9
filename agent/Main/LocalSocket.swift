import NIOCore
import NIOPosix
import Platform
import ProtocolCodec
import ProtocolMessages

/// What a local command asks of the agent that runs on this machine.
enum LocalRequest: Sendable, Equatable {
    case status
    case leave
    /// The machine will be gone after so many seconds.
    case leaveIn(seconds: UInt32)

    /// nil where the bytes are no request.
    init?(bytes: [UInt8]) {
        switch (bytes.first, bytes.count) {
        case (1, 1): self = .status
        case (2, 1): self = .leave
        case (3, 5): self = .leaveIn(seconds: bytes[1...].reduce(0) { $0 << 8 | UInt32($1) })
        default: return nil
        }
    }

    var bytes: [UInt8] {
        switch self {
        case .status: [1]
        case .leave: [2]
        case .leaveIn(let seconds): [3] + (0..<4).map { UInt8(truncatingIfNeeded: seconds >> (24 - 8 * $0)) }
        }
    }
}

struct LocalAnswer: Sendable {
    var text: String
    var report: HardwareReport?
    var load: Heartbeat?
}

/// The agent's only listener: a socket in its directory, for its own user.
///
/// A request is one byte, with a 32-bit big-endian number of seconds where it has one. The answer is three fields, each a 32-bit big-endian length and so many bytes: a text, a
/// frame with the hardware report, a frame with the load; the latter two may be empty.
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

    /// - Returns: nil where no agent answers.
    static func ask(_ request: LocalRequest, in directory: AgentDirectory) -> LocalAnswer? {
        guard let folder = try? Descriptor.openFolder(directory.path),
            let connection = try? UnixSocket.connect(AgentDirectory.socketName, in: folder),
            UnixSocket.send(request.bytes[...], to: connection) == request.bytes.count
        else { return nil }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < 32 << 20 {
            // Two seconds: the agent answers from memory.
            var poll = PollSet(places: 1)
            poll.watch(0, connection.number)
            poll.wait(microseconds: 2_000_000)
            guard poll.isReadable(0) else { return nil }
            guard case .bytes(let count) = UnixSocket.receive(from: connection, into: &buffer) else { break }
            bytes += buffer[..<count]
        }
        return decode(bytes)
    }

    fileprivate static func encode(_ answer: LocalAnswer) -> [UInt8] {
        var encoder = FrameEncoder()
        let report =
            answer.report.flatMap { try? encoder.encode(AgentMessage.hardware($0, request: 0)) } ?? []
        let load = answer.load.flatMap { try? encoder.encode(AgentMessage.heartbeat($0)) } ?? []
        return [Array(answer.text.utf8), report, load].flatMap { field in
            (0..<4).map { UInt8(truncatingIfNeeded: field.count >> (24 - 8 * $0)) } + field
        }
    }

    private static func decode(_ bytes: [UInt8]) -> LocalAnswer? {
        var fields: [[UInt8]] = []
        var rest = bytes[...]
        while rest.count >= 4 {
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(4)
            guard rest.count >= length else { return nil }
            fields.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        guard fields.count == 3 else { return nil }
        var decoder = FrameDecoder()
        var answer = LocalAnswer(text: String(decoding: fields[0], as: UTF8.self))
        if case .hardware(let report, _)? = try? decoder.agentMessage(fields[1]) { answer.report = report }
        if case .heartbeat(let load)? = try? decoder.agentMessage(fields[2]) { answer.load = load }
        return answer
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
        let reply = LocalSocket.encode(answer(request))
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: reply)), promise: nil)
        context.close(promise: nil)
    }
}
