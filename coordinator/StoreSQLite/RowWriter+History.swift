import ClusterTypes
import CoordinatorCore
import CoordinatorStoreRows
import GRDB

extension RowWriter {
    /// The file keeps its size: what is free in it is used again.
    func drop(_ retention: HistoryRetention, in database: Database) throws {
        for resolution in HistoryRecord.Resolution.allCases {
            var aged = try RawStatement(
                database, "DELETE FROM history WHERE resolution = ? AND through_at < ?")
            aged.bind(resolution.rawValue)
            aged.bind(resolution == .full ? retention.fullBefore : retention.coarseBefore)
            try aged.run()
            try drop(resolution, beyond: retention.maximumBytesEach, in: database)
        }
        for statement in UsageDays.sumUp(before: retention.coarseBefore) {
            try SQLiteConnection(database).run(statement)
        }
    }

    /// The newest blocks that fit stay.
    private func drop(
        _ resolution: HistoryRecord.Resolution, beyond maximumBytes: Int64, in database: Database
    ) throws {
        var sizes = try RawStatement(
            database, "SELECT from_at, bytes FROM history WHERE resolution = ? ORDER BY from_at DESC")
        sizes.bind(resolution.rawValue)
        var kept: Int64 = 0
        var last: Instant?
        try sizes.forEachRow { columns in
            let from = try columns.instant()
            kept &+= columns.integer()
            if kept > maximumBytes { last = from }
            return last == nil
        }
        guard let last else { return }
        var old = try RawStatement(database, "DELETE FROM history WHERE resolution = ? AND from_at <= ?")
        old.bind(resolution.rawValue)
        old.bind(last)
        try old.run()
    }
}
