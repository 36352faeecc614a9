import CoordinatorStoreRows

/// The statements made of a table's columns. Every one that writes numbers its parameters in their order.
struct Statements {
    /// Puts a whole row in the place of the one with the same key.
    let put: String

    /// Changes the row of this key if it is there with the same indexed columns, and nothing else: a row that
    /// only counts on leaves its indexes' pages alone. nil where no index would be spared.
    let update: String?

    init(_ table: Table) {
        let (name, key, all, indexed) = (table.name, table.key, table.columns, table.indexed)
        let columns = all.dropFirst(key.count)
        let numbered = all.enumerated().map { (column: $1, parameter: "?\($0 + 1)") }
        put = """
            INSERT INTO \(name) (\(all.joined(separator: ", ")))
            VALUES (\(numbered.map(\.parameter).joined(separator: ", ")))
            ON CONFLICT (\(key.joined(separator: ", "))) DO
            \(columns.isEmpty ? "NOTHING" : "UPDATE SET ")
            \(columns.map { "\($0) = excluded.\($0)" }.joined(separator: ", "))
            """
        let kept = Set(key + indexed)
        let assignments = numbered.filter { !kept.contains($0.column) }.map {
            "\($0.column) = \($0.parameter)"
        }
        let conditions = numbered.filter { kept.contains($0.column) }.map {
            "\($0.column) IS \($0.parameter)"
        }
        update =
            indexed.isEmpty
            ? nil
            : """
            UPDATE \(name) SET \(assignments.joined(separator: ", "))
            WHERE \(conditions.joined(separator: " AND "))
            """
    }

    static let meta = Statements(.meta)
    static let node = Statements(.node)
    static let job = Statements(.job)
    static let slot = Statements(.slot)
    static let task = Statements(.task)
    static let taskInput = Statements(.taskInput)
    static let history = Statements(.history)
    static let usage = Statements(.usage)
    static let token = Statements(.token)
    static let virtualCluster = Statements(.virtualCluster)
    static let pool = Statements(.pool)
    static let launch = Statements(.launch)
    static let fairShare = Statements(.fairShare)
}
