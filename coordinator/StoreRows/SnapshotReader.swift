import ClusterTypes
package import CoordinatorCore
import CoordinatorStore

/// Reads everything that a coordinator starts from; the connection sees one committed state.
package struct SnapshotReader<Connection: RowConnection> {
    /// Rows of tasks that are here at once.
    private static var page: Int { 10_000 }

    private let connection: Connection
    private let rows = RowReader()

    package init(_ connection: Connection) { self.connection = connection }

    package func snapshot(endedJobs: Int) throws -> Snapshot {
        var snapshot = Snapshot()
        snapshot.nodes = try list(.node, "state <> 'released' ORDER BY node", rows.node)
        snapshot.jobs = try jobs(endedJobs: max(0, endedJobs))
        snapshot.slots = try list(.slot, "\(Table.isOpenSlot) ORDER BY slot", rows.slot)
        snapshot.tokens = try list(.token, "NOT is_revoked ORDER BY token", rows.token)
        snapshot.virtualClusters = try list(.virtualCluster, "true ORDER BY name", rows.virtualCluster)
        snapshot.fairShare = try list(
            .fairShare,
            "milli_cpu_seconds > 0 OR memory_mib_seconds > 0 OR device_share_seconds > 0"
                + " ORDER BY virtual_cluster, submitter", rows.fairShare)
        snapshot.pools = try list(.pool, "true ORDER BY name", rows.pool)
        snapshot.launches = try list(.launch, "true ORDER BY launch", rows.launch)
        let numbers = try Numbers(on: connection)
        snapshot.lastNode = numbers.lastNode
        snapshot.lastJob = numbers.lastJob
        snapshot.lastSlot = numbers.lastSlot
        snapshot.lastToken = numbers.lastToken
        snapshot.lastLaunch = numbers.lastLaunch
        return snapshot
    }

    private func list<Record>(
        _ table: Table, _ condition: String, _ decode: (inout Connection.Row) throws -> Record
    ) throws -> [Record] {
        try connection.rows(BoundStatement("\(table.select) WHERE \(condition)"), decode)
    }

    private func jobs(endedJobs: Int) throws -> [Snapshot.Job] {
        let open = try list(.job, Table.isOpenJob, rows.job)
        let ended = try connection.rows(
            BoundStatement(
                Table.job.select + Connection.hint(toUse: "job_by_end")
                    + " WHERE \(Table.isEndedJob) ORDER BY ended_at DESC NULLS LAST, job DESC LIMIT ?",
                [.integer(Int64(endedJobs))]), rows.job)
        let stopping = try list(
            .job, "\(Table.isEndedJob) AND job IN (SELECT job FROM slot WHERE \(Table.isOpenSlot))", rows.job)
        var seen: Set<JobID> = []
        return try (open + ended + stopping).map(\.record).filter { seen.insert($0.job).inserted }
            .sorted { $0.job < $1.job }.map { try job($0) }
    }

    /// Millions of rows: eight bytes each are kept.
    private func job(_ record: JobRecord) throws -> Snapshot.Job {
        var marks: [Snapshot.TaskMark] = []
        var histories: [Snapshot.TaskHistory] = []
        if record.specification.kind == .tasks {
            marks.reserveCapacity(Int(min(record.counts.decided, record.taskCount)))
        }
        var last: Int64 = -1
        while true {
            let count = marks.count
            let page = BoundStatement(
                """
                SELECT task_index, state, attempt, crashes, pardoned FROM task
                WHERE job = ? AND task_index > ? ORDER BY task_index LIMIT \(Self.page)
                """, [.number(record.job), .integer(last)])
            try connection.forEachRow(page) { columns in
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
            guard marks.count == count + Self.page, let mark = marks.last else { break }
            last = Int64(mark.index)
        }
        return Snapshot.Job(record: record, tasks: marks, histories: histories)
    }
}
