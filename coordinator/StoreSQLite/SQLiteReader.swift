import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import CoordinatorStoreRows
import GRDB

/// Reads of the API, each on a connection of its own, beside the commits and beside each other.
struct SQLiteReader: StoreReader {
    let store: SQLiteStore

    func revision() async throws -> UInt64 {
        try await read { try RowWriter.numbers(in: $0).revision }
    }

    func jobs(_ filter: JobFilter) async throws -> [Stored<JobRecord>] {
        var query = Query(Statements.job.select)
        query.require("state", isOneOf: filter.states?.map(\.rawValue))
        query.require("app = ?", filter.app)
        query.require("name = ?", filter.name)
        query.require("job < ?", filter.before)
        return try await list(query, order: "job DESC", filter.limit) { try $0.job(&$1) }
    }

    func job(_ job: JobID) async throws -> Stored<JobRecord>? {
        try await one(Statements.job.select + " WHERE job = ?", job) { try $0.job(&$1) }
    }

    func tasks(_ job: JobID, _ filter: TaskFilter) async throws -> [TaskRecord] {
        var query = Query(Statements.task.select)
        query.require("job = ?", job)
        query.require("task_index >= ?", .integer(Int64(filter.first)))
        query.require("task_index <= ?", .integer(Int64(filter.last)))
        query.require("state", isOneOf: filter.states?.map(\.rawValue))
        return try await list(query, order: "task_index", filter.limit) { try $0.task(&$1) }
    }

    func payload(_ job: JobID, at position: TaskIndex) async throws -> String? {
        let chunks = store.payloadChunks
        return try await read { try chunks.payloads(job, at: [position], in: $0).first ?? nil }
    }

    func slots(_ filter: SlotFilter) async throws -> [SlotRecord] {
        var query = Query(Statements.slot.select)
        query.require("job = ?", filter.job)
        query.require("node = ?", filter.node)
        query.require("state", isOneOf: filter.states?.map(\.rawValue))
        if let states = filter.states, !states.contains(where: \.isEnded) {
            query.require(Schema.isOpenSlot)
        }
        query.require("slot > ?", filter.after)
        return try await list(query, order: "slot", filter.limit) { try $0.slot(&$1) }
    }

    func slot(_ slot: SlotID) async throws -> SlotRecord? {
        try await one(Statements.slot.select + " WHERE slot = ?", slot) { try $0.slot(&$1) }
    }

    func nodes(includingReleased: Bool) async throws -> [NodeRecord] {
        var query = Query(Statements.node.select)
        if !includingReleased { query.require("state <> ?", "released") }
        return try await list(query, order: "node", .max) { try $0.node(&$1) }
    }

    func nodes(named name: String) async throws -> [NodeRecord] {
        var query = Query(Statements.node.select)
        query.require("name = ?", name)
        query.require("state <> ?", "released")
        return try await list(query, order: "node", .max) { try $0.node(&$1) }
    }

    func node(_ node: NodeID) async throws -> NodeRecord? {
        try await one(Statements.node.select + " WHERE node = ?", node) { try $0.node(&$1) }
    }

    func tokens() async throws -> [TokenRecord] {
        try await list(Query(Statements.token.select), order: "token", .max) { try $0.token(&$1) }
    }

    func token(secretHash: String) async throws -> TokenRecord? {
        var query = Query(Statements.token.select)
        query.require("secret_hash = ?", secretHash)
        query.require("is_revoked = ?", .integer(0))
        return try await list(query, order: "token", 1) { try $0.token(&$1) }.first
    }

    func events(_ subject: EventRecord.Subject?, limit: Int) async throws -> [EventRecord] {
        var query = Query("SELECT at, subject, subject_number, message FROM event")
        if let subject {
            query.require("subject = ?", subject.word)
            query.require("subject_number IS ?", subject.number.map(Query.Argument.integer) ?? .null)
        }
        return try await list(query, order: "event DESC", limit) { try $0.event(&$1) }
    }

