import ClusterTypes
import ProtocolCodec
import ProtocolMessages

/// What an agent and a supervisor say to each other, and what they write into a slot's files: the messages of the
/// agent link as they are, and a few that stay on the machine.
enum LocalMessage: Hashable {
    /// Up: reports, results and wishes, to be passed on.
    case agent(AgentMessage)
    /// Down: orders as they came.
    case coordinator(CoordinatorMessage)
    /// Up, first on every connection.
    case hello(RunningSlot)
    /// Down: a moment of `SteadyClock.sinceBoot`, which is one clock for both processes.
    case lease(deadline: Int64)
    /// In a file: what the assignment does not say.
    case setup(SlotSetup)
    /// In a file: how many bytes of logs an ended slot has left.
    case logs(bytes: Int64)
    /// Down: when to warn what runs, and when the slot has to be over, as moments of `SteadyClock.sinceBoot`.
    case end(SlotEndTime)
    /// Of another version of this program: an agent may be newer than its supervisors. To be ignored.
    case unknown
}

/// What a supervisor has to know beyond its assignment.
struct SlotSetup: Hashable {
    var nodeName: String
    /// `NAME=value`: which devices the command may see.
    var deviceVariables: [String]
    /// The lease as it was when the slot was started; a moment of `SteadyClock.sinceBoot`.
    var leaseDeadline: Int64?
    /// Near the slot's devices, as Linux lists them; nil: not known.
    var nearProcessors: String? {
        deviceVariables.first { $0.hasPrefix(Self.processorsVariable) }.map {
            String($0.dropFirst(Self.processorsVariable.count))
        }
    }
    static let processorsVariable = "MORTISE_CPUS="
}

/// The end of the machine's time, as moments of `SteadyClock.sinceBoot`.
struct SlotEndTime: Hashable {
    var warnAt: Int64
    var until: Int64
}

/// Writes and reads local messages; a frame is four bytes of length, one of kind, and the content.
final class LocalCodec {
    private enum Kind: UInt8 {
        case agent = 1
        case coordinator, hello, lease, setup, logs, end
    }

    private var encoder = FrameEncoder()
    private var decoder = FrameDecoder()

    /// - Throws: for a message over the link's limits that cannot be divided.
    func encode(_ message: LocalMessage) throws(ProtocolError) -> [UInt8] {
        switch message {
        case .agent(let message):
            return Self.framed(.agent, try encoder.frames(message))
        case .coordinator(let message):
            return Self.framed(.coordinator, try encoder.frames(message))
        case .hello(let slot):
            var writer = ByteWriter()
            writer.write(slot.key)
            writer.write(slot.state.rawValue)
            writer.write(UInt64(slot.tasks.count))
            for task in slot.tasks { writer.write(UInt64(task.index) << 32 | UInt64(task.attempt)) }
            return Self.framed(.hello, [writer.bytes])
        case .lease(let deadline):
            var writer = ByteWriter()
            writer.write(UInt64(bitPattern: deadline))
            return Self.framed(.lease, [writer.bytes])
        case .setup(let setup):
            var writer = ByteWriter()
            writer.write(setup.nodeName)
            writer.write(UInt64(bitPattern: setup.leaseDeadline ?? Int64.min))
            writer.write(UInt64(setup.deviceVariables.count))
            for variable in setup.deviceVariables { writer.write(variable) }
            return Self.framed(.setup, [writer.bytes])
        case .logs(let bytes):
            var writer = ByteWriter()
            writer.write(UInt64(bitPattern: bytes))
            return Self.framed(.logs, [writer.bytes])
        case .end(let time):
            var writer = ByteWriter()
            writer.write(UInt64(bitPattern: time.warnAt))
            writer.write(UInt64(bitPattern: time.until))
            return Self.framed(.end, [writer.bytes])
        case .unknown: return []
        }
    }

    /// Any number of results, in messages of a size that the link takes.
    func encode(_ results: [TaskResult], of key: SlotKey) throws(ProtocolError) -> [UInt8] {
        var bytes: [UInt8] = []
        var start = 0
        while start < results.count {
            let end = min(results.count, start + ProtocolLimits.tasksPerBatch / 4)
            bytes += try encode(.agent(.taskResults(key, Array(results[start..<end]))))
            start = end
        }
        return bytes
    }

    /// - Parameter frame: as `FrameBuffer` gives it, without the length.
    func decode(_ frame: [UInt8]) throws(ProtocolError) -> LocalMessage {
        guard let first = frame.first else { throw ProtocolError(.malformed, "an empty local message") }
        guard let kind = Kind(rawValue: first) else { return .unknown }
        let content = frame[1...]
        var reader = ByteReader(content)
        switch kind {
        case .agent: return .agent(try decoder.agentMessage(Array(content)))
        case .coordinator: return .coordinator(try decoder.coordinatorMessage(Array(content)))
        case .hello: return .hello(try reader.runningSlot())
        case .lease: return .lease(deadline: Int64(bitPattern: try reader.number()))
        case .setup: return .setup(try reader.setup())
        case .logs: return .logs(bytes: try reader.logBytes())
        case .end:
            return .end(
                SlotEndTime(
                    warnAt: Int64(bitPattern: try reader.number()),
                    until: Int64(bitPattern: try reader.number())))
        }
    }

    /// All messages of a file.
    func decodeFile(_ bytes: [UInt8]) throws(ProtocolError) -> [LocalMessage] {
        var buffer = FrameBuffer()
        buffer.append(bytes[...])
        var messages: [LocalMessage] = []
        while let frame = try buffer.next() { messages.append(try decode(frame)) }
        return messages
    }

    private static func framed(_ kind: Kind, _ contents: [[UInt8]]) -> [UInt8] {
        var frame: [UInt8] = []
        frame.reserveCapacity(contents.reduce(0) { $0 + $1.count + 5 })
        for content in contents {
            withUnsafeBytes(of: UInt32(content.count + 1).littleEndian) { frame.append(contentsOf: $0) }
            frame.append(kind.rawValue)
            frame.append(contentsOf: content)
        }
        return frame
    }
}

/// Takes bytes as they come and gives whole frames.
struct FrameBuffer {
    private static let limitBytes = ProtocolLimits.frameBytes + 64
    private var bytes: [UInt8] = []
    private var start = 0

    mutating func append(_ more: ArraySlice<UInt8>) {
        if start > 0, start == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= 256 << 10)
            start = 0
        }
        bytes.append(contentsOf: more)
    }

    /// The next frame: kind and content; nil when it is not complete.
    mutating func next() throws(ProtocolError) -> [UInt8]? {
        guard bytes.count - start >= 4 else { return closeGap() }
        let length = (0..<4).reduce(0) { $0 | Int(bytes[start + $1]) << (8 * $1) }
        guard length > 0, length <= Self.limitBytes else {
            throw ProtocolError(.tooLarge, "a local frame of \(length) bytes")
        }
        guard bytes.count - start >= 4 + length else { return closeGap() }
        let frame = Array(bytes[(start + 4)..<(start + 4 + length)])
        start += 4 + length
        return frame
    }

    private mutating func closeGap() -> [UInt8]? {
        if start > 64 << 10 {
            bytes.removeFirst(start)
            start = 0
        }
        return nil
    }
}
