import Platform
import ProtocolMessages

/// The supervisor's end of the socket to an agent. Never waits: what the agent does not take stays in memory,
/// which is bounded because results are.
final class AgentConnection {
    private let socket: Descriptor
    private var incoming = FrameBuffer()
    private var outgoing: [UInt8] = []
    private var sent = 0
    private(set) var isGone = false

    init(socket: consuming Descriptor) { self.socket = socket }

    var descriptor: Int32 { socket.number }
    var hasOutgoing: Bool { sent < outgoing.count && !isGone }

    /// To be sent with the next `flush`.
    func queue(_ bytes: [UInt8]) { outgoing += bytes }

    /// Sends as much as the socket takes.
    func flush() {
        while hasOutgoing {
            guard let count = UnixSocket.send(outgoing[sent...], to: socket) else {
                isGone = true
                return
            }
            if count == 0 { return }
            sent += count
        }
        outgoing.removeAll(keepingCapacity: outgoing.capacity <= 256 << 10)
        sent = 0
    }

    /// Takes what has come, at most one buffer of it.
    func receive(using buffer: inout [UInt8]) {
        switch UnixSocket.receive(from: socket, into: &buffer) {
        case .bytes(let count): incoming.append(buffer[..<count])
        case .nothing: break
        case .end: isGone = true
        }
    }

    /// The next whole frame that has come.
    func nextFrame() throws(ProtocolError) -> [UInt8]? { try incoming.next() }
}
