package import ClusterTypes
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Payloads are stored as chunks of neighbours, one row each; the chunks that were read last stay decoded.
///
/// A committed chunk changes only when its own append is repeated, with the same payloads.
package final class PayloadChunks: Sendable {
    /// At most so many payloads in a row, and at most so many bytes unless a single payload is larger. A row
    /// is what one look-up decodes: 1,000 payloads take under a millisecond.
    package static let payloadsPerRow = 1_000
    package static let bytesPerRow = 1 << 20

    private struct Chunk: Sendable {
        let job: JobID
        let first: Int64
        let payloads: [String]
        let bytes: Int

        /// From a row of `Table.taskInput`.
        init(_ columns: inout some ColumnReader) throws {
            job = columns.identifier()
            first = columns.integer()
            _ = columns.integer()
            payloads = try columns.json(JSONDecoder())
            bytes = payloads.reduce(0) { $0 + $1.utf8.count + MemoryLayout<String>.stride }
        }

        func payload(at position: Int64) -> String? {
            position >= first && position < first + Int64(payloads.count)
                ? payloads[Int(position - first)] : nil
        }
    }

    private struct Cache {
        /// Read last stands last.
        var chunks: [Chunk] = []
        var bytes = 0

        static let chunksLimit = 256
        static let bytesLimit = 32 << 20

        func payload(_ job: JobID, at position: Int64) -> String? {
            for chunk in chunks.reversed() where chunk.job == job {
                if let payload = chunk.payload(at: position) { return payload }
            }
            return nil
        }

        mutating func insert(_ chunk: Chunk) {
            chunks.append(chunk)
            bytes += chunk.bytes
            while chunks.count > 1, chunks.count > Self.chunksLimit || bytes > Self.bytesLimit {
                bytes -= chunks.removeFirst().bytes
            }
        }
    }

    private let cache = Mutex(Cache())

    package init() {}

    /// - Throws: `DamagedValue` for a row that cannot be right.
    static func check(_ columns: inout some ColumnReader) throws {
        _ = columns.integer()
        _ = columns.integer()
        let count = columns.integer()
        let payloads: [String] = try columns.json(JSONDecoder())
        try columns.check(
            count == payloads.count, "\(payloads.count) payloads",
            "as many as the column count says (\(count))")
    }

    /// How a list of payloads is split into rows; the same list always in the same way.
    package static func ranges(of payloads: [String]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        var bytes = 0
        for (position, payload) in payloads.enumerated() {
            let size = payload.utf8.count
            let isFull = position - start == payloadsPerRow || bytes + size > bytesPerRow
            if isFull && position > start {
                ranges.append(start..<position)
                start = position
                bytes = 0
            }
            bytes += size
        }
        if start < payloads.count { ranges.append(start..<payloads.count) }
        return ranges
    }

    /// nil where a position has no payload.
    package func payloads(
        _ job: JobID, at positions: [TaskIndex], on connection: some RowConnection
    ) throws -> [String?] {
        var current: Chunk?
        return try positions.map { position in
            let position = Int64(position)
            if let payload = current?.payload(at: position) { return payload }
            if let payload = cache.withLock({ $0.payload(job, at: position) }) { return payload }
            // The one that begins last at or before it.
            let statement = BoundStatement(
                Table.taskInput.select + " WHERE job = ? AND first <= ? ORDER BY first DESC LIMIT 1",
                [.number(job), .integer(position)])
            guard let chunk = try connection.first(statement, { try Chunk(&$0) }),
                let payload = chunk.payload(at: position)
            else { return nil }
            current = chunk
            cache.withLock { $0.insert(chunk) }
            return payload
        }
    }
}
