package import ClusterTypes
package import CoordinatorCore
package import CoordinatorStore
import CoordinatorStoreRows
package import PostgreSQL
import Synchronization

/// The truth in a schema of a PostgreSQL database, which anybody with the role `mortise_reader` may read
/// (docs/database.md).
///
/// What `commit` has returned is on the server's stable storage. One coordinator at a time. A server that goes and
/// comes back within `PostgresOptions.outageSeconds` is waited for; no commit is lost or done twice by it.
package final class PostgresStore: RowStore {
    package let address: PostgresAddress
    package let options: PostgresOptions
    let readers: ReaderPool
    let payloadChunks = PayloadChunks()
    private let writer: Mutex<Writer>
    package let schemaVersion: (now: String, before: String)

    /// Opens the store, creating or migrating the tables.
    ///
    /// - Throws: `StoreError`: `in_use` while another coordinator has it, `corrupt` for a schema with tables that are
    ///   not ours, `too_new` for one that a newer version has migrated, `full`, `failed`. A schema that is refused is
    ///   left as it is.
    package init(_ address: PostgresAddress, options: PostgresOptions = .defaults) throws {
        let allowed = "abcdefghijklmnopqrstuvwxyz0123456789_"
        precondition(
            !options.schema.isEmpty && options.schema.utf8.count < 64
                && options.schema.allSatisfy(allowed.contains),
            "a schema has 1 to 63 lower-case letters, digits and '_'")
        self.address = address
        self.options = options
        let session = Session(address: address, options: options)
        readers = ReaderPool(session)
        let writer = try Writer(session)
        schemaVersion = (
            "\(Schema.versions.last ?? 0)", writer.versionBefore == 0 ? "" : "\(writer.versionBefore)"
        )
        self.writer = Mutex(writer)
    }

    package convenience init(_ address: String, options: PostgresOptions = .defaults) throws {
        do {
            try self.init(PostgresAddress(address), options: options)
        } catch let error as PostgresError {
            throw StoreError(.failed, "cannot open the store: \(error.message)")
        }
    }

    package var reader: any StoreReader { RecordReader(PostgresReads(store: self)) }

    package func commit(_ writes: [Write]) throws -> UInt64 {
        try writer.withLock { writer in
            try reportingFailures(doing: "commit to", on: address) { try writer.commit(writes) }
        }
    }

    package func drop(beyond retention: Retention, rows: Int) throws -> Bool {
        try changeRows { connection in
            var step = RetentionStep(connection, rows: rows)
            return try step.drop(beyond: retention)
        }
    }

    package func readRows<Result>(_ body: (PostgresConnection) throws -> Result) throws -> Result {
        try reportingFailures(doing: "read", on: address) {
            try readers.perform { try body(PostgresConnection($0)) }
        }
    }

    package func changeRows<Result: Sendable>(_ body: (PostgresConnection) throws -> Result) throws -> Result
    {
        try writer.withLock { writer in
            try reportingFailures(doing: "change rows of", on: address) { try writer.inTransaction(body) }
        }
    }

    package var lease: Duration? { .seconds(options.leaseSeconds) }

    package func confirm() throws {
        try writer.withLock { writer in
            try reportingFailures(doing: "confirm the lead in", on: address) { try writer.confirm() }
        }
    }

    package func snapshot(endedJobs: Int) throws -> Snapshot {
        try reportingFailures(doing: "read", on: address) {
            try readers.perform { connection in
                try connection.inReadTransaction {
                    try SnapshotReader(PostgresConnection(connection)).snapshot(endedJobs: endedJobs)
                }
            }
        }
    }

    package func announce(_ url: String) throws {
        try changeRows { connection in
            _ = try connection.run(
                BoundStatement(
                    """
                    INSERT INTO leader (url) VALUES (?) ON CONFLICT (is_only) DO UPDATE SET url = excluded.url
                    """, [.text(url)]))
        }
    }

    package func payloads(_ job: JobID, at positions: [TaskIndex]) throws -> [String] {
        let found = try reportingFailures(doing: "read", on: address) {
            try readers.perform {
                try self.payloadChunks.payloads(job, at: positions, on: PostgresConnection($0))
            }
        }
        return try zip(positions, found).map { position, payload in
            guard let payload else {
                throw StoreError(
                    .failed, "task \(position) of job \(job) has no payload in the store (\(address))")
            }
            return payload
        }
    }

    /// Ends all connections. Later calls of the store fail; closing again does nothing.
    package func close() throws {
        readers.close()
        writer.withLock { $0.close() }
    }

    /// The server's process that the connection for commits has; 0 while there is none. For tests and messages.
    package var serverProcess: Int32 { writer.withLock { $0.serverProcess } }
}
