package import CoordinatorStore

/// Drops some of what is not to be kept, within a transaction of the connection.
///
/// A job's row goes first, and its number is noted in `dropped_job` until the last of its rows is gone.
package struct RetentionStep<Connection: RowConnection> {
    private let connection: Connection
    private var rowsLeft: Int

    package init(_ connection: Connection, rows: Int) {
        self.connection = connection
        rowsLeft = max(1, rows)
    }

    /// - Returns: whether there may be more.
    package mutating func drop(beyond retention: Retention) throws -> Bool {
        try dropRemains()
        try dropJobs(retention)
        try dropSlots(retention)
        try dropEvents(retention)
        return rowsLeft == 0
    }

    /// Of jobs that were dropped before.
    private mutating func dropRemains() throws {
        while rowsLeft > 0 {
            let next = BoundStatement("SELECT job FROM dropped_job ORDER BY job LIMIT 1")
            guard let job = try connection.first(next, { $0.integer() }) else { return }
            for (table, key) in [("task", "task_index"), ("task_input", "first"), ("slot", "slot")]
            where rowsLeft > 0 {
                try delete(
                    """
                    DELETE FROM \(table) WHERE job = ? AND \(key) IN (
                        SELECT \(key) FROM \(table) WHERE job = ? ORDER BY \(key) LIMIT ?)
                    """, .integer(job), .integer(job))
            }
            guard rowsLeft > 0 else { return }
            try connection.run(BoundStatement("DELETE FROM dropped_job WHERE job = ?", [.integer(job)]))
        }
    }

    private mutating func dropJobs(_ retention: Retention) throws {
        guard rowsLeft > 0 else { return }
        let jobs = try connection.rows(
            BoundStatement(
                """
                SELECT job FROM (
                    SELECT job, ended_at,
                        row_number() OVER (ORDER BY ended_at DESC NULLS LAST, job DESC) AS place
                    FROM job\(Connection.hint(toUse: "job_by_end")) WHERE \(Table.isEndedJob)) AS ended
                WHERE (place > ? OR (place > ? AND ended_at < ?)) AND NOT EXISTS (
                    SELECT 1 FROM slot WHERE slot.job = ended.job AND \(Table.isOpenSlot))
                ORDER BY place DESC LIMIT ?
                """,
                [
                    .integer(Int64(max(retention.jobs, retention.leastJobs))),
                    .integer(Int64(retention.leastJobs)),
                    .instant(retention.endedBefore), .integer(Int64(rowsLeft)),
                ]), { $0.integer() })
        for job in jobs {
            try connection.run(BoundStatement("INSERT INTO dropped_job (job) VALUES (?)", [.integer(job)]))
            rowsLeft -= try connection.run(BoundStatement("DELETE FROM job WHERE job = ?", [.integer(job)]))
        }
        try dropRemains()
    }

    private mutating func dropSlots(_ retention: Retention) throws {
        let condition = Table.isEndedSlot
        try delete(
            """
            DELETE FROM slot WHERE slot IN (
                SELECT slot FROM slot WHERE \(condition) AND since < ? ORDER BY since LIMIT ?)
            """, .instant(retention.endedBefore))
        try delete(
            """
            DELETE FROM slot WHERE slot IN (
                SELECT slot FROM slot WHERE slot <= (SELECT max(slot) FROM slot) - ? AND \(condition)
                ORDER BY slot LIMIT ?)
            """, .integer(Int64(retention.slots)))
    }

    /// They are numbered in the order of their time, or nearly.
    private mutating func dropEvents(_ retention: Retention) throws {
        try delete(
            """
            DELETE FROM event WHERE at < ? AND event IN (SELECT event FROM event ORDER BY event LIMIT ?)
            """, .instant(retention.eventsBefore))
        try delete(
            """
            DELETE FROM event WHERE event IN (
                SELECT event FROM event WHERE event <= (SELECT max(event) FROM event) - ?
                ORDER BY event LIMIT ?)
            """, .integer(Int64(retention.events)))
    }

    /// - Parameter sql: ends with its limit of rows.
    private mutating func delete(_ sql: String, _ arguments: BoundStatement.Argument...) throws {
        guard rowsLeft > 0 else { return }
        rowsLeft -= try connection.run(BoundStatement(sql, arguments + [.integer(Int64(rowsLeft))]))
    }
}
