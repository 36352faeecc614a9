/// A statement that a connection prepares under its name the first time it is used; the name stands for this text on
/// every connection.
package struct Statement: Sendable, Hashable {
    package let name: String
    package let sql: String

    /// - Parameter name: empty for a text of which there are too many to keep: it is prepared at each use.
    package init(_ name: String, _ sql: String) {
        self.name = name
        self.sql = sql
    }

    package init(_ sql: String) { self.init("", sql) }
}

/// One use of a statement.
package struct Execution: Sendable {
    package let statement: Statement
    package let parameters: [Parameter]

    package init(_ statement: Statement, _ parameters: [Parameter] = []) {
        self.statement = statement
        self.parameters = parameters
    }
}
