package import ClusterTypes
package import CoordinatorCore
package import CoordinatorStore
import CoordinatorStoreRows
import GRDB
import Synchronization

/// The truth in one SQLite file, which anybody may read with `sqlite3` (docs/database.md).
///
/// Write-ahead log, synchronous at every commit: what `commit` has returned survives the loss of power. One
/// coordinator at a time (`PATH.lock`). Beside PATH stand PATH-wal and PATH-shm while it is open.
package final class SQLiteStore: RowStore {
    private struct Writer {
        var rows = RowWriter()
        var numbers = Numbers()
        /// A commit failed: whether it took effect is read back before the next one.
        var areNumbersKnown = true
    }

    /// With symbolic links resolved.
    package let path: String
    let pool: DatabasePool
    let payloadChunks = PayloadChunks()
    private let lock: StoreLock
    private let writer: Mutex<Writer>
    package let schemaVersion: (now: String, before: String)

    /// Opens the store, creating or migrating the file.
    ///
    /// - Throws: `StoreError`: `in_use` while another coordinator has it, `corrupt` for a file that is not a
    ///   Mortise store, `too_new` for one that a newer version has migrated, `full`, `failed`. A file that is
    ///   refused is left as it is.
    package init(path: String, options: SQLiteOptions = .defaults) throws {
        let path = try StoreFile.create(path)
        let lock = try StoreLock(storePath: path)
        let (pool, before, numbers) = try reportingFailures(doing: "open", on: path) {
            try StoreFile.checkIsOurs(path)
            let pool = try StoreFile.openPool(path, options)
            let before = try pool.read { try Schema.migrator.appliedIdentifiers($0).max() ?? "" }
            try Schema.migrator.migrate(pool)
            return (pool, before, try pool.read { try Numbers(on: SQLiteConnection($0)) })
        }
        self.path = path
        self.lock = lock
        self.pool = pool
        writer = Mutex(Writer(numbers: numbers))
        schemaVersion = (Schema.migrator.migrations.last ?? "", before)
    }

    package var reader: any StoreReader { RecordReader(SQLiteReads(store: self)) }

    package func commit(_ writes: [Write]) throws -> UInt64 {
        try writer.withLock { writer in
            try reportingFailures(doing: "commit to", on: path) {
                if !writer.areNumbersKnown {
                    writer.numbers = try pool.read { try Numbers(on: SQLiteConnection($0)) }
                }
                let numbers = writer.numbers.advanced(by: writes)
                writer.areNumbersKnown = false
                try pool.writeWithoutTransaction { database in
                    try notingSystemError(of: database) {
                        try database.inTransaction(.immediate) {
                            for write in writes {
                                try writer.rows.perform(write, revision: numbers.revision, in: database)
                            }
                            try writer.rows.put(numbers, replacing: writer.numbers, in: database)
                            return .commit
                        }
                    }
                }
                writer.numbers = numbers
                writer.areNumbersKnown = true
                return numbers.revision
            }
        }
    }

    package func snapshot(endedJobs: Int) throws -> Snapshot {
        try readRows { try SnapshotReader($0).snapshot(endedJobs: endedJobs) }
    }

    package func payloads(_ job: JobID, at positions: [TaskIndex]) throws -> [String] {
        let found = try reportingFailures(doing: "read", on: path) {
            try pool.read { try payloadChunks.payloads(job, at: positions, on: SQLiteConnection($0)) }
        }
        return try zip(positions, found).map { position, payload in
            guard let payload else {
                throw StoreError(
                    .failed, "task \(position) of job \(job) has no payload in the store \(path)")
            }
            return payload
        }
    }

    package func drop(beyond retention: Retention, rows: Int) throws -> Bool {
        try changeRows { connection in
            var step = RetentionStep(connection, rows: rows)
            return try step.drop(beyond: retention)
        }
    }

    package func readRows<Result>(_ body: (SQLiteConnection) throws -> Result) throws -> Result {
        try reportingFailures(doing: "read", on: path) { try pool.read { try body(SQLiteConnection($0)) } }
    }

    package func changeRows<Result: Sendable>(_ body: (SQLiteConnection) throws -> Result) throws -> Result {
        try writer.withLock { _ in
            try reportingFailures(doing: "change rows of", on: path) {
                try pool.write { try body(SQLiteConnection($0)) }
            }
        }
    }

    /// Sets or takes away (nil) the limit of `SQLiteOptions.maximumBytes`; never below the present size.
    package func setMaximumBytes(_ bytes: Int64?) throws {
        try reportingFailures(doing: "set the size limit of", on: path) {
            try pool.writeWithoutTransaction { try StoreFile.setMaximumBytes(bytes, in: $0) }
        }
    }

    /// The writing connection's `PRAGMA synchronous`: 2 (FULL), or what was committed last may go with the
    /// power.
    package func synchronousMode() throws -> Int {
        try reportingFailures(doing: "read", on: path) {
            try pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") ?? -1 }
        }
    }

    /// Moves the write-ahead log into the file and lets go of it. Later calls of the store fail; closing
    /// again does nothing.
    package func close() throws {
        try writer.withLock { _ in
            try reportingFailures(doing: "close", on: path) {
                // The readers first: only a writer that is the last to close takes the log with it.
                pool.releaseMemory()
                try pool.close()
            }
            lock.release()
        }
    }
}
