import CoordinatorStoreRows
import PostgreSQL

/// The columns of one row of a result.
package struct Columns: ColumnReader {
    private let result: QueryResult
    private let row: Int
    private var position = 0

    init(_ result: QueryResult, row: Int) {
        self.result = result
        self.row = row
    }

    package mutating func optionalInteger() -> Int64? {
        defer { position += 1 }
        return result.integer(row, position)
    }

    package mutating func optionalText() -> String? {
        defer { position += 1 }
        return result.text(row, position).map(StoredText.decode)
    }

    package mutating func bytes() -> [UInt8] {
        defer { position += 1 }
        return result.bytes(row, position) ?? []
    }

    package mutating func boolean() -> Bool {
        defer { position += 1 }
        return result.boolean(row, position) ?? false
    }

    package var lastColumn: String { result.columnName(position - 1) }
}

extension QueryResult {
    func rows<Row>(_ decode: (inout Columns) throws -> Row) throws -> [Row] {
        try (0..<rowCount).map { row in
            var columns = Columns(self, row: row)
            return try decode(&columns)
        }
    }
}
