package import CoordinatorStoreRows
import PostgreSQL

/// Reads and changes rows. A result is here as a whole before its first row is visited.
package struct PostgresConnection: RowConnection {
    private let connection: Connection

    init(_ connection: Connection) { self.connection = connection }

    package func forEachRow(_ statement: BoundStatement, _ visit: (inout Columns) throws -> Bool) throws {
        let result = try execute(statement)
        for row in 0..<result.rowCount {
            var columns = Columns(result, row: row)
            guard try visit(&columns) else { return }
        }
    }

    @discardableResult
    package func run(_ statement: BoundStatement) throws -> Int {
        try execute(statement).affectedRows
    }

    package func put(_ rows: [RawRow], into table: Table) throws {
        var executions = TableBatch.puts(TableStatements(table), rows) { $0.encode(into: &$1, of: table) }
        if table.name == Table.event.name {
            // The table numbers its rows itself, from the last one on.
            executions.append(
                Execution(
                    Statement(
                        "SELECT setval(pg_get_serial_sequence('event', 'event'), max(event)) FROM event")))
        }
        try connection.execute(executions)
    }

    private func execute(_ statement: BoundStatement) throws -> QueryResult {
        let execution = statement.execution
        return try connection.execute(execution.statement, execution.parameters)
    }
}

extension BoundStatement {
    var execution: Execution {
        let parameters = arguments.map { argument -> Parameter in
            switch argument {
            case .integer(let value): .integer(value)
            case .text(let text): .text(StoredText.encode(text))
            }
        }
        return Execution(Statement(numberedSQL), parameters)
    }
}

/// Reads of the API, each on a connection of its own.
struct PostgresReads: RowDatabase {
    let store: PostgresStore

    var payloadChunks: PayloadChunks { store.payloadChunks }

    func read<Result: Sendable>(
        _ body: @Sendable @escaping (PostgresConnection) throws -> Result
    ) async throws -> Result {
        do {
            return try await store.readers.read { try body(PostgresConnection($0)) }
        } catch {
            throw storeError(error, doing: "read", on: store.address)
        }
    }
}
