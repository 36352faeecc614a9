import CoordinatorCore
import CoordinatorStore
import CoordinatorStoreRows
import PostgreSQL

/// The one connection that writes, and what is known of the database.
struct Writer: ~Copyable {
    private let session: Session
    private var encoder = RowEncoder()
    /// nil while there is none.
    private var connection: Connection?
    private var holder: Exclusivity.Holder
    /// As last read or committed.
    private var numbers: Numbers
    /// A commit ended without an answer; the database is at `numbers.revision` or one more.
    private var isOutcomeUnknown = false
    private var isClosed = false
    /// Written into `meta`: tells whether another coordinator has had the store while we had no connection.
    private let mark: Int64
    /// Of the schema when the store was opened; 0 for a new one.
    let versionBefore: Int64

    init(_ session: Session) throws {
        self.session = session
        (connection, holder, numbers, mark, versionBefore) = try reportingFailures(
            doing: "open", on: session.address
        ) {
            let deadline = Deadline.after(.seconds(session.options.outageSeconds))
            var backoff = Backoff()
            while true {
                do {
                    return try Self.begin(session, until: deadline)
                } catch let error as PostgresError where error.kind == .notReady && !deadline.isOver {
                    backoff.pause(until: deadline)
                }
            }
        }
    }

    private static func begin(
        _ session: Session, until deadline: Deadline
    ) throws -> (Connection, Exclusivity.Holder, Numbers, Int64, versionBefore: Int64) {
        let connection = try session.open(.writing, until: deadline)
        // A session that has just ended may still have it for a moment, behind a pooler above all.
        let holder = try Exclusivity.acquire(
            schema: session.options.schema, on: connection, until: .after(.milliseconds(200)))
        let versionBefore = try Schema.migrate(session.options.schema, on: connection)
        let mark = Int64.random(in: 1...(.max))
        try connection.execute(
            Statement(
                """
                INSERT INTO meta (name, value) VALUES ('writer', $1)
                ON CONFLICT (name) DO UPDATE SET value = excluded.value
                """), [.integer(mark)])
        return (connection, holder, try readNumbers(on: connection).numbers, mark, versionBefore)
    }

    var serverProcess: Int32 { connection?.serverProcess ?? 0 }

    mutating func close() {
        connection?.close()
        connection = nil
        isClosed = true
    }

    /// - Throws: `PostgresError`, `StoreError`, or what encoding throws.
    mutating func commit(_ writes: [Write]) throws -> UInt64 {
        guard !isClosed else { throw StoreError(.failed, "the store is closed") }
        let deadline = Deadline.after(.seconds(session.options.outageSeconds))
        var backoff = Backoff()
        var next: Numbers?
        while true {
            do {
                let connection = try reopened(until: deadline)
                // Known by now. After a connection that was lost with our commit on its way, it was in or not.
                if let next, numbers.revision == next.revision { return next.revision }
                let wanted = numbers.advanced(by: writes)
                let batch = try WriteBatch(writes, wanted, replacing: numbers, &encoder)
                next = wanted
                try perform(batch, on: connection)
                numbers = wanted
                return wanted.revision
            } catch let error as PostgresError where error.isOutage || error.isRetriable {
                guard !deadline.isOver else { throw error }
                backoff.pause(until: deadline)
            }
        }
    }

    /// Performs what changes no number, and what may be done again where nobody knows whether it was done.
    mutating func inTransaction<Result>(_ body: (PostgresConnection) throws -> Result) throws -> Result {
        guard !isClosed else { throw StoreError(.failed, "the store is closed") }
        let connection = try reopened(until: .after(.seconds(session.options.outageSeconds)))
        do {
            try connection.execute(Statement("begin", "BEGIN"))
            let result = try body(PostgresConnection(connection))
            try connection.execute(Statement("commit", "COMMIT"))
            return result
        } catch {
            rollBack(connection)
            throw error
        }
    }

    /// After a failure; a connection that cannot is given up.
    private mutating func rollBack(_ connection: Connection) {
        if connection.isOpen, (try? connection.execute(Statement("ROLLBACK"))) != nil { return }
        connection.close()
        self.connection = nil
    }

    /// Makes sure that the connection, and the lock that it holds, are still there.
    /// - Throws: `StoreError.inUse` where another coordinator has had the store meanwhile; `PostgresError`.
    mutating func confirm() throws {
        guard !isClosed else { throw StoreError(.failed, "the store is closed") }
        let deadline = Deadline.after(.seconds(session.options.leaseSeconds))
        do {
            try reopened(until: deadline).execute(Statement("confirm", "SELECT 1"), until: deadline)
        } catch let error as PostgresError where error.isOutage {
            connection = nil
            throw error
        }
    }

    /// One round trip.
    private mutating func perform(_ batch: WriteBatch, on connection: Connection) throws {
        let begin = Execution(Statement("begin", "BEGIN"))
        let commit = Execution(Statement("commit", "COMMIT"))
        isOutcomeUnknown = true
        do {
            try connection.execute([begin] + batch.executions + [commit])
            isOutcomeUnknown = false
        } catch {
            guard connection.isOpen else {
                self.connection = nil
                throw error
            }
            // The server has answered: nothing of it was written.
            isOutcomeUnknown = false
            rollBack(connection)
            throw error
        }
    }

    /// The connection, or a new one with which everything is known again.
    private mutating func reopened(until deadline: Deadline) throws -> Connection {
        if let connection, connection.isOpen { return connection }
        connection = nil
        let connection = try session.open(.writing, until: deadline)
        // Only with the lock is it certain that the session before has ended, and its commit with it.
        holder = try Exclusivity.acquire(
            schema: session.options.schema, on: connection, replacing: holder, until: deadline)
        let (found, writer) = try Self.readNumbers(on: connection)
        let latest = numbers.revision + (isOutcomeUnknown ? 1 : 0)
        guard writer == mark else {
            connection.close()
            throw StoreError(
                .inUse,
                "cannot commit to the PostgreSQL store (\(session.address)): another coordinator has used it while"
                    + " this one had no connection; restart this one if it is to go on")
        }
        guard (numbers.revision...latest).contains(found.revision) else {
            connection.close()
            throw StoreError(
                .failed,
                "cannot commit to the PostgreSQL store (\(session.address)): it is at revision \(found.revision),"
                    + " but \(numbers.revision) was committed; was it restored, or a standby without the last"
                    + " commits promoted? Restart the coordinator to go on from what is there")
        }
        numbers = found
        isOutcomeUnknown = false
        self.connection = connection
        return connection
    }

    /// - Returns: the numbers, and the mark of the coordinator that had the store last.
    private static func readNumbers(on connection: Connection) throws -> (numbers: Numbers, writer: Int64?) {
        let result = try connection.execute(Statement("meta", Table.meta.select))
        var numbers = Numbers()
        var writer: Int64?
        for row in 0..<result.rowCount {
            var columns = Columns(result, row: row)
            try numbers.take(&columns)
            if result.text(row, 0) == "writer" { writer = result.integer(row, 1) }
        }
        return (numbers, writer)
    }
}
