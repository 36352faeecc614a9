import ProtocolCodec
import ProtocolMessages

/// What a local command asks of the agent that runs on this machine: a byte, and a 32-bit big-endian number of
/// seconds where it has one.
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

/// What it says: three fields, each a 32-bit big-endian length and so many bytes: a text, a frame with the
/// hardware report, a frame with the load; the latter two may be empty.
struct LocalAnswer: Sendable, Equatable {
    var text: String
    var report: HardwareReport?
    var load: Heartbeat?
}

extension LocalAnswer {
    var bytes: [UInt8] {
        var encoder = FrameEncoder()
        let report = report.flatMap { try? encoder.encode(AgentMessage.hardware($0, request: 0)) } ?? []
        let load = load.flatMap { try? encoder.encode(AgentMessage.heartbeat($0)) } ?? []
        return [Array(text.utf8), report, load].flatMap { field in
            (0..<4).map { UInt8(truncatingIfNeeded: field.count >> (24 - 8 * $0)) } + field
        }
    }

    /// nil where the bytes are no answer. A frame that cannot be read is left out: a newer agent may have sent it.
    init?(bytes: [UInt8]) {
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
        self.init(text: String(decoding: fields[0], as: UTF8.self))
        if case .hardware(let report, _)? = try? decoder.agentMessage(fields[1]) { self.report = report }
        if case .heartbeat(let load)? = try? decoder.agentMessage(fields[2]) { self.load = load }
    }
}
