/// Rows of whole numbers in little memory: each number as the difference to the one above it, small ones in one byte.
struct CompactRows: Sendable, Hashable {
    private var writer = ByteWriter()
    /// The newest row; a number for each column.
    private var last: [Int64] = []
    private(set) var count = 0

    /// What they take in memory, about.
    var byteCount: Int { writer.bytes.count + last.count * MemoryLayout<Int64>.stride }

    /// Appends a row that is as wide as the widest, or wider.
    mutating func append(width: Int, _ number: (_ column: Int) -> Int64) {
        precondition(width >= last.count, "a row lacks \(last.count - width) columns")
        last += repeatElement(0, count: width - last.count)
        writer.reserve(atLeast: 2 * width)
        writer.append(varint: UInt64(width))
        for column in 0..<width {
            let number = number(column)
            writer.append(signed: number &- last[column])
            last[column] = number
        }
        count += 1
    }

    /// - Parameter filler: for rows that were not so wide yet.
    func columns(filler: Int64) -> [[Int64]] {
        var columns = last.map { _ in [Int64](repeating: filler, count: count) }
        var above = last.map { _ in Int64(0) }
        var position = 0
        for row in 0..<count {
            for column in 0..<Int(varint(&position)) {
                above[column] &+= unzigzag(varint(&position))
                columns[column][row] = above[column]
            }
        }
        return columns
    }

    private func varint(_ position: inout Int) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = writer.bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
    }
}
