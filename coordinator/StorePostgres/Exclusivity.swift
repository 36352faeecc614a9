import CoordinatorStore
import PostgreSQL

/// Keeps a second coordinator away from a store: an advisory lock of the session that writes. It ends with the session,
/// so whoever has it knows that nothing of an earlier session is still under way.
enum Exclusivity {
    /// A session that had the lock and may still be there, although we have lost it.
    struct Holder: Sendable {
        let process: Int32
        /// With the number of the process, what nobody else ever is.
        let startedAt: String
    }

    /// - Parameter previous: our own session before, which is ended if the server still has it.
    /// - Throws: `StoreError.inUse` if another session has the lock until the deadline.
    static func acquire(
        schema: String, on connection: Connection, replacing previous: Holder? = nil, until deadline: Deadline
    ) throws -> Holder {
        if let previous {
            try connection.execute(
                Statement(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE pid = $1::bigint AND backend_start::text = $2
                    """), [.integer(Int64(previous.process)), .text(previous.startedAt)])
        }
        var backoff = Backoff()
        while try connection.execute(
            Statement("SELECT pg_try_advisory_lock(\(key))"), [.text(schema)]
        ).boolean(0, 0) != true {
            guard !deadline.isOver else { throw try inUse(schema, connection) }
            backoff.pause(until: deadline)
        }
        let started = try connection.execute(
            Statement(
                """
                SELECT backend_start::text, EXISTS (
                    SELECT 1 FROM pg_locks
                    WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid())
                FROM pg_stat_activity WHERE pid = pg_backend_pid()
                """))
        // Engines that only speak PostgreSQL's protocol may give the lock to everybody.
        guard started.rowCount == 1, started.boolean(0, 1) == true else {
            throw StoreError(
                .failed,
                "cannot open the PostgreSQL store (\(connection.address)): the server does not keep advisory locks of"
                    + " sessions, by which one coordinator keeps others away; use PostgreSQL itself")
        }
        return Holder(process: connection.serverProcess, startedAt: started.text(0, 0) ?? "")
    }

    /// Within one database; the name of the schema tells clusters apart.
    private static let key = "hashtextextended('mortise:' || $1::text, 0)"

    private static func inUse(_ schema: String, _ connection: Connection) throws -> StoreError {
        let holder = try connection.execute(
            Statement(
                """
                SELECT pid::bigint, coalesce(host(client_addr), 'the same machine')
                FROM pg_locks JOIN pg_stat_activity USING (pid)
                WHERE locktype = 'advisory' AND granted AND datname = current_database()
                    AND (classid::bigint << 32) | objid::bigint = \(key)
                """), [.text(schema)])
        let who =
            holder.rowCount == 0
            ? ""
            : " (from \(holder.text(0, 1) ?? ""), process \(holder.integer(0, 0) ?? 0) of the server)"
        // Where its tables are older, nobody has said anything.
        let leader = try? connection.execute(Statement("SELECT url FROM leader"))
        return StoreError(
            .inUse,
            "cannot open the PostgreSQL store (\(connection.address)): another coordinator uses it\(who); stop that"
                + " one first, or choose another database with --store",
            leader: leader.flatMap { $0.rowCount > 0 ? $0.text(0, 0) : nil })
    }
}
