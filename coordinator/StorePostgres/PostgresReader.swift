import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import CoordinatorStoreRows
import PostgreSQL

/// Reads of the API, beside the commits and beside each other.
struct PostgresReader: StoreReader {
    let store: PostgresStore

    func revision() async throws -> UInt64 {
        try await read { connection in
            let result = try connection.execute(
                Statement("revision", "SELECT value FROM meta WHERE name = 'revision'"))
            return UInt64(bitPattern: result.rowCount == 0 ? 0 : result.integer(0, 0) ?? 0)
        }
    }

    func jobs(_ filter: JobFilter) async throws -> [Stored<JobRecord>] {
        var query = Query(TableStatements.job.select)
        query.require("state", isOneOf: filter.states?.map(\.rawValue))
        query.require("app = ?", filter.app)
        query.require("name = ?", filter.name)
        query.require("job < ?", filter.before)
        return try await list(query, order: "job DESC", filter.limit) { try $0.job(&$1) }
    }

    func job(_ job: JobID) async throws -> Stored<JobRecord>? {
        try await one(TableStatements.job.select + " WHERE job = $1", job) { try $0.job(&$1) }
    }

    func tasks(_ job: JobID, _ filter: TaskFilter) async throws -> [TaskRecord] {
        var query = Query(TableStatements.task.select)
        query.require("job = ?", job)
        query.require("task_index >= ?", .integer(Int64(filter.first)))
        query.require("task_index <= ?", .integer(Int64(filter.last)))
        query.require("state", isOneOf: filter.states?.map(\.rawValue))
        return try await list(query, order: "task_index", filter.limit) { try $0.task(&$1) }
    }

    func payload(_ job: JobID, at position: TaskIndex) async throws -> String? {
        let chunks = store.payloadChunks
        return try await read { try chunks.payloads(job, at: [position], on: $0).first ?? nil }
    }

    func slots(_ filter: SlotFilter) async throws -> [SlotRecord] {
        var query = Query(TableStatements.slot.select)
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
        try await one(TableStatements.slot.select + " WHERE slot = $1", slot) { try $0.slot(&$1) }
    }

    func nodes(includingReleased: Bool) async throws -> [NodeRecord] {
        var query = Query(TableStatements.node.select)
        if !includingReleased { query.require("state <> ?", "released") }
        return try await list(query, order: "node", .max) { try $0.node(&$1) }
    }

    func nodes(named name: String) async throws -> [NodeRecord] {
        var query = Query(TableStatements.node.select)
        query.require("name = ?", name)
        query.require("state <> ?", "released")
        return try await list(query, order: "node", .max) { try $0.node(&$1) }
    }

    func node(_ node: NodeID) async throws -> NodeRecord? {
        try await one(TableStatements.node.select + " WHERE node = $1", node) { try $0.node(&$1) }
    }

    func tokens() async throws -> [TokenRecord] {
        try await list(Query(TableStatements.token.select), order: "token", .max) { try $0.token(&$1) }
    }

    func token(secretHash: String) async throws -> TokenRecord? {
        var query = Query(TableStatements.token.select)
        query.require("secret_hash = ?", secretHash)
        query.require("NOT is_revoked")
        return try await list(query, order: "token", 1) { try $0.token(&$1) }.first
    }

    func events(_ subject: EventRecord.Subject?, limit: Int) async throws -> [EventRecord] {
        var query = Query("SELECT at, subject, subject_number, message FROM event")
        if let subject {
            query.require("subject = ?", subject.word)
            if let number = subject.number {
                query.require("subject_number = ?", .integer(number))
            } else {
                query.require("subject_number IS NULL")
            }
        }
        return try await list(query, order: "event DESC", limit) { try $0.event(&$1) }
    }

    func readHistory(
        _ resolution: HistoryRecord.Resolution, in range: ClosedRange<Instant>,
        _ visit: @escaping @Sendable (HistoryRecord) throws -> Void
    ) async throws {
        let statement = Statement(
            "history_next",
            TableStatements.history.select
                + """
                 WHERE resolution = $1 AND from_at <= $2 AND through_at >= $3 AND from_at > $4
                 ORDER BY from_at LIMIT 1
                """)
        let address = store.address
        try await read { connection in
            var last = Int64.min
            let rows = RowReader()
            do {
                try connection.inReadTransaction {
                    while true {
                        let found = try connection.execute(
                            statement,
                            [
                                .text(resolution.rawValue), .integer(range.upperBound.microseconds),
                                .integer(range.lowerBound.microseconds), .integer(last),
                            ])
                        guard let record = try found.rows(rows.history).first else { break }
                        last = record.from.microseconds
                        try visit(record)
                    }
                }
            } catch let error as PostgresError where last > .min {
                // What was visited is not visited again.
                throw storeError(error, doing: "read", on: address)
            }
        }
    }

