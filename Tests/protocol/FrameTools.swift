import ProtocolMessages
import Zstd

/// What `body` throws; nil where it throws nothing or another error.
func protocolError(_ body: () throws -> some Any) -> ProtocolError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? ProtocolError
    }
}

/// The protobuf envelope of a frame.
func envelope(ofFrame frame: [UInt8]) throws -> [UInt8] {
    guard frame.first == 1 else { return Array(frame.dropFirst()) }
    return try Decompressor().decompress(
        frame.span.bytes.extracting(droppingFirst: 1), limitBytes: ProtocolLimits.messageBytes)
}

func plainFrame(_ envelope: [UInt8]) -> [UInt8] { [0] + envelope }

func compressedFrame(_ envelope: [UInt8]) throws -> [UInt8] {
    try Compressor().compress(envelope.span.bytes, after: [1])
}

/// Protobuf by hand, independent of the generated code.
enum Wire {
    static func varint(_ number: UInt64) -> [UInt8] {
        var rest = number
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func number(_ field: UInt64, _ value: UInt64) -> [UInt8] { varint(field << 3) + varint(value) }

    static func bytes(_ field: UInt64, _ content: [UInt8]) -> [UInt8] {
        varint(field << 3 | 2) + varint(UInt64(content.count)) + content
    }

    static func fixed32(_ field: UInt64) -> [UInt8] { varint(field << 3 | 5) + [1, 2, 3, 4] }
    static func fixed64(_ field: UInt64) -> [UInt8] { varint(field << 3 | 1) + [1, 2, 3, 4, 5, 6, 7, 8] }

    static func repeated(_ part: [UInt8], count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(part.count * count)
        for _ in 0..<count { bytes += part }
        return bytes
    }
}

/// A zstd frame of run-length blocks (RFC 8878): four bytes for 128 KiB of zeros.
///
/// - Parameter declaredBytes: the header's content size; nil leaves it out, so that a reader must find out.
func zstdBomb(blocks: Int, declaredBytes: UInt64?, windowExponent: UInt8 = 17) -> [UInt8] {
    var frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
    let window = (windowExponent - 10) << 3
    if let declaredBytes {
        frame += [0b1100_0000, window]
        for shift in stride(from: 0, to: 64, by: 8) {
            frame.append(UInt8(truncatingIfNeeded: declaredBytes >> shift))
        }
    } else {
        frame += [0, window]
    }
    for block in 1...blocks {
        let header = 131_072 << 3 | 1 << 1 | (block == blocks ? 1 : 0)
        frame += [UInt8(header & 0xFF), UInt8(header >> 8 & 0xFF), UInt8(header >> 16), 0]
    }
    return frame
}
