package import ClusterTypes
package import CoordinatorCore
package import CoordinatorStore

/// The reads of the API, from any database that holds the tables.
package struct RecordReader<Database: RowDatabase>: StoreReader {
    private let database: Database

    package init(_ database: Database) { self.database = database }

    package func revision() async throws -> UInt64 {
        try await database.read { try Numbers(on: $0).revision }
    }

    package func jobs(_ filter: JobFilter) async throws -> [Stored<JobRecord>] {
        var query = Query(.job)
        query.require("state", isOneOf: filter.states?.map(\.rawValue))
        query.require("app = ?", filter.app)
        query.require("name = ?", filter.name)
        query.require("job < ?", filter.before)
        return try await list(query, order: "job DESC", filter.limit) { try $0.job(&$1) }
    }

    package func job(_ job: JobID) async throws -> Stored<JobRecord>? {
        try await one(.job, job) { try $0.job(&$1) }
    }

    package func tasks(_ job: JobID, _ filter: TaskFilter) async throws -> [TaskRecord] {
        var query = Query(.task)
        query.require("job = ?", job)
        query.require("task_index >= ?", .integer(Int64(filter.first)))
        query.require("task_index <= ?", .integer(Int64(filter.last)))
        query.require("state", isOneOf: filter.states?.map(\.rawValue))
        return try await list(query, order: "task_index", filter.limit) { try $0.task(&$1) }
    }

    package func payload(_ job: JobID, at position: TaskIndex) async throws -> String? {
        let chunks = database.payloadChunks
        return try await database.read { try chunks.payloads(job, at: [position], on: $0).first ?? nil }
    }

    package func slots(_ filter: SlotFilter) async throws -> [SlotRecord] {
        var query = Query(.slot)
        query.require("job = ?", filter.job)
        query.require("node = ?", filter.node)
        query.require("state", isOneOf: filter.states?.map(\.rawValue))
        if let states = filter.states, !states.contains(where: \.isEnded) {
            query.require(Table.isOpenSlot)
        }
        query.require("slot > ?", filter.after)
        return try await list(query, order: "slot", filter.limit) { try $0.slot(&$1) }
    }

    package func slot(_ slot: SlotID) async throws -> SlotRecord? {
        try await one(.slot, slot) { try $0.slot(&$1) }
    }

    package func nodes(includingReleased: Bool) async throws -> [NodeRecord] {
        var query = Query(.node)
        if !includingReleased { query.require("state <> ?", "released") }
        return try await list(query, order: "node") { try $0.node(&$1) }
    }

    package func nodes(named name: String) async throws -> [NodeRecord] {
        var query = Query(.node)
        query.require("name = ?", name)
        query.require("state <> ?", "released")
        return try await list(query, order: "node") { try $0.node(&$1) }
    }

    package func node(_ node: NodeID) async throws -> NodeRecord? {
        try await one(.node, node) { try $0.node(&$1) }
    }

    package func tokens() async throws -> [TokenRecord] {
        try await list(Query(.token), order: "token") { try $0.token(&$1) }
    }

    package func token(secretHash: String) async throws -> TokenRecord? {
        var query = Query(.token)
        query.require("secret_hash = ?", secretHash)
        query.require("NOT is_revoked")
        return try await list(query, order: "token", 1) { try $0.token(&$1) }.first
    }

    package func events(_ subject: EventRecord.Subject?, limit: Int) async throws -> [EventRecord] {
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

    /// One block of one committed state after the other.
    package func readHistory(
        _ resolution: HistoryRecord.Resolution, in range: ClosedRange<Instant>,
        _ visit: @escaping @Sendable (HistoryRecord) throws -> Void
    ) async throws {
        var last = Int64.min
        while true {
            var query = Query(.history)
            query.require("resolution = ?", resolution.rawValue)
            query.require("from_at > ?", .integer(last))
            query.require("from_at <= ?", .instant(range.upperBound))
            query.require("through_at >= ?", .instant(range.lowerBound))
            guard let block = try await list(query, order: "from_at", 1, { try $0.history(&$1) }).first else {
                return
            }
            last = block.from.microseconds
            try visit(block)
        }
    }

    package func usage(_ filter: UsageFilter) async throws -> [UsageRecord] {
        let job = filter.isByUser ? "CAST(0 AS bigint)" : "job"
        // Sums of what nobody has changed by hand stay far below 2^63.
        let sums = Table.usage.columns.suffix(6).map { "CAST(sum(\($0)) AS bigint)" }
        var query = Query(
            "SELECT min(from_at), \(job), resource, \"user\", \(sums.joined(separator: ", ")) FROM usage")
        query.require("from_at >= ?", .instant(filter.range.lowerBound))
        query.require("from_at <= ?", .instant(filter.range.upperBound))
        query.require("job = ?", filter.job)
        query.require("\"user\" = ?", filter.user)
        query.group = filter.isByUser ? "\"user\", resource" : "job, \"user\", resource"
        return try await list(query, order: "5 DESC, 2, resource, \"user\"", filter.limit) {
            try $0.usage(&$1)
        }
    }
}

extension RecordReader {
    private typealias Decode<Record> =
        @Sendable (RowReader, inout Database.Connection.Row) throws -> Record

    private func one<Record: Sendable>(
        _ table: Table, _ number: some Identifier, _ decode: @escaping Decode<Record>
    ) async throws -> Record? {
        let statement = BoundStatement(table.select + " WHERE \(table.name) = ?", [.number(number)])
        return try await database.read { connection in
            try connection.first(statement) { try decode(RowReader(), &$0) }
        }
    }

    private func list<Record: Sendable>(
        _ query: Query, order: String, _ limit: Int? = nil, _ decode: @escaping Decode<Record>
    ) async throws -> [Record] {
        let statement = query.statement(order: order, limit: limit)
        return try await database.read { connection in
            let reader = RowReader()
            return try connection.rows(statement) { try decode(reader, &$0) }
        }
    }
}
