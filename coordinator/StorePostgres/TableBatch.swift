import CoordinatorStoreRows
import PostgreSQL

/// Rows of one table as lists by column, for statements that put them all at once.
struct TableBatch {
    private let statements: TableStatements
    private var row: RowArrays
    private var executions: [Execution] = []

    /// What one statement carries at most; the server would take 1 GiB.
    private static let bytesLimit = 8 << 20

    init(_ statements: TableStatements) {
        self.statements = statements
        row = RowArrays(statements.elements)
    }

    static func puts<Record>(
        _ statements: TableStatements, _ records: [Record],
        _ encode: (Record, inout RowArrays) throws -> Void
    ) rethrows -> [Execution] {
        guard !records.isEmpty else { return [] }
        var batch = TableBatch(statements)
        for record in records { try batch.add { try encode(record, &$0) } }
        return batch.finish()
    }

    mutating func add(_ encode: (inout RowArrays) throws -> Void) rethrows {
        try encode(&row)
        row.endRow()
        if row.byteCount > Self.bytesLimit { flush() }
    }

    consuming func finish() -> [Execution] {
        flush()
        return executions
    }

    private mutating func flush() {
        guard row.count > 0 else { return }
        executions.append(Execution(statements.put, row.arrays.map { .array($0) }))
        row = RowArrays(statements.elements)
    }
}

/// Takes rows, and keeps them as one list for each column.
struct RowArrays: RowSink {
    private(set) var arrays: [ArrayParameter]
    private(set) var count = 0
    private(set) var byteCount = 0
    private var column = 0

    init(_ elements: [ArrayParameter.Element]) { arrays = elements.map { ArrayParameter($0) } }

    mutating func bind(_ value: Int64?) {
        arrays[column].append(value)
        byteCount += 12
        column += 1
    }

    mutating func bind(_ text: String?) {
        arrays[column].append(text.map(StoredText.encode))
        byteCount += 4 + (text?.utf8.count ?? 0)
        column += 1
    }

    mutating func bind(_ flag: Bool) {
        arrays[column].append(flag)
        byteCount += 5
        column += 1
    }

    mutating func bind(_ bytes: [UInt8]) {
        arrays[column].append(bytes)
        byteCount += 4 + bytes.count
        column += 1
    }

    mutating func endRow() {
        precondition(column == arrays.count, "a row of \(column) columns for a table of \(arrays.count)")
        column = 0
        count += 1
    }
}

/// The statements made of a table's columns, and what their parameters are.
struct TableStatements {
    /// Puts whole rows, given as lists by column, in the place of those with the same keys.
    let put: Statement
    let elements: [ArrayParameter.Element]

    private init(name: String, key: [String], columns: [String]) {
        let names = columns.map(Table.quoted).joined(separator: ", ")
        let kinds = columns.map(Table.kind)
        let lists = kinds.enumerated().map { "$\($0 + 1)::\(Self.type(of: $1))[]" }.joined(separator: ", ")
        let values = zip(columns, kinds).map { Table.quoted($0) + ($1 == .json ? "::json" : "") }
        let update = columns.filter { !key.contains($0) }.map {
            "\(Table.quoted($0)) = excluded.\(Table.quoted($0))"
        }
        let conflict =
            key.isEmpty
            ? ""
            : "ON CONFLICT (\(key.joined(separator: ", "))) DO "
                + (update.isEmpty ? "NOTHING" : "UPDATE SET \(update.joined(separator: ", "))")
        put = Statement(
            "put_\(name)\(key.isEmpty ? "_new" : "")",
            """
            INSERT INTO \(name) (\(names)) OVERRIDING SYSTEM VALUE SELECT \(values.joined(separator: ", "))
            FROM unnest(\(lists)) AS given (\(names)) \(conflict)
            """)
        elements = kinds.map { kind in
            switch kind {
            case .integer: .integer
            case .text, .json: .text
            case .boolean: .boolean
            case .bytes: .bytes
            }
        }
    }

    init(_ table: Table) { self.init(name: table.name, key: table.key, columns: table.columns) }

    private static func type(of kind: Table.Kind) -> String {
        switch kind {
        case .integer: "bigint"
        case .text, .json: "text"
        case .boolean: "boolean"
        case .bytes: "bytea"
        }
    }

    static let meta = TableStatements(.meta)
    static let node = TableStatements(.node)
    static let job = TableStatements(.job)
    static let slot = TableStatements(.slot)
    static let task = TableStatements(.task)
    static let taskInput = TableStatements(.taskInput)
    static let history = TableStatements(.history)
    static let usage = TableStatements(.usage)
    static let token = TableStatements(.token)
    static let virtualCluster = TableStatements(.virtualCluster)
    static let pool = TableStatements(.pool)
    static let launch = TableStatements(.launch)
    static let fairShare = TableStatements(.fairShare)
    /// The table numbers its rows itself.
    static let event = TableStatements(
        name: "event", key: [], columns: ["at", "subject", "subject_number", "message"])
}
