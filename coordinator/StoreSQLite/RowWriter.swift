import ClusterTypes
import CoordinatorCore
import GRDB

/// Turns writes into rows, within the transaction that the store has begun.
struct RowWriter {
    /// What `meta` holds.
    struct Numbers: Equatable {
        var revision: UInt64 = 0
        var lastNode: UInt64 = 0
        var lastJob: UInt64 = 0
        var lastSlot: UInt64 = 0
        var lastToken: UInt64 = 0
    }

    private let json = JSONText()
    /// A job's row is put with every batch of its results, a node's with every change of state; what is large
    /// in them hardly ever changes.
    private var specifications = TextCache<JobID, JobSpecification>()
    private var capacities = TextCache<NodeID, NodeCapacity>()

    mutating func perform(_ write: Write, _ numbers: inout Numbers, in database: Database) throws {
        switch write {
        case .putNode(let record):
            numbers.lastNode = max(numbers.lastNode, record.node.rawValue)
            try put(record, numbers.revision, in: database)
        case .putJob(let record):
            numbers.lastJob = max(numbers.lastJob, record.job.rawValue)
            try put(record, numbers.revision, in: database)
        case .appendPayloads(let job, let first, let payloads):
            try append(payloads, of: job, first: first, in: database)
        case .putSlot(let record):
            numbers.lastSlot = max(numbers.lastSlot, record.slot.rawValue)
            try put(record, numbers.revision, in: database)
        case .putTasks(let job, let records):
            try put(records, of: job, in: database)
        case .putToken(let record):
            numbers.lastToken = max(numbers.lastToken, record.token.rawValue)
            try put(record, in: database)
        case .addEvent(let record):
            try add(record, in: database)
        case .putHistory(let record): try put(record, in: database)
        case .putUsage(let records): try put(records, in: database)
        case .dropHistory(let retention): try drop(retention, in: database)
        }
    }

    /// Writes those numbers that differ from what the database holds.
    func put(_ numbers: Numbers, replacing old: Numbers, in database: Database) throws {
        var statement = try RawStatement(database, Table.meta.put)
        for (name, path) in Self.names where numbers[keyPath: path] != old[keyPath: path] {
            statement.bind(name)
            statement.bind(Int64(bitPattern: numbers[keyPath: path]))
            try statement.run()
        }
    }

    static func numbers(in database: Database) throws -> Numbers {
        var numbers = Numbers()
        var statement = try RawStatement(database, Table.meta.select)
        try statement.forEachRow { columns in
            let name = columns.text()
            let value: UInt64 = try columns.number()
            if let path = names.first(where: { $0.0 == name })?.1 { numbers[keyPath: path] = value }
            return true
        }
        return numbers
    }

    private static var names: [(String, WritableKeyPath<Numbers, UInt64>)] {
        [
            ("revision", \.revision), ("last_node", \.lastNode), ("last_job", \.lastJob),
            ("last_slot", \.lastSlot), ("last_token", \.lastToken),
        ]
    }
}

extension RowWriter {
    private mutating func put(_ record: NodeRecord, _ revision: UInt64, in database: Database) throws {
        let capacity = try capacities.text(
            record.capacity, of: record.node, isLast: record.state == .released, json)
        var row = try RawStatement(database, Table.node.put)
        row.bind(record.node)
        row.bind(record.name)
        row.bind(record.pool)
        row.bind(record.state.rawValue)
        row.bind(record.reason)
        row.bind(record.since)
        row.bind(record.isCordoned)
        row.bind(record.isDraining)
        row.bind(record.labels.isEmpty ? "[]" : try json.text(record.labels))
        row.bind(capacity)
        row.bind(record.keyFingerprint)
        row.bind(record.address)
        row.bind(record.build)
        row.bind(record.bootID)
        row.bind(record.enrolledAt)
        row.bind(record.hasLeft)
        row.bind(record.cordonReason)
        row.bind(record.declared?.milliCPU)
        row.bind(record.declared?.memoryBytes)
        row.bind(record.declared.map { Int64($0.devices) })
        row.bind(record.dampedUntil)
        row.bind(record.dampingCount)
        row.bind(record.removal)
        row.bind(record.endsAt)
        row.bind(try record.quarantine.map(json.text))
        row.bind(record.deviceQuarantines.isEmpty ? nil : try json.text(record.deviceQuarantines))
        row.bind(Int64(bitPattern: revision))
        try row.run()
    }

