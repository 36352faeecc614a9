import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import GRDB
import PostgreSQL
import PostgresServer
import Testing

@testable import CoordinatorStorePostgres
@testable import CoordinatorStoreSQLite

@Suite("Stores of older versions", .ownThreads)
struct MigrationTests {
    /// Random rows, in a memory store and in another one.
    private func fill(_ store: any Store, seed: UInt64) throws -> MemoryStore {
        let memory = MemoryStore()
        var history = RandomWrites(seed: seed)
        for _ in 1...20 {
            let writes = history.batch()
            _ = try memory.commit(writes)
            _ = try store.commit(writes)
        }
        return memory
    }

    /// - Parameters:
    ///   - isWhole: the version had all columns that readers show.
    ///   - hasAlternatives: slots had more than one request already.
    private func expect(
        _ store: any Store, toHold memory: MemoryStore, isWhole: Bool, hasAlternatives: Bool
    ) async throws {
        let read = try await Contents(of: store)
        var expected = try await Contents(of: memory)
        if !hasAlternatives {
            for position in expected.slots.indices { expected.slots[position].alternative = 0 }
        }
        if isWhole { #expect(read == expected) }
        #expect(read.revision == expected.revision)
        #expect(read.jobs == expected.jobs && read.tokens == expected.tokens)
        #expect(read.events == expected.events)
        #expect(read.nodes.map(\.node) == expected.nodes.map(\.node))
        #expect(read.slots.map(\.tasks) == expected.slots.map(\.tasks))
        #expect(read.tasks.map { $0.map(\.state) } == expected.tasks.map { $0.map(\.state) })
        let retention = Retention(
            endedBefore: .epoch, jobs: 0, leastJobs: 0, slots: 0, eventsBefore: .epoch, events: 0)
        while try store.drop(beyond: retention, rows: 100) {}
        #expect(try await store.reader.events(nil, limit: 1).isEmpty)
    }

    @Test("SQLite: each one is brought up to date with all that is in it", arguments: Schemas.sqlite)
    func sqlite(version: String) async throws {
        try await withTemporaryDirectory { directory in
            let reference = try SQLiteStore(path: directory + "/reference.db")
            let memory = try fill(reference, seed: 7)
            try reference.close()
            let queue = try DatabaseQueue(path: directory + "/old.db")
            try CoordinatorStoreSQLite.Schema.migrator.migrate(queue, upTo: version)
            try await queue.writeWithoutTransaction { database in
                try database.execute(
                    sql: "PRAGMA foreign_keys = OFF; ATTACH '\(directory)/reference.db' AS reference")
                let tables = try String.fetchAll(
                    database,
                    sql:
                        "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name <> 'grdb_migrations'"
                )
                for table in tables {
                    let columns = try String.fetchAll(
                        database, sql: "SELECT name FROM pragma_table_info(?, 'main')", arguments: [table])
                    let list = columns.map { "\"\($0)\"" }.joined(separator: ", ")
                    try database.execute(
                        sql: "INSERT INTO main.\(table) (\(list)) SELECT \(list) FROM reference.\(table)")
                }
            }
            try queue.close()
            let store = try SQLiteStore(path: directory + "/old.db")
            try await expect(
                store, toHold: memory, isWhole: version >= "0006", hasAlternatives: version >= "0009")
            try store.close()
        }
    }

    @Test("PostgreSQL: each one is brought up to date with all that is in it", arguments: Schemas.postgres)
    func postgres(version: Int64) async throws {
        try await withDatabase { address in
            var options = PostgresOptions.defaults
            options.schema = "reference"
            let reference = try PostgresStore(address, options: options)
            let memory = try fill(reference, seed: 7)
            try reference.close()
            let connection = try Connection(PostgresAddress(address))
            try connection.execute(script: "SET search_path = mortise")
            try CoordinatorStorePostgres.Schema.migrate("mortise", on: connection, upTo: version)
            let tables = try connection.execute(
                Statement(
                    """
                    SELECT table_name::text, string_agg('"' || column_name || '"', ', ') FROM information_schema.columns
                    WHERE table_schema = 'mortise' AND table_name IN (
                        SELECT table_name FROM information_schema.tables
                        WHERE table_schema = 'mortise' AND table_type = 'BASE TABLE')
                    GROUP BY table_name HAVING table_name <> 'schema_migration'
                    """))
            for row in 0..<tables.rowCount {
                let (name, columns) = (tables.text(row, 0) ?? "", tables.text(row, 1) ?? "")
                try connection.execute(
                    script: """
                        INSERT INTO mortise.\(name) (\(columns)) OVERRIDING SYSTEM VALUE
                        SELECT \(columns) FROM reference.\(name)
                        """)
            }
            connection.close()
            let store = try PostgresStore(address)
            try await expect(store, toHold: memory, isWhole: true, hasAlternatives: version >= 3)
            try store.close()
        }
    }
}

private enum Schemas {
    static let sqlite = CoordinatorStoreSQLite.Schema.migrator.migrations.dropLast()
    static let postgres =
        PostgresServer.isInstalled ? CoordinatorStorePostgres.Schema.versions.dropLast() : []
}
