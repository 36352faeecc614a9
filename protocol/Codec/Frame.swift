internal import ProtocolGenerated
package import ProtocolMessages
internal import SwiftProtobuf
internal import Zstd

// A frame is the content of one binary WebSocket message: one byte that says how the rest is written, and one
// protobuf envelope.

enum FrameKind {
    static let plain: UInt8 = 0
    static let zstd: UInt8 = 1
}

/// Writes messages as frames.
///
/// Keeps zstd's working memory (up to about 1 MiB): one per event loop or task serves every connection there.
package struct FrameEncoder {
    private let compressor = Compressor(level: 1)

    package init() {}

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

    package init() {}

    /// - Throws: `too_large`, `malformed`, `invalid_field` with the field's name, or `unknown_message` for an
    ///   envelope without a message that this version knows.
    package mutating func agentMessage(_ bytes: [UInt8]) throws(ProtocolError) -> AgentMessage {
        try AgentMessage(wire: envelope(bytes, shape: .agentEnvelope))
    }

    /// - Throws: as `agentMessage`.
    package mutating func coordinatorMessage(_ bytes: [UInt8]) throws(ProtocolError) -> CoordinatorMessage {
        try CoordinatorMessage(wire: envelope(bytes, shape: .coordinatorEnvelope))
    }

    private func envelope<Envelope: SwiftProtobuf.Message>(_ bytes: [UInt8], shape: EntryCount.Shape)
        throws(ProtocolError) -> Envelope
    {
        guard bytes.count <= ProtocolLimits.frameBytes else {
            throw ProtocolError(
                .tooLarge, "a frame of \(bytes.count) bytes; at most \(ProtocolLimits.frameBytes) are taken")
        }
        guard let kind = bytes.first else { throw ProtocolError(.malformed, "an empty frame") }
        let content = bytes.span.bytes.extracting(droppingFirst: 1)
        switch kind {
        case FrameKind.plain:
            return try Self.parse(content, shape: shape)
        case FrameKind.zstd:
            let message = try decompress(content)
            return try Self.parse(message.span.bytes, shape: shape)
        default:
            throw ProtocolError(.malformed, "a frame of the unknown kind \(kind); 0 is plain, 1 is zstd")
        }
    }

    private func decompress(_ content: RawSpan) throws(ProtocolError) -> [UInt8] {
        do {
            return try decompressor.decompress(content, limitBytes: ProtocolLimits.messageBytes)
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
