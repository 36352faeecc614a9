import ClusterTypes
import CoordinatorCore
import CoordinatorStoreRows
import PostgreSQL

/// The statements of one commit: one for each table, whatever the number of rows.
///
/// Every put replaces its whole row, so of several only the last counts, and the order of tables does not matter.
struct WriteBatch {
    private(set) var executions: [Execution] = []

    /// - Throws: what encoding throws.
    init(_ writes: [Write], _ numbers: Numbers, replacing old: Numbers, _ encoder: inout RowEncoder) throws {
        var rows = Rows(revision: numbers.revision)
        for write in writes {
            if case .dropHistory(let retention) = write {
                // What was put before may be dropped, what is put afterwards not.
                executions += rows.takeHistory(encoder)
                executions += Self.drop(retention)
            } else {
                rows.take(write)
            }
        }
        executions += rows.takeHistory(encoder)
        executions += try rows.takeAll(&encoder)
        var meta = TableBatch(.meta)
        for (name, value) in numbers.changes(since: old) {
            meta.add { row in
                row.bind(name)
                row.bind(value)
            }
        }
        executions += meta.finish()
    }

    private static func drop(_ retention: HistoryRetention) -> [Execution] {
        var executions: [Execution] = []
        for resolution in HistoryRecord.Resolution.allCases {
            let end = resolution == .full ? retention.fullBefore : retention.coarseBefore
            executions.append(
                Execution(
                    Statement(
                        "history_drop_aged", "DELETE FROM history WHERE resolution = $1 AND through_at < $2"),
                    [.text(resolution.rawValue), .integer(end.microseconds)]))
            // The newest blocks that fit stay.
            executions.append(
                Execution(
                    Statement(
                        "history_drop_beyond",
                        """
                        DELETE FROM history WHERE resolution = $1 AND from_at <= (
                            SELECT max(from_at) FROM (
                                SELECT from_at, sum(bytes) OVER (ORDER BY from_at DESC) AS kept
                                FROM history WHERE resolution = $1) AS sizes
                            WHERE kept > $2::bigint)
                        """),
                    [.text(resolution.rawValue), .integer(retention.maximumBytesEach)]))
        }
        return executions + UsageDays.sumUp(before: retention.coarseBefore).map(\.execution)
    }
}

/// The last write of each row, in the order in which the rows came up first.
private struct Rows {
    private struct Latest<Key: Hashable, Record> {
        private(set) var records: [Record] = []
        private var places: [Key: Int] = [:]

        mutating func put(_ record: Record, _ key: Key) {
            if let place = places[key] {
                records[place] = record
            } else {
                places[key] = records.count
                records.append(record)
            }
        }
    }

    private struct TaskKey: Hashable {
        let job: JobID
        let index: TaskIndex
    }

    private struct InputKey: Hashable {
        let job: JobID
        let first: Int64
    }

    private struct HistoryKey: Hashable {
        let resolution: HistoryRecord.Resolution
        let from: Instant
    }

    private struct UsageKey: Hashable {
        let from: Instant
        let job: JobID
        /// Byte for byte, as the database compares.
        let resource: [UInt8]
    }

    private struct FairShareKey: Hashable {
        /// Byte for byte, as the database compares.
        let virtualCluster: [UInt8]
        let user: [UInt8]
    }

    private let revision: UInt64
    private var nodes = Latest<NodeID, NodeRecord>()
    private var jobs = Latest<JobID, JobRecord>()
    private var slots = Latest<SlotID, SlotRecord>()
    private var tasks = Latest<TaskKey, (JobID, TaskRecord)>()
    private var inputs = Latest<InputKey, (key: InputKey, payloads: ArraySlice<String>)>()
    private var tokens = Latest<TokenID, TokenRecord>()
    private var virtualClusters = Latest<String, (name: String, record: VirtualClusterRecord?)>()
    private var pools = Latest<String, PoolRecord>()
    private var launches = Latest<LaunchID, (launch: LaunchID, record: LaunchRecord?)>()
    private var fairShares = Latest<FairShareKey, FairShareRecord>()
    private var history = Latest<HistoryKey, HistoryRecord>()
    private var usage = Latest<UsageKey, UsageRecord>()
    private var events: [EventRecord] = []

