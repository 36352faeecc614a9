/// One connection to a database that holds the tables.
package protocol RowConnection {
    associatedtype Row: ColumnReader

    /// Visits the rows of the result in their order, until it is told false.
    func forEachRow(_ statement: BoundStatement, _ visit: (inout Row) throws -> Bool) throws

    /// Performs a statement without a result.
    /// - Returns: how many rows it has changed.
    @discardableResult func run(_ statement: BoundStatement) throws -> Int

    /// Puts rows in the place of those with the same keys.
    func put(_ rows: [RawRow], into table: Table) throws

    /// What the database itself finds wrong, a sentence each.
    func integrityFaults() throws -> [String]

    /// What stands behind a table's name where its rows shall be found by this index.
    static func hint(toUse index: String) -> String
}

extension RowConnection {
    package func integrityFaults() throws -> [String] { [] }
    package static func hint(toUse index: String) -> String { "" }

    package func rows<Record>(
        _ statement: BoundStatement, _ decode: (inout Row) throws -> Record
    ) throws -> [Record] {
        var records: [Record] = []
        try forEachRow(statement) { columns in
            records.append(try decode(&columns))
            return true
        }
        return records
    }

    /// Of the first row; nil where there is none.
    package func first<Record>(
        _ statement: BoundStatement, _ decode: (inout Row) throws -> Record
    ) throws -> Record? {
        var record: Record?
        try forEachRow(statement) { columns in
            record = try decode(&columns)
            return false
        }
        return record
    }
}

/// A database that holds the tables, read beside the commits.
package protocol RowDatabase: Sendable {
    associatedtype Connection: RowConnection

    /// Each statement of `body` sees one committed state. It may be performed again from its beginning.
    /// - Throws: `StoreError`.
    func read<Result: Sendable>(
        _ body: @Sendable @escaping (Connection) throws -> Result
    ) async throws -> Result

    var payloadChunks: PayloadChunks { get }
}
