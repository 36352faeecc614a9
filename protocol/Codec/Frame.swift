internal import ProtocolGenerated
package import ProtocolMessages
internal import SwiftProtobuf
internal import Zstd

// A frame is the content of one binary WebSocket message: one byte that says how the rest is written, and one
// protobuf envelope.

enum FrameKind {
    static let plain: UInt8 = 0
    static let zstd: UInt8 = 1
    /// The number of a beat dictionary, and a zstd frame made with it, without its magic number.
    static let dictionary: UInt8 = 2
}

/// Writes messages as frames.
///
/// Keeps zstd's working memory (up to about 1 MiB): one per event loop or task serves every connection there.
package struct FrameEncoder {
    private let compressor = Compressor(level: 1)
    private let dictionaryCompressor = DictionaryCompressor()

    package init() {}

    /// A heartbeat as the difference to what `sender` knows to be acknowledged.
    ///
    /// - Parameter version: what was agreed on: a coordinator before 1.2 gets it whole, as its version knows it.
    package mutating func encode(
        _ heartbeat: Heartbeat, from sender: inout BeatSender, version: ProtocolVersion
    ) throws(ProtocolError) -> [UInt8] {
        var envelope = WireAgentEnvelope()
        guard version >= .withBeats else {
            envelope.heartbeat = heartbeat.wire
            return try frame(envelope, name: "heartbeat")
        }
        envelope.beat = sender.beat(heartbeat)
        let plain = try frame(envelope, name: "beat")
        guard let dictionary = BeatDictionary.numbered(sender.dictionary), plain.first == FrameKind.plain,
            let compressed = try? dictionaryCompressor.compress(
                plain.span.bytes.extracting(droppingFirst: 1), with: dictionary,
                after: [FrameKind.dictionary, UInt8(sender.dictionary)]),
            compressed.count < plain.count
        else { return plain }
        return compressed
    }

    /// - Throws: `too_large` where the message or its frame is over the limits; `frames(_:)` divides a batch.
    package mutating func encode(_ message: AgentMessage) throws(ProtocolError) -> [UInt8] {
        try check(message.batchCount, name: message.name)
        return try frame(WireAgentEnvelope(message), name: message.name)
    }

    /// - Throws: `too_large` where the message or its frame is over the limits; `frames(_:)` divides a batch.
    package mutating func encode(_ message: CoordinatorMessage) throws(ProtocolError) -> [UInt8] {
        try check(message.batchCount, name: message.name)
        return try frame(WireCoordinatorEnvelope(message), name: message.name)
    }

    /// As many frames as it takes: a batch of results that is too large for one goes out as several messages.
    package mutating func frames(_ message: AgentMessage) throws(ProtocolError) -> [[UInt8]] {
        do {
            return [try encode(message)]
        } catch {
            guard error.code == .tooLarge, let (first, second) = message.halves else { throw error }
            return try frames(first) + frames(second)
        }
    }

    /// As many frames as it takes: a batch of orders that is too large for one goes out as several messages.
    package mutating func frames(_ message: CoordinatorMessage) throws(ProtocolError) -> [[UInt8]] {
        do {
            return [try encode(message)]
        } catch {
            guard error.code == .tooLarge, let (first, second) = message.halves else { throw error }
            return try frames(first) + frames(second)
        }
    }

    private func check(_ batchCount: Int, name: String) throws(ProtocolError) {
        guard batchCount <= ProtocolLimits.tasksPerBatch else {
            throw ProtocolError(
                .tooLarge,
                "\(name) has \(batchCount) entries; at most \(ProtocolLimits.tasksPerBatch) are sent")
        }
    }

    private func frame(_ envelope: some SwiftProtobuf.Message, name: String) throws(ProtocolError) -> [UInt8]
    {
        let plain: PlainFrame
        do {
            plain = try envelope.serializedBytes()
        } catch {
            throw ProtocolError(.tooLarge, "\(name) could not be written: \(error)")
        }
        guard plain.count <= ProtocolLimits.messageBytes else {
            throw ProtocolError(
                .tooLarge,
                "\(name) takes \(plain.count) bytes; at most \(ProtocolLimits.messageBytes) are sent")
        }
        var frame = plain.frame
        if plain.count >= ProtocolLimits.compressionThresholdBytes {
            // Without working memory for zstd the plain frame is as good.
            let content = plain.frame.span.bytes.extracting(droppingFirst: 1)
            // Without working memory for zstd the plain frame is as good.
            if let compressed = try? compressor.compress(content, after: [FrameKind.zstd]),
                compressed.count < frame.count
            {
                frame = compressed
            }
        }
        guard frame.count <= ProtocolLimits.frameBytes else {
            throw ProtocolError(
                .tooLarge,
                "\(name) takes a frame of \(frame.count) bytes; at most \(ProtocolLimits.frameBytes) are sent"
            )
        }
        return frame
    }
}

