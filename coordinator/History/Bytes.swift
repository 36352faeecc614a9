/// Little numbers in few bytes: seven bits a byte, the lowest first.
struct ByteWriter: Sendable, Hashable {
    private(set) var bytes: [UInt8] = []

    /// Makes room by a quarter, where appending would double it: for what is many times in memory.
    mutating func reserve(atLeast count: Int) {
        guard bytes.capacity - bytes.count < count else { return }
        bytes.reserveCapacity(bytes.count + max(count, bytes.count / 4))
    }

    mutating func append(_ byte: UInt8) { bytes.append(byte) }
    mutating func append(contentsOf other: [UInt8]) { bytes += other }

    mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func append(signed value: Int64) { append(varint: zigzag(value)) }
}

/// Reads bytes from outside: whatever is not there or too large is an error.
struct ByteReader {
    private let bytes: ArraySlice<UInt8>
    private(set) var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    var remaining: Int { bytes.endIndex - position }

    mutating func byte() throws(HistoryError) -> UInt8 {
        guard position < bytes.endIndex else { throw HistoryError(.malformed, "the bytes are cut off") }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func slice(_ count: Int) throws(HistoryError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else { throw HistoryError(.malformed, "the bytes are cut off") }
        defer { position += count }
        return bytes[position..<position + count]
    }

    mutating func varint() throws(HistoryError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            let byte = try byte()
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        throw HistoryError(.malformed, "a number has more than ten bytes")
    }

    mutating func signed() throws(HistoryError) -> Int64 { unzigzag(try varint()) }

    /// A count or size.
    mutating func number(upTo limit: Int, _ what: String) throws(HistoryError) -> Int {
        let value = try varint()
        guard value <= UInt64(limit) else {
            throw HistoryError(.malformed, "\(value) \(what); at most \(limit) are taken")
        }
        return Int(value)
    }
}

/// Small magnitudes become small numbers: 0, -1, 1, -2 … are 0, 1, 2, 3 …
func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: (value << 1) ^ (value >> 63)) }
func unzigzag(_ value: UInt64) -> Int64 { Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }
