import ClusterTypes
package import CoordinatorCore
import CoordinatorStore
import CoordinatorStoreRows
import GRDB

extension SQLiteStore {
    package func snapshot(endedJobs: Int) throws -> Snapshot {
        try reportingFailures(doing: "read", on: path) {
            try pool.read { try SnapshotReader(database: $0).snapshot(endedJobs: max(0, endedJobs)) }
        }
    }
}

/// Reads everything that a coordinator starts from, of one committed state.
private struct SnapshotReader {
    let database: Database
    let rows = RowReader()

    func snapshot(endedJobs: Int) throws -> Snapshot {
        var snapshot = Snapshot()
        var nodes = try RawStatement(
            database, Statements.node.select + " WHERE state <> 'released' ORDER BY node")
        snapshot.nodes = try nodes.rows(rows.node)
        snapshot.jobs = try jobs(endedJobs: endedJobs)
        var slots = try RawStatement(
            database, Statements.slot.select + " WHERE \(Schema.isOpenSlot) ORDER BY slot")
        snapshot.slots = try slots.rows(rows.slot)
        var tokens = try RawStatement(
            database, Statements.token.select + " WHERE NOT is_revoked ORDER BY token")
        snapshot.tokens = try tokens.rows(rows.token)

        let numbers = try RowWriter.numbers(in: database)
        snapshot.lastNode = numbers.lastNode
        snapshot.lastJob = numbers.lastJob
        snapshot.lastSlot = numbers.lastSlot
        snapshot.lastToken = numbers.lastToken
        return snapshot
    }

    private func jobs(endedJobs: Int) throws -> [Snapshot.Job] {
        var open = try RawStatement(database, Statements.job.select + " WHERE \(Schema.isOpenJob)")
        // By name: SQLite would sort all jobs that ever ended.
        var ended = try RawStatement(
            database,
            Statements.job.select
                + " INDEXED BY job_by_end WHERE \(Schema.isEndedJob) ORDER BY ended_at DESC, job DESC LIMIT ?"
        )
        ended.bind(Int64(endedJobs))
        var stopping = try RawStatement(
            database,
            Statements.job.select
                + " WHERE \(Schema.isEndedJob) AND job IN (SELECT job FROM slot WHERE \(Schema.isOpenSlot))")
        let records = try (open.rows(rows.job) + ended.rows(rows.job) + stopping.rows(rows.job)).map(\.record)
        var seen: Set<JobID> = []
        return try records.filter { seen.insert($0.job).inserted }.sorted { $0.job < $1.job }.map { record in
            try job(record)
        }
    }

    /// Millions of rows: eight bytes each are kept, and nothing else is made of them.
    private func job(_ record: JobRecord) throws -> Snapshot.Job {
        var statement = try RawStatement(
            database,
            "SELECT task_index, state, attempt, crashes, pardoned FROM task WHERE job = ? ORDER BY task_index"
        )
        statement.bind(record.job)
        var marks: [Snapshot.TaskMark] = []
        var histories: [Snapshot.TaskHistory] = []
        if record.specification.kind == .tasks {
            marks.reserveCapacity(Int(min(record.counts.decided, record.taskCount)))
        }
        try statement.forEachRow { columns in
            let mark = Snapshot.TaskMark(
                index: try columns.number(), state: try columns.word(),
                attempt: UInt16(clamping: columns.integer()))
            marks.append(mark)
            let crashes = try columns.nodes()
            let pardoned = try columns.counter()
            if !crashes.isEmpty || pardoned > 0 {
                histories.append(
                    Snapshot.TaskHistory(index: mark.index, crashes: crashes, pardoned: pardoned))
            }
            return true
        }
        return Snapshot.Job(record: record, tasks: marks, histories: histories)
    }
}
