import CoordinatorStore
import CoordinatorStoreRows
import PostgreSQL

/// Bringing a schema up to date.
///
/// Migrations only go forward, each in a transaction of its own, and one that has been released never changes.
enum Schema {
    private struct Migration {
        let version: Int64
        let name: String
        let statements: [String]
    }

    private static let migrations = [
        Migration(
            version: 1, name: "foundation",
            statements: SchemaFoundation.tables + SchemaFoundation.indexes + SchemaFoundation.views
                + SchemaFoundation.comments),
        Migration(
            version: 2, name: "retention and leader",
            statements: [
                "CREATE TABLE dropped_job (job bigint PRIMARY KEY)",
                """
                COMMENT ON TABLE dropped_job IS
                    'Jobs whose row is gone, and whose tasks and slots still have to go.'
                """,
                """
                CREATE TABLE leader (
                    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
                    url text NOT NULL
                )
                """,
                """
                COMMENT ON TABLE leader IS
                    'Where the API of the coordinator is that leads, or led last: those that stand by send to it.'
                """,
                "CREATE INDEX slot_by_end ON slot (since) WHERE \(Table.isEndedSlot)",
                "CREATE INDEX usage_within_day ON usage (from_at) WHERE \(Table.isWithinDay)",
            ]),
        Migration(
            version: 3, name: "virtual clusters",
            statements: SchemaSharing.tables + SchemaSharing.comments),
        Migration(
            version: 4, name: "pools", statements: SchemaPools.tables + SchemaPools.comments),
    ]

    /// All that there ever were, the oldest first.
    static var versions: [Int64] { migrations.map(\.version) }

    /// - Throws: `StoreError`: `corrupt` for a schema with tables of others, `too_new` for one of a newer version;
    ///   `PostgresError`.
    /// - Parameter last: the version to stop at; nil for the newest.
    /// - Returns: the version before; 0: there was nothing.
    @discardableResult
    static func migrate(
        _ schema: String, on connection: Connection, upTo last: Int64? = nil
    ) throws -> Int64 {
        var applied = try appliedVersion(schema, connection)
        let migrations = migrations.filter { $0.version <= last ?? .max }
        if let newest = migrations.last?.version, applied >= newest { return applied }
        do {
            try connection.execute(Statement("BEGIN"))
            // Two that start at the same moment: the second finds everything done.
            try connection.execute(
                Statement(
                    "SELECT pg_advisory_xact_lock(hashtextextended('mortise migration:' || $1::text, 0))"),
                [.text(schema)])
            applied = try appliedVersion(schema, connection)
            if applied == 0 { try create(schema, connection) }
            for migration in migrations where migration.version > applied {
                for statement in migration.statements { try connection.execute(Statement(statement)) }
                try connection.execute(
                    Statement("INSERT INTO schema_migration (version, name) VALUES ($1, $2)"),
                    [.integer(migration.version), .text(migration.name)])
            }
            try connection.execute(script: readerRole(schema))
            try connection.execute(Statement("COMMIT"))
            return applied
        } catch {
            if connection.isOpen { try connection.execute(Statement("ROLLBACK")) }
            throw error
        }
    }

    /// 0: there is nothing yet.
    private static func appliedVersion(_ schema: String, _ connection: Connection) throws -> Int64 {
        let state = try connection.execute(
            Statement(
                """
                SELECT count(*), count(*) FILTER (WHERE relname = 'schema_migration')
                FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind IN ('r', 'p', 'v', 'm', 'f')
                """), [.text(schema)])
        guard state.integer(0, 0) ?? 0 > 0 else { return 0 }
        guard state.integer(0, 1) == 1 else {
            throw StoreError(
                .corrupt,
                "cannot open the PostgreSQL store (\(connection.address)): the schema \(schema) holds tables that"
                    + " are not Mortise's; name another database with --store")
        }
        let newest = try connection.execute(Statement("SELECT max(version) FROM schema_migration"))
        let version = newest.integer(0, 0) ?? 0
        guard version <= migrations.last?.version ?? 0 else {
            throw StoreError(
                .tooNew,
                "cannot open the PostgreSQL store (\(connection.address)): a newer version of Mortise has written it"
                    + " (schema version \(version)); run that version, or restore a backup from before the update"
            )
        }
        return version
    }

    private static func create(_ schema: String, _ connection: Connection) throws {
        // It may have been made for us by who has the right to.
        let exists = try connection.execute(
            Statement("SELECT to_regnamespace($1) IS NOT NULL"), [.text(schema)])
        if exists.boolean(0, 0) != true { try connection.execute(Statement("CREATE SCHEMA \(schema)")) }
        try connection.execute(
            Statement(
                """
                CREATE TABLE schema_migration (
                    version bigint PRIMARY KEY,
                    name text NOT NULL,
                    applied_at timestamptz NOT NULL DEFAULT now()
                )
                """))
    }

    /// A role to be granted to those who look: it reads everything but the hashes of tokens. Where we may not make it,
    /// somebody else does (docs/database.md).
    private static func readerRole(_ schema: String) -> String {
        """
        DO $$ BEGIN
            IF to_regrole('mortise_reader') IS NULL THEN
                CREATE ROLE mortise_reader NOLOGIN;
            END IF;
            GRANT USAGE ON SCHEMA \(schema) TO mortise_reader;
            GRANT SELECT ON ALL TABLES IN SCHEMA \(schema) TO mortise_reader;
            REVOKE ALL ON \(schema).token FROM mortise_reader;
        EXCEPTION
            -- Also when another database's coordinator makes it at the same moment.
            WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN NULL;
        END $$
        """
    }
}
