/// A value as it stands in a table, the same from every database.
package enum RawValue: Hashable, Sendable {
    case null, integer(Int64), text(String), boolean(Bool), bytes([UInt8])
}

/// A row with the columns of its table, in their order.
package struct RawRow: Hashable, Sendable {
    package let values: [RawValue]

    package init(_ values: [RawValue]) { self.values = values }

    fileprivate init(_ columns: inout some ColumnReader, of table: Table) {
        values = table.columns.map { column in
            switch Table.kind(of: column) {
            case .integer: columns.optionalInteger().map { .integer($0) } ?? .null
            case .text, .json: columns.optionalText().map { .text($0) } ?? .null
            case .boolean: .boolean(columns.boolean())
            case .bytes: .bytes(columns.bytes())
            }
        }
    }

    package func encode(into sink: inout some RowSink, of table: Table) {
        for (column, value) in zip(table.columns, values) {
            switch value {
            case .null where Table.kind(of: column) == .integer: sink.bind(nil as Int64?)
            case .null: sink.bind(nil as String?)
            case .integer(let number): sink.bind(number as Int64?)
            case .text(let text): sink.bind(text)
            case .boolean(let flag): sink.bind(flag)
            case .bytes(let bytes): sink.bind(bytes)
            }
        }
    }

    /// For messages: `job 7, task_index 12`.
    package func keyText(in table: Table) -> String {
        zip(table.key, values).map { column, value in
            switch value {
            case .integer(let number): "\(column) \(number)"
            case .text(let text): "\(column) \(text)"
            default: column
            }
        }.joined(separator: ", ")
    }
}

/// Reads a row that is here already.
struct RawRowReader: ColumnReader {
    private let table: Table
    private let values: [RawValue]
    private var position = 0

    init(_ row: RawRow, of table: Table) {
        self.table = table
        values = row.values
    }

    private mutating func next() -> RawValue {
        defer { position += 1 }
        return position < values.count ? values[position] : .null
    }

    mutating func optionalInteger() -> Int64? {
        if case .integer(let number) = next() { number } else { nil }
    }
    mutating func optionalText() -> String? { if case .text(let text) = next() { text } else { nil } }
    mutating func bytes() -> [UInt8] { if case .bytes(let bytes) = next() { bytes } else { [] } }
    mutating func boolean() -> Bool { if case .boolean(let flag) = next() { flag } else { false } }

    var lastColumn: String {
        table.columns.indices.contains(position - 1) ? table.columns[position - 1] : "\(position)"
    }
}

extension RowConnection {
    /// Visits all rows of a table by their keys, some at a time: together they may not fit into memory.
    package func forEachPage(of table: Table, _ visit: ([RawRow]) throws -> Void) throws {
        var last: RawRow?
        repeat {
            let page = try page(of: table, after: last)
            if !page.isEmpty { try visit(page) }
            last = page.count == table.rowsPerPage ? page.last : nil
        } while last != nil
    }

    /// In the order of the keys; fewer than `Table.rowsPerPage` are the last ones.
    package func page(of table: Table, after last: RawRow?) throws -> [RawRow] {
        var query = table.select
        var arguments: [BoundStatement.Argument] = []
        let keys = table.key.map(Table.quoted).joined(separator: ", ")
        if let last {
            for value in last.values.prefix(table.key.count) {
                switch value {
                case .integer(let number): arguments.append(.integer(number))
                case .text(let text): arguments.append(.text(text))
                case .null, .boolean, .bytes: preconditionFailure("no key")
                }
            }
            let marks = table.key.map { _ in "?" }.joined(separator: ", ")
            query += " WHERE (\(keys)) > (\(marks))"
        }
        let statement = BoundStatement("\(query) ORDER BY \(keys) LIMIT \(table.rowsPerPage)", arguments)
        return try rows(statement) { RawRow(&$0, of: table) }
    }
}

extension Table {
    /// Some megabytes: rows with blocks of bytes or payloads have up to one or more.
    fileprivate var rowsPerPage: Int { columns.contains("block") || columns.contains("payloads") ? 8 : 4_000 }
}