    private mutating func put(_ record: JobRecord, _ revision: UInt64, in database: Database) throws {
        let specification = try specifications.text(
            record.specification, of: record.job, isLast: record.state.isEnded, json)
        try put(Table.job, in: database) { row in
            row.bind(record.job)
            row.bind(record.specification.app)
            row.bind(record.specification.job)
            row.bind(record.specification.kind.rawValue)
            row.bind(Int64(record.specification.priority))
            row.bind(record.state.rawValue)
            row.bind(record.reason)
            row.bind(record.taskCount)
            row.bind(record.isOpen)
            row.bind(record.counts.ready)
            row.bind(record.counts.running)
            row.bind(record.counts.succeeded)
            row.bind(record.counts.failed)
            row.bind(record.counts.canceled)
            row.bind(record.retried)
            row.bind(record.submitter)
            row.bind(record.submittedAt)
            row.bind(record.endedAt)
            row.bind(Int64(bitPattern: revision))
            row.bind(specification)
        }
    }

    private func put(_ record: SlotRecord, _ revision: UInt64, in database: Database) throws {
        try put(Table.slot, in: database) { row in
            row.bind(record.slot)
            row.bind(record.generation)
            row.bind(record.job)
            row.bind(record.state.rawValue)
            row.bind(record.reason)
            row.bind(record.node.map { Int64(bitPattern: $0.rawValue) })
            row.bind(DeviceList.text(record.devices))
            row.bind(record.exitCode.map(Int64.init))
            row.bind(record.attempts)
            row.bind(TaskList.text(record.tasks))
            row.bind(record.createdAt)
            row.bind(record.since)
            row.bind(NodeList.text(record.crashes))
            row.bind(Int64(bitPattern: revision))
        }
    }

    /// Puts a row of a table with indexes.
    private func put(_ table: Table, in database: Database, bind: (inout RawStatement) -> Void) throws {
        for statement in [table.update, table.put].compactMap({ $0 }) {
            var row = try RawStatement(database, statement)
            bind(&row)
            if try row.run() > 0 { return }
        }
    }

    /// The hot path: a thousand rows in a commit.
    private func put(_ records: [TaskRecord], of job: JobID, in database: Database) throws {
        var row = try RawStatement(database, Table.task.put)
        for record in records {
            row.bind(job)
            row.bind(record.index)
            row.bind(record.state.rawValue)
            row.bind(record.attempt)
            row.bind(record.exitCode.map(Int64.init))
            row.bind(record.reason)
            row.bind(record.slot.map { Int64(bitPattern: $0.slot.rawValue) })
            row.bind(record.slot.map { Int64(bitPattern: $0.generation.number) })
            row.bind(record.node.map { Int64(bitPattern: $0.rawValue) })
            row.bind(record.startedAt)
            row.bind(record.durationMicroseconds)
            row.bind(NodeList.text(record.crashes))
            row.bind(record.pardoned)
            try row.run()
        }
    }

    private func append(_ payloads: [String], of job: JobID, first: TaskIndex, in database: Database) throws {
        var row = try RawStatement(database, Table.taskInput.put)
        for range in PayloadChunks.ranges(of: payloads) {
            row.bind(job)
            row.bind(Int64(first) + Int64(range.lowerBound))
            row.bind(Int64(range.count))
            row.bind(try json.text(Array(payloads[range])))
            try row.run()
        }
    }

    private func put(_ record: TokenRecord, in database: Database) throws {
        var row = try RawStatement(database, Table.token.put)
        row.bind(record.token)
        row.bind(record.name)
        switch record.purpose {
        case .join(let pool):
            row.bind("join")
            row.bind(pool)
            row.bindNull()
        case .api(let role):
            row.bind("api")
            row.bindNull()
            row.bind(role.rawValue)
        }
        row.bind(record.secretHash)
        row.bind(record.expiresAt)
        row.bind(record.usesLeft.map(Int64.init))
        row.bind(record.isRevoked)
        row.bind(record.createdAt)
        try row.run()
    }

    private func add(_ record: EventRecord, in database: Database) throws {
        var row = try RawStatement(
            database, "INSERT INTO event (at, subject, subject_number, message) VALUES (?, ?, ?, ?)")
        row.bind(record.at)
        row.bind(record.subject.word)
        row.bind(record.subject.number)
        row.bind(record.message)
        try row.run()
    }
}

extension EventRecord.Subject {
    /// What it is, as the column `subject` says it.
    var word: String {
        switch self {
        case .node: "node"
        case .job: "job"
        case .slot: "slot"
        case .cluster: "cluster"
        }
    }

    /// Which one; nil for the cluster.
    var number: Int64? {
        switch self {
        case .node(let node): Int64(bitPattern: node.rawValue)
        case .job(let job): Int64(bitPattern: job.rawValue)
        case .slot(let slot): Int64(bitPattern: slot.rawValue)
        case .cluster: nil
        }
    }
}
