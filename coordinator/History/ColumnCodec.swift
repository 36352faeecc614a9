/// Columns of whole numbers as bytes that compress well. Each series is written in whichever of three ways takes
/// the fewest bits; differences of all series of a frame stand together, lowest bytes first.
///
/// A series in a frame: one byte (presence, codec, width), then of what is present a base, a divisor and the
/// codec's own start. Everything wraps around on overflow, so that every Int64 comes back.
enum ColumnCodec {
    /// Stands for "no reading" in columns.
    static let absent = Int64.min

    private enum Codec: UInt8 {
        /// Differences from a value in the middle: noise around a plateau.
        case offset = 0
        /// From the one before: drift, steps.
        case delta = 1
        /// Of these differences, from the one before: times, counters that count evenly.
        case deltaOfDelta = 2

        /// Values that need no difference.
        var starts: Int {
            switch self {
            case .offset: 0
            case .delta: 1
            case .deltaOfDelta: 2
            }
        }
    }

    private enum Presence: UInt8 { case none = 0, all = 1, some = 2 }

    static func encode(_ columns: [ArraySlice<Int64>]) -> [UInt8] {
        var writer = ByteWriter()
        var differences: [[UInt64]] = []
        differences.reserveCapacity(columns.count)
        for column in columns {
            if let found = encode(column, into: &writer) { differences.append(found) }
        }
        for plane in 0..<8 {
            let shift = UInt64(plane * 8)
            for series in differences where width(of: series) > plane {
                for difference in series { writer.append(UInt8(truncatingIfNeeded: difference >> shift)) }
            }
        }
        return writer.bytes
    }

    /// - Returns: the differences; nil where there are none to write.
    private static func encode(_ column: ArraySlice<Int64>, into writer: inout ByteWriter) -> [UInt64]? {
        var values = Array(column)
        let count = values.count
        values.removeAll { $0 == absent }
        guard let first = values.first else {
            writer.append(Presence.none.rawValue)
            return nil
        }
        let presence = values.count == count ? Presence.all : .some
        let divisor = commonDivisor(of: values, from: first)
        for index in values.indices { values[index] = (values[index] &- first) / divisor }
        let middle = values.reduce(0, &+) / Int64(values.count)
        let candidates: [(codec: Codec, differences: [UInt64])] = [
            (.offset, values.map { zigzag($0 &- middle) }), (.delta, deltas(of: values)),
            (.deltaOfDelta, deltasOfDeltas(of: values)),
        ]
        var best = candidates[0]
        var bestBits = bits(of: best.differences)
        for candidate in candidates.dropFirst() where values.count > candidate.codec.starts {
            let bits = bits(of: candidate.differences) + (candidate.codec == .deltaOfDelta ? 8 : 0)
            if bits < bestBits { (best, bestBits) = (candidate, bits) }
        }
        let width = width(of: best.differences)
        writer.append(presence.rawValue | best.codec.rawValue << 2 | UInt8(width) << 4)
        writer.append(signed: best.codec == .offset ? first &+ middle &* divisor : first)
        writer.append(varint: UInt64(divisor))
        if best.codec == .deltaOfDelta { writer.append(signed: values[1]) }
        if presence == .some {
            var byte: UInt8 = 0
            for (position, value) in column.enumerated() {
                if value != absent { byte |= 1 << UInt8(position % 8) }
                if position % 8 == 7 || position == count - 1 {
                    writer.append(byte)
                    byte = 0
                }
            }
        }
        return width == 0 ? nil : best.differences
    }

    private static func deltas(of values: [Int64]) -> [UInt64] {
        zip(values.dropFirst(), values).map { zigzag($0 &- $1) }
    }

    private static func deltasOfDeltas(of values: [Int64]) -> [UInt64] {
        guard values.count > 2 else { return [] }
        return (2..<values.count).map { zigzag(values[$0] &- values[$0 - 1] &* 2 &+ values[$0 - 2]) }
    }

    /// Readings often come in steps: 10 permille, 15 MHz.
    private static func commonDivisor(of values: [Int64], from first: Int64) -> Int64 {
        var divisor: UInt64 = 0
        for value in values {
            var left = (value &- first).magnitude
            while left != 0 { (divisor, left) = (left, divisor % left) }
            if divisor == 1 { return 1 }
        }
        return divisor == 0 ? 1 : Int64(exactly: divisor) ?? 1
    }