/// Reads frames from outside: what it returns is within every limit of `ProtocolLimits`.
///
/// Keeps zstd's working memory (about 160 KiB): one per event loop or task serves every connection there.
package struct FrameDecoder {
    private let decompressor = Decompressor()
    private let dictionaryDecompressor = DictionaryDecompressor()

    package init() {}

    /// - Throws: `too_large`, `malformed`, `invalid_field` with the field's name, or `unknown_message` for an
    ///   envelope without a message that this version knows.
    package mutating func agentMessage(_ bytes: [UInt8]) throws(ProtocolError) -> AgentMessage {
        var beats = BeatReceiver()
        return try agentMessage(bytes.span.bytes, beats: &beats)
    }

    /// The same on a connection whose beats are differences to earlier ones.
    package mutating func agentMessage(_ bytes: RawSpan, beats: inout BeatReceiver) throws(ProtocolError)
        -> AgentMessage
    {
        try AgentMessage(wire: envelope(bytes, shape: .agentEnvelope), beats: &beats)
    }

    /// - Throws: as `agentMessage`.
    package mutating func coordinatorMessage(_ bytes: [UInt8]) throws(ProtocolError) -> CoordinatorMessage {
        try CoordinatorMessage(wire: envelope(bytes.span.bytes, shape: .coordinatorEnvelope))
    }

    private func envelope<Envelope: SwiftProtobuf.Message>(_ bytes: RawSpan, shape: EntryCount.Shape)
        throws(ProtocolError) -> Envelope
    {
        guard bytes.byteCount <= ProtocolLimits.frameBytes else {
            throw ProtocolError(
                .tooLarge,
                "a frame of \(bytes.byteCount) bytes; at most \(ProtocolLimits.frameBytes) are taken")
        }
        guard !bytes.isEmpty else { throw ProtocolError(.malformed, "an empty frame") }
        let kind = bytes.unsafeLoad(as: UInt8.self)
        let content = bytes.extracting(droppingFirst: 1)
        switch kind {
        case FrameKind.plain:
            return try Self.parse(content, shape: shape)
        case FrameKind.zstd:
            let message = try decompress(content)
            return try Self.parse(message.span.bytes, shape: shape)
        case FrameKind.dictionary:
            let message = try decompressBeat(content)
            return try Self.parse(message.span.bytes, shape: shape)
        default:
            throw ProtocolError(
                .malformed,
                "a frame of the unknown kind \(kind); 0 is plain, 1 is zstd, 2 is zstd with a dictionary")
        }
    }

    private func decompress(_ content: RawSpan) throws(ProtocolError) -> [UInt8] {
        do {
            return try decompressor.decompress(content, limitBytes: ProtocolLimits.messageBytes)
        } catch {
            throw ProtocolError(error.code == .tooLarge ? .tooLarge : .malformed, error.description)
        }
    }

    private func decompressBeat(_ content: RawSpan) throws(ProtocolError) -> [UInt8] {
        guard !content.isEmpty else { throw ProtocolError(.malformed, "a frame without its dictionary") }
        let number = content.unsafeLoad(as: UInt8.self)
        guard let dictionary = BeatDictionary.numbered(UInt32(number)) else {
            throw ProtocolError(
                .malformed, "a frame with dictionary \(number); known are \(Heartbeat.dictionaries)")
        }
        do {
            return try dictionaryDecompressor.decompress(
                content.extracting(droppingFirst: 1), with: dictionary, limitBytes: ProtocolLimits.beatBytes)
        } catch {
            throw ProtocolError(error.code == .tooLarge ? .tooLarge : .malformed, error.description)
        }
    }

    private static func parse<Envelope: SwiftProtobuf.Message>(_ content: RawSpan, shape: EntryCount.Shape)
        throws(ProtocolError) -> Envelope
    {
        try EntryCount.check(content, shape: shape)
        var options = BinaryDecodingOptions()
        options.discardUnknownFields = true
        options.messageDepthLimit = 16
        do {
            return try Envelope(serializedBytes: content, options: options)
        } catch BinaryDecodingError.invalidUTF8 {
            throw ProtocolError(.malformed, "a text field is not valid UTF-8")
        } catch {
            throw ProtocolError(.malformed, "not a valid protobuf message: \(error)")
        }
    }
}

/// A buffer that swift-protobuf writes into behind the frame's first byte, so that the frame is made in place.
private struct PlainFrame: SwiftProtobufContiguousBytes {
    var frame: [UInt8]

    init(repeating byte: UInt8, count: Int) {
        frame = [UInt8](repeating: byte, count: count + 1)
        frame[0] = FrameKind.plain
    }

    init<Bytes: Sequence>(_ bytes: Bytes) where Bytes.Element == UInt8 {
        frame = [FrameKind.plain]
        frame.append(contentsOf: bytes)
    }

    var count: Int { frame.count - 1 }

    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try frame.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0.dropFirst())) }
    }

    mutating func withUnsafeMutableBytes<Result>(_ body: (UnsafeMutableRawBufferPointer) throws -> Result)
        rethrows -> Result
    {
        try frame.withUnsafeMutableBytes { try body(UnsafeMutableRawBufferPointer(rebasing: $0.dropFirst())) }
    }
}
