package import ClusterTypes
package import CoordinatorCore
import Synchronization

/// The simplest correct store: everything in memory, for tests and simulation.
///
/// It outlives the coordinator that uses it: `close` ends nothing, and `snapshot` is what a restarted one
/// finds.
package final class MemoryStore: Store {
    struct State: Sendable {
        var revision: UInt64 = 0
        var nodes: [NodeID: NodeRecord] = [:]
        var jobs: [JobID: Stored<JobRecord>] = [:]
        var slots: [SlotID: SlotRecord] = [:]
        var tasks: [JobID: [TaskIndex: TaskRecord]] = [:]
        var payloads: [JobID: [TaskIndex: String]] = [:]
        var tokens: [TokenID: TokenRecord] = [:]
        var virtualClusters: [String: VirtualClusterRecord] = [:]
        var pools: [String: PoolRecord] = [:]
        var launches: [LaunchID: LaunchRecord] = [:]
        var fairShare: [FairShareRecord] = []
        /// Oldest first.
        var events: [EventRecord] = []
        /// Oldest first within each resolution.
        var history: [HistoryRecord] = []
        var usage: [UsageRecord] = []
        /// The last numbers given, which dropping does not take back.
        var lastJob: UInt64 = 0
        var lastSlot: UInt64 = 0
        var lastLaunch: UInt64 = 0
    }

    let state = Mutex(State())

    package init() {}

    package var reader: any StoreReader { self }

    package func commit(_ writes: [Write]) throws -> UInt64 {
        state.withLock { state in
            state.revision += 1
            for write in writes { state.perform(write) }
            return state.revision
        }
    }

    package func snapshot(endedJobs: Int) throws -> Snapshot {
        state.withLock { $0.snapshot(endedJobs: max(0, endedJobs)) }
    }

    package func payloads(_ job: JobID, at positions: [TaskIndex]) throws -> [String] {
        try state.withLock { state in
            let payloads = state.payloads[job] ?? [:]
            return try positions.map { position in
                guard let payload = payloads[position] else {
                    throw StoreError(.failed, "task \(position) of job \(job) has no payload in memory")
                }
                return payload
            }
        }
    }

    package func close() throws {}
}

extension MemoryStore.State {
    fileprivate mutating func perform(_ write: Write) {
        switch write {
        case .putNode(let record): nodes[record.node] = record
        case .putJob(let record):
            jobs[record.job] = Stored(record, revision: revision)
            lastJob = max(lastJob, record.job.rawValue)
        case .appendPayloads(let job, let first, let payloads):
            for (offset, payload) in payloads.enumerated() {
                self.payloads[job, default: [:]][first + TaskIndex(offset)] = payload
            }
        case .putSlot(let record):
            slots[record.slot] = record
            lastSlot = max(lastSlot, record.slot.rawValue)
        case .putTasks(let job, let records):
            for record in records { tasks[job, default: [:]][record.index] = record }
        case .putToken(let record): tokens[record.token] = record
        case .putVirtualCluster(let record): virtualClusters[record.name] = record
        case .dropVirtualCluster(let name): virtualClusters[name] = nil
        case .putPool(let record): pools[record.name] = record
        case .putLaunch(let record):
            launches[record.launch] = record
            lastLaunch = max(lastLaunch, record.launch.rawValue)
        case .dropLaunch(let launch): launches[launch] = nil
        case .putFairShare(let records):
            for record in records {
                fairShare.removeAll { $0.virtualCluster == record.virtualCluster && $0.user == record.user }
                fairShare.append(record)
            }
        case .addEvent(let record): events.append(record)
        case .putHistory(let record): put(record)
        case .putUsage(let records):
            for record in records {
                usage.removeAll { $0.hasKey(of: record) }
                usage.append(record)
            }
        case .dropHistory(let retention): drop(retention)
        }
    }

    private mutating func put(_ record: HistoryRecord) {
        history.removeAll { $0.resolution == record.resolution && $0.from == record.from }
        history.append(record)
        history.sort { $0.from < $1.from }
    }

    private mutating func drop(_ retention: HistoryRetention) {
        for resolution in HistoryRecord.Resolution.allCases {
            let end = resolution == .full ? retention.fullBefore : retention.coarseBefore
            history.removeAll { $0.resolution == resolution && $0.through < end }
            var kept: Int64 = 0
            for record in history.reversed() where record.resolution == resolution {
                kept += Int64(record.block.count)
                guard kept > retention.maximumBytesEach else { continue }
                history.removeAll { $0.resolution == resolution && $0.from <= record.from }
                break
            }
        }
        sumUpUsage(before: retention.coarseBefore)
    }

    /// Those that ended last come first.
    var endedJobs: [JobRecord] {
        jobs.values.map(\.record).filter(\.state.isEnded).sorted { left, right in
            (left.endedAt?.microseconds ?? .min, left.job) > (right.endedAt?.microseconds ?? .min, right.job)
        }
    }

    fileprivate func snapshot(endedJobs kept: Int) -> Snapshot {
        var snapshot = Snapshot()
        snapshot.nodes = nodes.values.filter { $0.state != .released }.sorted { $0.node < $1.node }
        snapshot.tokens = tokens.values.filter { !$0.isRevoked }.sorted { $0.token < $1.token }
        snapshot.virtualClusters = virtualClusters.values.sorted { $0.name < $1.name }
        snapshot.fairShare = fairShare.filter {
            $0.milliCPUSeconds > 0 || $0.memoryMebibyteSeconds > 0 || $0.deviceShareSeconds > 0
        }.sorted { ($0.virtualCluster ?? "", $0.user) < ($1.virtualCluster ?? "", $1.user) }

        snapshot.pools = pools.values.sorted { $0.name < $1.name }
        snapshot.launches = launches.values.sorted { $0.launch < $1.launch }

        let records = jobs.values.map(\.record)
        snapshot.slots = slots.values.filter { !$0.state.isEnded }.sorted { $0.slot < $1.slot }
        let held = Set(snapshot.slots.map(\.job)).union(endedJobs.prefix(kept).map(\.job))
        let wanted = records.filter { !$0.state.isEnded || held.contains($0.job) }
        snapshot.jobs = wanted.sorted { $0.job < $1.job }.map { record in
            Snapshot.Job(record: record, tasks: marks(of: record.job), histories: histories(in: record.job))
        }

        snapshot.lastNode = nodes.keys.max()?.rawValue ?? 0
        snapshot.lastJob = lastJob
        snapshot.lastSlot = lastSlot
        snapshot.lastLaunch = lastLaunch
        snapshot.lastToken = tokens.keys.max()?.rawValue ?? 0
        return snapshot
    }

    private func marks(of job: JobID) -> [Snapshot.TaskMark] {
        (tasks[job] ?? [:]).values.sorted { $0.index < $1.index }.map { record in
            Snapshot.TaskMark(
                index: record.index, state: record.state, attempt: UInt16(clamping: record.attempt))
        }
    }

    private func histories(in job: JobID) -> [Snapshot.TaskHistory] {
        (tasks[job] ?? [:]).values.compactMap { Snapshot.TaskHistory($0) }.sorted { $0.index < $1.index }
    }
}
