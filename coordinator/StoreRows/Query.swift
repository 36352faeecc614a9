package import ClusterTypes

/// A statement with its values, for any database that holds the tables.
package struct BoundStatement: Hashable, Sendable {
    package enum Argument: Hashable, Sendable {
        case integer(Int64), text(String)
    }

    /// With a `?` for each value, in their order, and no other one.
    package let sql: String
    package let arguments: [Argument]

    package init(_ sql: String, _ arguments: [Argument] = []) {
        self.sql = sql
        self.arguments = arguments
    }

    /// With `$1`, `$2` … in the places of the values.
    package var numberedSQL: String {
        let parts = sql.split(separator: "?", omittingEmptySubsequences: false)
        return parts.dropFirst().enumerated().reduce(into: String(parts[0])) { text, part in
            text += "$\(part.offset + 1)\(part.element)"
        }
    }
}

extension BoundStatement.Argument {
    /// Numbers beyond those that a database holds stand for the largest.
    package static func number(_ number: some Identifier) -> Self {
        .integer(Int64(clamping: number.rawValue))
    }

    package static func instant(_ instant: Instant) -> Self { .integer(instant.microseconds) }
}

/// A SELECT with the conditions of a filter.
package struct Query: Sendable {
    private let select: String
    private var conditions: [String] = []
    private var arguments: [BoundStatement.Argument] = []
    /// Columns of which each set of values becomes one row.
    package var group: String?

    package init(_ select: String) { self.select = select }

    /// All columns of a table.
    package init(_ table: Table) { self.init(table.select) }

    package mutating func require(_ condition: String) { conditions.append(condition) }

    /// - Parameter condition: with one `?` for the value.
    package mutating func require(_ condition: String, _ argument: BoundStatement.Argument) {
        conditions.append(condition)
        arguments.append(argument)
    }

    package mutating func require(_ condition: String, _ text: String?) {
        if let text { require(condition, .text(text)) }
    }

    package mutating func require(_ condition: String, _ number: (some Identifier)?) {
        if let number { require(condition, .number(number)) }
    }

    /// - Parameter words: of an enumeration of ours; nil for all.
    package mutating func require(_ column: String, isOneOf words: [String]?) {
        guard let words else { return }
        let list = words.map { "'\($0)'" }.joined(separator: ", ")
        require(words.isEmpty ? "false" : "\(column) IN (\(list))")
    }

    /// - Parameter limit: nil for all rows.
    package func statement(order: String? = nil, limit: Int? = nil) -> BoundStatement {
        var sql = select
        if !conditions.isEmpty { sql += " WHERE " + conditions.joined(separator: " AND ") }
        if let group { sql += " GROUP BY " + group }
        if let order { sql += " ORDER BY " + order }
        guard let limit else { return BoundStatement(sql, arguments) }
        return BoundStatement(sql + " LIMIT ?", arguments + [.integer(Int64(max(0, limit)))])
    }
}