    func readHistory(
        _ resolution: HistoryRecord.Resolution, in range: ClosedRange<Instant>,
        _ visit: @escaping @Sendable (HistoryRecord) throws -> Void
    ) async throws {
        var query = Query(Statements.history.select)
        query.require("resolution = ?", resolution.rawValue)
        query.require("from_at <= ?", .integer(range.upperBound.microseconds))
        query.require("through_at >= ?", .integer(range.lowerBound.microseconds))
        try await read { [query] database in
            var statement = try query.statement(database, order: "from_at", limit: .max)
            let reader = RowReader()
            try statement.forEachRow { columns in
                try visit(try reader.history(&columns))
                return true
            }
        }
    }

    func usage(_ filter: UsageFilter) async throws -> [UsageRecord] {
        let job = filter.isByUser ? "0" : "job"
        // Sums of what nobody has changed by hand stay far below 2^63.
        var query = Query(
            """
            SELECT min(from_at), \(job), resource, user, sum(booked_microseconds), sum(idle_microseconds),
                sum(unknown_microseconds), sum(used_microseconds), sum(memory_booked_mib_seconds),
                sum(memory_used_mib_seconds) FROM usage
            """)
        query.require("from_at >= ?", .integer(filter.range.lowerBound.microseconds))
        query.require("from_at <= ?", .integer(filter.range.upperBound.microseconds))
        query.require("job = ?", filter.job)
        query.require("user = ?", filter.user)
        query.group = filter.isByUser ? "user, resource" : "job, user, resource"
        return try await list(query, order: "5 DESC, 2, resource, user", filter.limit) { try $0.usage(&$1) }
    }
}

extension SQLiteReader {
    private func read<Result: Sendable>(_ body: @Sendable @escaping (Database) throws -> Result) async throws
        -> Result
    {
        let pool = store.pool
        return try await reportingFailures(doing: "read", on: store.path) { try await pool.read(body) }
    }

    private func one<Record: Sendable>(
        _ sql: String, _ number: some Identifier,
        _ decode: @Sendable @escaping (RowReader, inout Columns) throws -> Record
    ) async throws -> Record? {
        try await read { database in
            var statement = try RawStatement(database, sql)
            statement.bind(number)
            return try statement.firstRow { try decode(RowReader(), &$0) }
        }
    }

    private func list<Record: Sendable>(
        _ query: Query, order: String, _ limit: Int,
        _ decode: @Sendable @escaping (RowReader, inout Columns) throws -> Record
    ) async throws -> [Record] {
        try await read { database in
            let reader = RowReader()
            var statement = try query.statement(database, order: order, limit: limit)
            return try statement.rows { try decode(reader, &$0) }
        }
    }
}

/// A SELECT with the conditions of a filter.
private struct Query: Sendable {
    enum Argument: Sendable {
        case integer(Int64), text(String), null
    }

    private let select: String
    private var conditions: [String] = []
    private var arguments: [Argument] = []
    /// Columns of which each set of values becomes one row.
    var group: String?

    init(_ select: String) { self.select = select }

    mutating func require(_ condition: String) { conditions.append(condition) }

    mutating func require(_ condition: String, _ argument: Argument) {
        conditions.append(condition)
        arguments.append(argument)
    }

    mutating func require(_ condition: String, _ text: String?) {
        if let text { require(condition, .text(text)) }
    }

    /// Numbers beyond those that a database holds stand for the largest.
    mutating func require(_ condition: String, _ number: (some Identifier)?) {
        if let number { require(condition, .integer(Int64(clamping: number.rawValue))) }
    }

    /// - Parameter words: of an enumeration of ours; nil for all.
    mutating func require(_ column: String, isOneOf words: [String]?) {
        guard let words else { return }
        conditions.append("\(column) IN (\(words.map { "'\($0)'" }.joined(separator: ", ")))")
    }

    func statement(_ database: Database, order: String, limit: Int) throws -> RawStatement {
        let condition = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        var statement = try RawStatement(
            database,
            "\(select)\(condition)\(group.map { " GROUP BY " + $0 } ?? "") ORDER BY \(order) LIMIT ?",
            isCached: false)
        for argument in arguments {
            switch argument {
            case .integer(let value): statement.bind(value)
            case .text(let text): statement.bind(text)
            case .null: statement.bindNull()
            }
        }
        statement.bind(Int64(max(0, limit)))
        return statement
    }
}