    init(revision: UInt64) { self.revision = revision }

    mutating func take(_ write: Write) {
        switch write {
        case .putNode(let record): nodes.put(record, record.node)
        case .putJob(let record): jobs.put(record, record.job)
        case .putSlot(let record): slots.put(record, record.slot)
        case .putTasks(let job, let records):
            for record in records { tasks.put((job, record), TaskKey(job: job, index: record.index)) }
        case .appendPayloads(let job, let first, let payloads):
            for range in PayloadChunks.ranges(of: payloads) {
                let key = InputKey(job: job, first: Int64(first) + Int64(range.lowerBound))
                inputs.put((key, payloads[range]), key)
            }
        case .putToken(let record): tokens.put(record, record.token)
        case .putVirtualCluster(let record): virtualClusters.put((record.name, record), record.name)
        case .dropVirtualCluster(let name): virtualClusters.put((name, nil), name)
        case .putPool(let record): pools.put(record, record.name)
        case .putLaunch(let record): launches.put((record.launch, record), record.launch)
        case .dropLaunch(let launch): launches.put((launch, nil), launch)
        case .putFairShare(let records):
            for record in records {
                let key = FairShareKey(
                    virtualCluster: Array((record.virtualCluster ?? "").utf8), user: Array(record.user.utf8))
                fairShares.put(record, key)
            }
        case .addEvent(let record): events.append(record)
        case .putHistory(let record):
            history.put(record, HistoryKey(resolution: record.resolution, from: record.from))
        case .putUsage(let records):
            for record in records {
                let key = UsageKey(from: record.from, job: record.job, resource: Array(record.resource.utf8))
                usage.put(record, key)
            }
        case .dropHistory: preconditionFailure("no row")
        }
    }

    mutating func takeHistory(_ encoder: RowEncoder) -> [Execution] {
        var executions = TableBatch.puts(.history, history.records) { encoder.encode($0, into: &$1) }
        executions += TableBatch.puts(.usage, usage.records) { encoder.encode($0, into: &$1) }
        history = Latest()
        usage = Latest()
        return executions
    }

    func takeAll(_ encoder: inout RowEncoder) throws -> [Execution] {
        var executions: [Execution] = []
        executions += try TableBatch.puts(.node, nodes.records) {
            try encoder.encode($0, revision, into: &$1)
        }
        executions += try TableBatch.puts(.job, jobs.records) { try encoder.encode($0, revision, into: &$1) }
        executions += TableBatch.puts(.slot, slots.records) { encoder.encode($0, revision, into: &$1) }
        executions += TableBatch.puts(.task, tasks.records) { encoder.encode($0.1, of: $0.0, into: &$1) }
        executions += try TableBatch.puts(.taskInput, inputs.records) { input, row in
            try encoder.encode(input.payloads, of: input.key.job, first: input.key.first, into: &row)
        }
        executions += TableBatch.puts(.token, tokens.records) { encoder.encode($0, into: &$1) }
        executions += virtualClusters.records.filter { $0.record == nil }.map {
            VirtualClusterRecord.deletion(of: $0.name).execution
        }
        executions += try TableBatch.puts(.virtualCluster, virtualClusters.records.compactMap(\.record)) {
            try encoder.encode($0, into: &$1)
        }
        executions += try TableBatch.puts(.pool, pools.records) { try encoder.encode($0, into: &$1) }
        executions += launches.records.filter { $0.record == nil }.map {
            LaunchRecord.deletion(of: $0.launch).execution
        }
        executions += try TableBatch.puts(.launch, launches.records.compactMap(\.record)) {
            try encoder.encode($0, into: &$1)
        }
        executions += TableBatch.puts(.fairShare, fairShares.records) { encoder.encode($0, into: &$1) }
        executions += TableBatch.puts(.event, events) { encoder.encode($0, into: &$1) }
        return executions
    }
}