    /// What entropy coding makes of them, roughly.
    private static func bits(of differences: [UInt64]) -> Int {
        differences.reduce(0) { $0 + ($1 == 0 ? 1 : 66 - $1.leadingZeroBitCount) }
    }

    /// In bytes, of the largest.
    private static func width(of differences: [UInt64]) -> Int {
        (71 - differences.reduce(0, |).leadingZeroBitCount) / 8
    }
}

extension ColumnCodec {
    private struct Header {
        var count: Int
        var presence: [Bool]?
        var codec: Codec
        var width: Int
        var base: Int64
        var divisor: Int64
        var delta: Int64
        /// Of the present values.
        var present: Int
        var differences: Int { width == 0 ? 0 : max(0, present - codec.starts) }
    }

    /// - Parameters:
    ///   - counts: of the columns, which the caller has checked.
    ///   - wanted: positions of those that are decoded; the others are passed over.
    static func decode(
        _ bytes: [UInt8], counts: [Int], wanted: Range<Int>
    ) throws(HistoryError) -> [[Int64]] {
        var reader = ByteReader(bytes[...])
        var headers: [Header?] = []
        headers.reserveCapacity(counts.count)
        for count in counts { headers.append(try header(of: count, from: &reader)) }
        var differences = wanted.map { position in
            [UInt64](repeating: 0, count: headers[position]?.differences ?? 0)
        }
        for plane in 0..<8 {
            for (position, header) in headers.enumerated() {
                guard let header, header.width > plane else { continue }
                let slice = try reader.slice(header.differences)
                guard wanted.contains(position) else { continue }
                let target = position - wanted.lowerBound
                for (index, byte) in slice.enumerated() {
                    differences[target][index] |= UInt64(byte) << UInt64(plane * 8)
                }
            }
        }
        guard reader.remaining == 0 else { throw HistoryError(.malformed, "bytes follow a frame's columns") }
        return wanted.map { position in
            values(headers[position], differences[position - wanted.lowerBound], count: counts[position])
        }
    }

    private static func header(of count: Int, from reader: inout ByteReader) throws(HistoryError) -> Header? {
        let byte = try reader.byte()
        guard let presence = Presence(rawValue: byte & 3), let codec = Codec(rawValue: byte >> 2 & 3),
            byte >> 4 <= 8
        else { throw HistoryError(.malformed, "\(byte) does not begin a column") }
        if presence == .none { return nil }
        let base = try reader.signed()
        let divisor = Int64(truncatingIfNeeded: try reader.varint())
        let delta = codec == .deltaOfDelta ? try reader.signed() : 0
        var bitmap: [Bool]?
        if presence == .some {
            let bits = try reader.slice((count + 7) / 8)
            bitmap = (0..<count).map { bits[bits.startIndex + $0 / 8] >> UInt8($0 % 8) & 1 == 1 }
        }
        let present = bitmap?.count { $0 } ?? count
        guard present > 0 else {
            throw HistoryError(.malformed, "a column says that it has values, and has none")
        }
        return Header(
            count: count, presence: bitmap, codec: codec, width: Int(byte >> 4), base: base, divisor: divisor,
            delta: delta, present: present)
    }

    private static func values(_ header: Header?, _ differences: [UInt64], count: Int) -> [Int64] {
        guard let header else { return [Int64](repeating: absent, count: count) }
        var numbers: [Int64] = []
        numbers.reserveCapacity(header.present)
        var number: Int64 = 0
        var delta = header.delta
        for position in 0..<header.present {
            let index = position - header.codec.starts
            let difference = differences.indices.contains(index) ? unzigzag(differences[index]) : 0
            switch header.codec {
            case .offset: number = difference
            case .delta: number &+= difference
            case .deltaOfDelta:
                if position > 1 { delta &+= difference }
                if position > 0 { number &+= delta }
            }
            numbers.append(header.base &+ number &* header.divisor)
        }
        guard let presence = header.presence else { return numbers }
        var next = numbers.makeIterator()
        return presence.map { $0 ? next.next() ?? absent : absent }
    }
}
