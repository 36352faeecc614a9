import ClusterTypes
import ProtocolCodec
import ProtocolMessages
import Zstd

@testable import AgentSlots

// The agent link, and what an agent and its supervisors say to each other and write into a slot's folder.

extension AgentMessage {
    /// Heartbeats are sent in their own units, also those that came in another form.
    fileprivate var rounded: AgentMessage {
        if case .heartbeat(let beat) = self { .heartbeat(beat.rounded) } else { self }
    }
}

extension FuzzTarget {
    /// One decoder for all inputs: nothing of one frame may be left in it for the next.
    private final class Codec {
        var encoder = FrameEncoder()
        var decoder = FrameDecoder()
    }

    private static func frames(
        _ count: Int, _ frame: (inout MessageGenerator, inout FrameEncoder, Int) -> [UInt8]?
    )
        -> [[UInt8]]
    {
        var encoder = FrameEncoder()
        return (0..<count).flatMap { kind in
            (1...4 as ClosedRange<UInt64>).compactMap { seed in
                var generator = MessageGenerator(seed: seed)
                return frame(&generator, &encoder, kind)
            }
        }
    }

    private static func frames(ofAgents: Void) -> [[UInt8]] {
        frames(MessageGenerator.agentKinds) { try? $1.encode($0.agentMessage(kind: $2)) }
    }

    private static func frames(ofCoordinators: Void) -> [[UInt8]] {
        frames(MessageGenerator.coordinatorKinds) { try? $1.encode($0.coordinatorMessage(kind: $2)) }
    }

    /// What an agent sends: what is taken can be sent again, and is then the same.
    static var agentFrames: FuzzTarget {
        let codec = Codec()
        return FuzzTarget(name: "agent-frames", inputBytes: 4_096, seeds: { frames(ofAgents: ()) }) { bytes in
            guard let message = try? codec.decoder.agentMessage(bytes) else { return }
            guard let frame = try? codec.encoder.encode(message) else {
                preconditionFailure("what was taken is too large to be sent: \(message)")
            }
            precondition(
                (try? codec.decoder.agentMessage(frame)) == message.rounded, "not the same: \(message)")
        }
    }

    /// What a coordinator sends, as above.
    static var coordinatorFrames: FuzzTarget {
        let codec = Codec()
        return FuzzTarget(
            name: "coordinator-frames", inputBytes: 4_096, seeds: { frames(ofCoordinators: ()) }
        ) { bytes in
            guard let message = try? codec.decoder.coordinatorMessage(bytes) else { return }
            guard let frame = try? codec.encoder.encode(message) else {
                preconditionFailure("what was taken is too large to be sent: \(message)")
            }
            precondition(
                (try? codec.decoder.coordinatorMessage(frame)) == message, "not the same: \(message)")
        }
    }

    /// Content never passes its limit, and every content comes back from its frame.
    static var zstd: FuzzTarget {
        let limitBytes = 32 << 10
        let compressor = Compressor(level: 1)
        let decompressor = Decompressor()
        let seeds = {
            ["", "a", "mortise mortise mortise", String(repeating: "0123456789abcdef", count: 4_096)]
                .compactMap {
                    try? Compressor(level: 3).compress(Array($0.utf8).span.bytes)
                }
        }
        return FuzzTarget(name: "zstd", inputBytes: 2_048, seeds: seeds) { bytes in
            if let content = try? decompressor.decompress(bytes.span.bytes, limitBytes: limitBytes) {
                precondition(content.count <= limitBytes, "\(content.count) bytes")
            }
            guard let frame = try? compressor.compress(bytes.span.bytes) else {
                preconditionFailure("cannot be compressed")
            }
            let content = try? decompressor.decompress(frame.span.bytes, limitBytes: bytes.count)
            precondition(content == bytes, "not the same after compression")
        }
    }

    /// Files and streams of local messages, names of slots' folders, and first lines of logs.
    static var localMessages: FuzzTarget {
        let codec = LocalCodec()
        let seeds = {
            let key = SlotKey(SlotID(12), Generation(3))
            let local: [LocalMessage] = [
                .hello(RunningSlot(key: key, state: .running, tasks: [TaskAttempt(index: 7, attempt: 2)])),
                .lease(deadline: 5_000_000),
                .setup(SlotSetup(nodeName: "gpu-07", deviceVariables: ["A=1"], leaseDeadline: nil)),
                .logs(bytes: 4_096),
            ]
            return local.compactMap { try? codec.encode($0) }
                + frames(ofAgents: ()).map { framed(1, $0) }
                + frames(ofCoordinators: ()).map { framed(2, $0) }
        }
        return FuzzTarget(name: "local-messages", inputBytes: 4_096, seeds: seeds) { bytes in
            let header = LogHeader.parse(bytes[...])
            precondition(header.start >= 0 && header.byteCount <= bytes.count, "\(header)")
            precondition(!header.start.addingReportingOverflow(1 << 60).overflow, "no room behind \(header)")
            if let key = SlotFiles.key(inName: text(bytes)) {
                precondition(key.description == text(bytes), "\(key)")
            }
            let whole = try? codec.decodeFile(bytes)
            precondition(whole == inPieces(bytes, codec), "pieces are not read like the whole")
            for message in whole ?? [] where message != .unknown {
                if case .logs(let count) = message { precondition(count >= 0, "\(count) bytes of logs") }
                let again = (try? codec.encode(message)).flatMap { try? codec.decodeFile($0) }
                var sent = message
                if case .agent(let said) = message { sent = .agent(said.rounded) }
                precondition(again == [sent], "not the same: \(message)")
            }
        }
    }

    private static func framed(_ kind: UInt8, _ content: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: UInt32(content.count + 1).littleEndian) { Array($0) } + [kind] + content
    }

    /// As a socket gives them; nil where `decodeFile` throws.
    private static func inPieces(_ bytes: [UInt8], _ codec: LocalCodec) -> [LocalMessage]? {
        var buffer = FrameBuffer()
        var messages: [LocalMessage] = []
        do {
            for start in stride(from: 0, to: bytes.count, by: 7) {
                buffer.append(bytes[start..<min(start + 7, bytes.count)])
                while let frame = try buffer.next() { messages.append(try codec.decode(frame)) }
            }
        } catch {
            return nil
        }
        return messages
    }
}
