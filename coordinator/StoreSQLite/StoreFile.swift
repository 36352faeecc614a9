import CoordinatorStore
import GRDB

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Getting at the file of a `SQLiteStore`.
enum StoreFile {
    /// Creates the file, for its owner alone, if there is none; SQLite gives the files beside it the same
    /// mode.
    /// - Returns: the path with symbolic links resolved, so that there is one lock however it is named.
    static func create(_ path: String) throws -> String {
        // Never opened if it exists: closing it would let go of the locks that SQLite has on it in this
        // process.
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 || errno == EEXIST else {
            throw StoreError(
                .failed,
                "cannot open the store \(path): \(reason(errno)); create its folder, let the coordinator's"
                    + " user write there, or choose another path with --store")
        }
        if descriptor >= 0 { close(descriptor) }
        guard let resolved = realpath(path, nil) else {
            throw StoreError(.failed, "cannot find the store \(path): \(reason(errno)); is it a broken link?")
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Looks at the file without changing it.
    static func checkIsOurs(_ path: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        let (mark, tables, isSuperseded) = try queue.read { database in
            (
                try Int32.fetchOne(database, sql: "PRAGMA application_id") ?? 0,
                try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0,
                try Schema.migrator.hasBeenSuperseded(database)
            )
        }
        try queue.close()
        // Without tables it is a new file, or one whose creation was interrupted.
        let isNew = mark == 0 && tables == 0
        guard isNew || mark == Schema.applicationID else {
            throw StoreError(
                .corrupt,
                "cannot open the store \(path): it is an SQLite database, but not one of Mortise's; choose"
                    + " another path with --store")
        }
        guard !isSuperseded else {
            throw StoreError(
                .tooNew,
                "cannot open the store \(path): a newer version of Mortise has written it; run that version,"
                    + " or restore a backup from before the update")
        }
    }

    static func openPool(_ path: String, _ options: SQLiteOptions) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.label = "mortise.store"
        configuration.busyMode = .timeout(options.busyTimeoutSeconds)
        configuration.maximumReaderCount = options.readers
        // The references in the schema are for readers. Enforced, a missing row would stop the coordinator at
        // every further commit; its invariants are checked where the rows are made.
        configuration.foreignKeysEnabled = false
        let pool = try DatabasePool(path: path, configuration: configuration)
        try pool.writeWithoutTransaction { database in
            // GRDB sets NORMAL, which may lose the last commits with the power.
            try database.execute(
                sql: """
                    PRAGMA synchronous = FULL;
                    PRAGMA cache_size = -32768;
                    PRAGMA wal_autocheckpoint = 4000;
                    PRAGMA journal_size_limit = 67108864;
                    """)
            try setMaximumBytes(options.maximumBytes, in: database)
        }
        return pool
    }

    /// - Parameter bytes: nil for SQLite's own limit.
    static func setMaximumBytes(_ bytes: Int64?, in database: Database) throws {
        let pageSize = try Int64.fetchOne(database, sql: "PRAGMA page_size") ?? 4_096
        let pages = bytes.map { max(1, $0 / pageSize) } ?? 4_294_967_294
        try database.execute(sql: "PRAGMA max_page_count = \(pages)")
    }
}
