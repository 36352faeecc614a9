import ClusterTypes
package import CoordinatorCore
import CoordinatorStore
import CoordinatorStoreRows
import PostgreSQL

extension PostgresStore {
    package func snapshot(endedJobs: Int) throws -> Snapshot {
        try reportingFailures(doing: "read", on: address) {
            try readers.perform { connection in
                try connection.inReadTransaction {
                    try SnapshotReader(connection: connection).snapshot(endedJobs: max(0, endedJobs))
                }
            }
        }
    }
}

/// Reads everything that a coordinator starts from, of one committed state.
private struct SnapshotReader {
    let connection: Connection
    let rows = RowReader()

    func snapshot(endedJobs: Int) throws -> Snapshot {
        var snapshot = Snapshot()
        snapshot.nodes = try list(
            TableStatements.node.select + " WHERE state <> 'released' ORDER BY node", rows.node)
        snapshot.jobs = try jobs(endedJobs: endedJobs)
        snapshot.slots = try list(
            TableStatements.slot.select + " WHERE \(Schema.isOpenSlot) ORDER BY slot", rows.slot)
        snapshot.tokens = try list(
            TableStatements.token.select + " WHERE NOT is_revoked ORDER BY token", rows.token)

        var numbers = Numbers()
        _ = try list(TableStatements.meta.select, { try numbers.take(&$0) })
        snapshot.lastNode = numbers.lastNode
        snapshot.lastJob = numbers.lastJob
        snapshot.lastSlot = numbers.lastSlot
        snapshot.lastToken = numbers.lastToken
        return snapshot
    }

    private func list<Record>(
        _ sql: String, _ decode: (inout Columns) throws -> Record, _ parameters: [Parameter] = []
    ) throws -> [Record] {
        try connection.execute(Statement(sql), parameters).rows(decode)
    }

    private func jobs(endedJobs: Int) throws -> [Snapshot.Job] {
        let select = TableStatements.job.select
        let open = try list("\(select) WHERE \(Schema.isOpenJob)", rows.job)
        let ended = try list(
            "\(select) WHERE \(Schema.isEndedJob) ORDER BY ended_at DESC NULLS LAST, job DESC LIMIT $1",
            rows.job, [.integer(Int64(endedJobs))])
        let stopping = try list(
            "\(select) WHERE \(Schema.isEndedJob) AND job IN (SELECT job FROM slot WHERE \(Schema.isOpenSlot))",
            rows.job)
        var seen: Set<JobID> = []
        return try (open + ended + stopping).map(\.record).filter { seen.insert($0.job).inserted }
            .sorted { $0.job < $1.job }.map { try job($0) }
    }

    /// Millions of rows: eight bytes each are kept, and only some thousands are here at once.
    private func job(_ record: JobRecord) throws -> Snapshot.Job {
        let page = 10_000
        let statement = Statement(
            "task_marks",
            """
            SELECT task_index, state, attempt, crashes, pardoned FROM task
            WHERE job = $1 AND task_index > $2 ORDER BY task_index LIMIT \(page)
            """)
        var marks: [Snapshot.TaskMark] = []
        var histories: [Snapshot.TaskHistory] = []
        if record.specification.kind == .tasks {
            marks.reserveCapacity(Int(min(record.counts.decided, record.taskCount)))
        }
        var last: Int64 = -1
        while true {
            let result = try connection.execute(
                statement, [.integer(Int64(bitPattern: record.job.rawValue)), .integer(last)])
            for row in 0..<result.rowCount {
                var columns = Columns(result, row: row)
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
            }
            guard result.rowCount == page, let mark = marks.last else { break }
            last = Int64(mark.index)
        }
        return Snapshot.Job(record: record, tasks: marks, histories: histories)
    }
}
