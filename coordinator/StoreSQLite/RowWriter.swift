import ClusterTypes
import CoordinatorCore
import CoordinatorStoreRows
import GRDB

/// Turns writes into rows, within the transaction that the store has begun.
struct RowWriter {
    private var encoder = RowEncoder()

    /// - Parameter revision: of the commit that this is a part of.
    mutating func perform(_ write: Write, revision: UInt64, in database: Database) throws {
        switch write {
        case .putNode(let record):
            var row = try RawStatement(database, Statements.node.put)
            try encoder.encode(record, revision, into: &row)
            try row.run()
        case .putJob(let record):
            try put(Statements.job, in: database) { try $0.encode(record, revision, into: &$1) }
        case .appendPayloads(let job, let first, let payloads):
            try append(payloads, of: job, first: first, in: database)
        case .putSlot(let record):
            try put(Statements.slot, in: database) { $0.encode(record, revision, into: &$1) }
        case .putTasks(let job, let records):
            try put(Statements.task, records, in: database) { $0.encode($1, of: job, into: &$2) }
        case .putToken(let record):
            try put(Statements.token, [record], in: database) { $0.encode($1, into: &$2) }
        case .putVirtualCluster(let record):
            try put(Statements.virtualCluster, in: database) { try $0.encode(record, into: &$1) }
        case .dropVirtualCluster(let name):
            try SQLiteConnection(database).run(VirtualClusterRecord.deletion(of: name))
        case .putPool(let record):
            try put(Statements.pool, in: database) { try $0.encode(record, into: &$1) }
        case .putLaunch(let record):
            try put(Statements.launch, in: database) { try $0.encode(record, into: &$1) }
        case .dropLaunch(let launch):
            try SQLiteConnection(database).run(LaunchRecord.deletion(of: launch))
        case .putFairShare(let records):
            try put(Statements.fairShare, records, in: database) { $0.encode($1, into: &$2) }
        case .addEvent(let record):
            var row = try RawStatement(
                database, "INSERT INTO event (at, subject, subject_number, message) VALUES (?, ?, ?, ?)")
            encoder.encode(record, into: &row)
            try row.run()
        case .putHistory(let record):
            try put(Statements.history, [record], in: database) { $0.encode($1, into: &$2) }
        case .putUsage(let records):
            try put(Statements.usage, records, in: database) { $0.encode($1, into: &$2) }
        case .dropHistory(let retention):
            try drop(retention, in: database)
        }
    }

    /// Writes those numbers that differ from what the database holds.
    func put(_ numbers: Numbers, replacing old: Numbers, in database: Database) throws {
        var statement = try RawStatement(database, Statements.meta.put)
        for (name, value) in numbers.changes(since: old) {
            statement.bind(name)
            statement.bind(value)
            try statement.run()
        }
    }
}

extension RowWriter {
    /// Puts a row of a table with indexes.
    private mutating func put(
        _ table: Statements, in database: Database,
        encode: (inout RowEncoder, inout RawStatement) throws -> Void
    ) throws {
        for statement in [table.update, table.put].compactMap({ $0 }) {
            var row = try RawStatement(database, statement)
            try encode(&encoder, &row)
            if try row.run() > 0 { return }
        }
    }

    private func put<Record>(
        _ table: Statements, _ records: [Record], in database: Database,
        encode: (RowEncoder, Record, inout RawStatement) -> Void
    ) throws {
        var row = try RawStatement(database, table.put)
        for record in records {
            encode(encoder, record, &row)
            try row.run()
        }
    }

    private func append(_ payloads: [String], of job: JobID, first: TaskIndex, in database: Database) throws {
        var row = try RawStatement(database, Statements.taskInput.put)
        for range in PayloadChunks.ranges(of: payloads) {
            try encoder.encode(
                payloads[range], of: job, first: Int64(first) + Int64(range.lowerBound), into: &row)
            try row.run()
        }
    }
}
