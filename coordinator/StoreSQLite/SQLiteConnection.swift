package import CoordinatorStoreRows
import GRDB

/// Reads and changes rows, within what GRDB has begun.
package struct SQLiteConnection: RowConnection {
    private let database: Database

    init(_ database: Database) { self.database = database }

    package func forEachRow(_ statement: BoundStatement, _ visit: (inout Columns) throws -> Bool) throws {
        var bound = try bound(statement)
        try bound.forEachRow(visit)
    }

    @discardableResult
    package func run(_ statement: BoundStatement) throws -> Int {
        var bound = try bound(statement)
        return try bound.run()
    }

    package func put(_ rows: [RawRow], into table: CoordinatorStoreRows.Table) throws {
        var statement = try RawStatement(database, Statements(table).put)
        for row in rows {
            row.encode(into: &statement, of: table)
            try statement.run()
        }
    }

    package func integrityFaults() throws -> [String] {
        let limit = 20
        return try rows(BoundStatement("PRAGMA integrity_check(\(limit))")) { $0.text() }.filter {
            $0 != "ok"
        }
    }

    /// SQLite would sort all jobs that ever ended.
    package static func hint(toUse index: String) -> String { " INDEXED BY \(index)" }

    /// Not from the cache: filters make texts of many shapes.
    private func bound(_ statement: BoundStatement) throws -> RawStatement {
        var bound = try RawStatement(database, statement.sql, isCached: false)
        for argument in statement.arguments {
            switch argument {
            case .integer(let value): bound.bind(value)
            case .text(let text): bound.bind(text)
            }
        }
        return bound
    }
}

/// Reads of the API, each on a connection of its own.
struct SQLiteReads: RowDatabase {
    let store: SQLiteStore

    var payloadChunks: PayloadChunks { store.payloadChunks }

    func read<Result: Sendable>(
        _ body: @Sendable @escaping (SQLiteConnection) throws -> Result
    ) async throws -> Result {
        let pool = store.pool
        return try await reportingFailures(doing: "read", on: store.path) {
            try await pool.read { try body(SQLiteConnection($0)) }
        }
    }
}
