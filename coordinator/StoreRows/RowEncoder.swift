package import ClusterTypes
package import CoordinatorCore
import ProtocolMessages

/// Takes the values of one row after the other, each in the order of `Table`'s columns.
package protocol RowSink {
    mutating func bind(_ value: Int64?)
    mutating func bind(_ text: String?)
    mutating func bind(_ flag: Bool)
    mutating func bind(_ bytes: [UInt8])
}

extension RowSink {
    package mutating func bind(_ value: some Identifier) { bind(Int64(bitPattern: value.rawValue)) }
    package mutating func bind(_ value: Generation) { bind(Int64(bitPattern: value.number)) }
    package mutating func bind(_ value: UInt32) { bind(Int64(value)) }
    package mutating func bind(_ value: Instant) { bind(value.microseconds) }
    package mutating func bind(_ value: Instant?) { bind(value?.microseconds) }
}

/// Turns records into rows: what `RowReader` reads.
package struct RowEncoder: Sendable {
    private let json = JSONText()
    /// A job's row is put with every batch of its results, a node's with every change of state; what is large
    /// in them hardly ever changes.
    private var specifications = TextCache<JobID, JobSpecification>()
    private var capacities = TextCache<NodeID, NodeCapacity>()

    package init() {}

    package mutating func encode(_ record: NodeRecord, _ revision: UInt64, into row: inout some RowSink)
        throws
    {
        row.bind(record.node)
        row.bind(record.name)
        row.bind(record.pool)
        row.bind(record.state.rawValue)
        row.bind(record.reason)
        row.bind(record.since)
        row.bind(record.isCordoned)
        row.bind(record.isDraining)
        row.bind(record.labels.isEmpty ? "[]" : try json.text(record.labels))
        row.bind(
            try capacities.text(
                record.capacity, of: record.node, isLast: record.state == .released, json))
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
    }

    package mutating func encode(_ record: JobRecord, _ revision: UInt64, into row: inout some RowSink) throws
    {
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
        row.bind(
            try specifications.text(
                record.specification, of: record.job, isLast: record.state.isEnded, json))
    }

    package func encode(_ record: SlotRecord, _ revision: UInt64, into row: inout some RowSink) {
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
        row.bind(record.alternative)
        row.bind(Int64(bitPattern: revision))
    }

    /// The hot path: a thousand rows in a commit.
    package func encode(_ record: TaskRecord, of job: JobID, into row: inout some RowSink) {
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
    }

    package func encode(_ record: TokenRecord, into row: inout some RowSink) {
        row.bind(record.token)
        row.bind(record.name)
        switch record.purpose {
        case .join(let pool):
            row.bind("join")
            row.bind(pool)
            row.bind(nil as String?)
        case .api(let role):
            row.bind("api")
            row.bind(nil as String?)
            row.bind(role.rawValue)
        }
        row.bind(record.secretHash)
        row.bind(record.expiresAt)
        row.bind(record.usesLeft.map(Int64.init))
        row.bind(record.isRevoked)
        row.bind(record.createdAt)
    }

    package func encode(_ record: VirtualClusterRecord, into row: inout some RowSink) throws {
        row.bind(record.name)
        row.bind(record.weight)
        row.bind(try json.text(record.quotas.byName))
        row.bind(try json.text(record.userQuotas.byName))
        row.bind(record.createdAt)
    }

    package func encode(_ record: PoolRecord, into row: inout some RowSink) throws {
        row.bind(record.name)
        row.bind(record.isPaused)
        row.bind(record.minimum.map(Int64.init))
        row.bind(record.maximum.map(Int64.init))
        row.bind(record.failures)
        row.bind(record.lastFailureAt)
        row.bind(record.failureReason)
        row.bind(try record.learned.map(json.text))
        row.bind(record.periodBegan)
        row.bind(record.spentNodeSeconds)
    }

    package func encode(_ record: LaunchRecord, into row: inout some RowSink) throws {
        row.bind(record.launch)
        row.bind(record.pool)
        row.bind(record.count)
        row.bind(record.state.rawValue)
        row.bind(record.reason)
        row.bind(record.cause)
        row.bind(record.requestedAt)
        row.bind(record.endedAt)
        row.bind(record.token.map { Int64(bitPattern: $0.rawValue) })
        row.bind(try json.text(record.allocations))
    }

    package func encode(_ record: FairShareRecord, into row: inout some RowSink) {
        // A part of the key, so never NULL; no virtual cluster has an empty name.
        row.bind(record.virtualCluster ?? "")
        row.bind(record.user)
        row.bind(record.asOf)
        row.bind(record.milliCPUSeconds)
        row.bind(record.memoryMebibyteSeconds)
        row.bind(record.deviceShareSeconds)
    }

    package func encode(_ record: HistoryRecord, into row: inout some RowSink) {
        row.bind(record.resolution.rawValue)
        row.bind(record.from)
        row.bind(record.through)
        row.bind(Int64(record.block.count))
        row.bind(record.block)
    }

    package func encode(_ record: UsageRecord, into row: inout some RowSink) {
        row.bind(record.from)
        row.bind(record.job)
        row.bind(record.resource)
        row.bind(record.user)
        row.bind(record.bookedMicroseconds)
        row.bind(record.idleMicroseconds)
        row.bind(record.unknownMicroseconds)
        row.bind(record.usedMicroseconds)
        row.bind(record.memoryBookedMebibyteSeconds)
        row.bind(record.memoryUsedMebibyteSeconds)
    }

    /// One row of `Table.taskInput`; the position of its first payload is `first`.
    package func encode(
        _ payloads: ArraySlice<String>, of job: JobID, first: Int64, into row: inout some RowSink
    ) throws {
        row.bind(job)
        row.bind(first)
        row.bind(Int64(payloads.count))
        row.bind(try json.text(Array(payloads)))
    }

    /// The columns at, subject, subject_number, message.
    package func encode(_ record: EventRecord, into row: inout some RowSink) {
        row.bind(record.at)
        row.bind(record.subject.word)
        row.bind(record.subject.number)
        row.bind(record.message)
    }
}

extension VirtualClusterRecord {
    /// Deletes the row of this name.
    package static func deletion(of name: String) -> BoundStatement {
        BoundStatement("DELETE FROM virtual_cluster WHERE name = ?", [.text(name)])
    }
}

extension LaunchRecord {
    /// Deletes the row of this launch.
    package static func deletion(of launch: LaunchID) -> BoundStatement {
        BoundStatement("DELETE FROM launch WHERE launch = ?", [.number(launch)])
    }
}

extension EventRecord.Subject {
    /// What it is, as the column `subject` says it.
    package var word: String {
        switch self {
        case .node: "node"
        case .job: "job"
        case .slot: "slot"
        case .cluster: "cluster"
        }
    }

    /// Which one; nil for the cluster.
    package var number: Int64? {
        switch self {
        case .node(let node): Int64(bitPattern: node.rawValue)
        case .job(let job): Int64(bitPattern: job.rawValue)
        case .slot(let slot): Int64(bitPattern: slot.rawValue)
        case .cluster: nil
        }
    }
}