    func usage(_ filter: UsageFilter) async throws -> [UsageRecord] {
        let job = filter.isByUser ? "0::bigint" : "job"
        // Sums of what nobody has changed by hand stay far below 2^63.
        let sums = Table.usage.columns.suffix(6).map { "sum(\($0))::bigint" }.joined(separator: ", ")
        var query = Query(
            """
            SELECT min(from_at), \(job), resource, "user", \(sums) FROM usage
            """)
        query.require("from_at >= ?", .integer(filter.range.lowerBound.microseconds))
        query.require("from_at <= ?", .integer(filter.range.upperBound.microseconds))
        query.require("job = ?", filter.job)
        query.require("\"user\" = ?", filter.user)
        query.group = filter.isByUser ? "\"user\", resource" : "job, \"user\", resource"
        return try await list(query, order: "5 DESC, 2, resource, \"user\"", filter.limit) {
            try $0.usage(&$1)
        }
    }
}

extension PostgresReader {
    private func read<Result: Sendable>(
        _ body: @escaping @Sendable (Connection) throws -> Result
    ) async throws -> Result {
        do {
            return try await store.readers.read(body)
        } catch {
            throw storeError(error, doing: "read", on: store.address)
        }
    }

    private func one<Record: Sendable>(
        _ sql: String, _ number: some Identifier,
        _ decode: @Sendable @escaping (RowReader, inout Columns) throws -> Record
    ) async throws -> Record? {
        let value = Int64(bitPattern: number.rawValue)
        return try await read { connection in
            let reader = RowReader()
            return try connection.execute(Statement(sql), [.integer(value)])
                .rows { try decode(reader, &$0) }.first
        }
    }

    private func list<Record: Sendable>(
        _ query: Query, order: String, _ limit: Int,
        _ decode: @Sendable @escaping (RowReader, inout Columns) throws -> Record
    ) async throws -> [Record] {
        try await read { connection in
            let reader = RowReader()
            let execution = query.execution(order: order, limit: limit)
            return try connection.execute(execution.statement, execution.parameters)
                .rows { try decode(reader, &$0) }
        }
    }
}

/// A SELECT with the conditions of a filter.
private struct Query: Sendable {
    private let select: String
    private var conditions: [String] = []
    private var parameters: [Parameter] = []
    /// Columns of which each set of values becomes one row.
    var group: String?

    init(_ select: String) { self.select = select }

    mutating func require(_ condition: String) { conditions.append(condition) }

    /// - Parameter condition: with one `?` for the value.
    mutating func require(_ condition: String, _ parameter: Parameter) {
        parameters.append(parameter)
        conditions.append(condition.replacing("?", with: "$\(parameters.count)"))
    }

    mutating func require(_ condition: String, _ text: String?) {
        if let text { require(condition, .text(StoredText.encode(text))) }
    }

    /// Numbers beyond those that a database holds stand for the largest.
    mutating func require(_ condition: String, _ number: (some Identifier)?) {
        if let number { require(condition, .integer(Int64(clamping: number.rawValue))) }
    }

    /// - Parameter words: of an enumeration of ours; nil for all.
    mutating func require(_ column: String, isOneOf words: [String]?) {
        guard let words else { return }
        let list = words.map { "'\($0)'" }.joined(separator: ", ")
        conditions.append(words.isEmpty ? "false" : "\(column) IN (\(list))")
    }

    func execution(order: String, limit: Int) -> Execution {
        let condition = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        let group = group.map { " GROUP BY " + $0 } ?? ""
        let statement = Statement(
            "\(select)\(condition)\(group) ORDER BY \(order) LIMIT $\(parameters.count + 1)")
        return Execution(statement, parameters + [.integer(Int64(max(0, limit)))])
    }
}
