package import ClusterTypes

/// The state that a coordinator starts from: what a store holds of everything that is not over.
package struct Snapshot: Sendable {
    /// One job that may still change, with the decided or tried tasks that have rows.
    package struct Job: Sendable {
        package var record: JobRecord
        /// (index, state, attempt) of each task row, by index.
        package var tasks: [TaskMark]
        /// Of the few tasks that have crashed or were retried by order, by index.
        package var histories: [TaskHistory]

        package init(record: JobRecord, tasks: [TaskMark], histories: [TaskHistory] = []) {
            self.record = record
            self.tasks = tasks
            self.histories = histories
        }
    }

    /// The compact part of a task row: 8 bytes.
    package struct TaskMark: Hashable, Sendable {
        package var index: TaskIndex
        package var state: TaskState
        package var attempt: UInt16

        package init(index: TaskIndex, state: TaskState, attempt: UInt16) {
            self.index = index
            self.state = state
            self.attempt = attempt
        }
    }

    /// The part of a task row that few have; as in `TaskRecord`.
    package struct TaskHistory: Hashable, Sendable {
        package var index: TaskIndex
        package var crashes: [NodeID]
        package var pardoned: UInt32

        package init(index: TaskIndex, crashes: [NodeID] = [], pardoned: UInt32 = 0) {
            self.index = index
            self.crashes = crashes
            self.pardoned = pardoned
        }

        /// nil for a task that has none.
        package init?(_ record: TaskRecord) {
            guard !record.crashes.isEmpty || record.pardoned > 0 else { return nil }
            self.init(index: record.index, crashes: record.crashes, pardoned: record.pardoned)
        }
    }

    /// All that are not released.
    package var nodes: [NodeRecord] = []
    /// Not ended, ended with slots that have not (they still hold their nodes' resources), and the
    /// `Limits.endedJobsKept` newest ended ones.
    package var jobs: [Job] = []
    /// Of those jobs, not ended.
    package var slots: [SlotRecord] = []
    /// Not revoked.
    package var tokens: [TokenRecord] = []
    package var virtualClusters: [VirtualClusterRecord] = []
    /// Of those of whom something is left.
    package var fairShare: [FairShareRecord] = []
    package var pools: [PoolRecord] = []
    /// All that are kept, over ones included.
    package var launches: [LaunchRecord] = []
    /// The highest number given so far of each kind; 0 for none.
    package var lastNode: UInt64 = 0
    package var lastJob: UInt64 = 0
    package var lastSlot: UInt64 = 0
    package var lastToken: UInt64 = 0
    package var lastLaunch: UInt64 = 0

    package init() {}
}

extension Coordinator {
    /// What the machine believes to be stored, of everything that is not over: what a snapshot of its store holds
    /// once all writes are committed (but for the rows of tasks and of fair share).
    package var records: Snapshot {
        var records = Snapshot()
        records.nodes = nodes.values.map(\.record).filter { $0.state != .released }
        records.jobs = jobs.values.map { Snapshot.Job(record: $0.record, tasks: []) }
        records.slots = slots.values.map(\.record)
        records.tokens = Array(tokens.values)
        records.virtualClusters = Array(sharing.virtualClusters.values)
        records.pools = pools.table.values.map(\.record)
        records.launches = pools.launches.values.map(\.record)
        records.lastNode = lastNode
        records.lastJob = lastJob
        records.lastSlot = lastSlot
        records.lastToken = lastToken
        records.lastLaunch = lastLaunch
        return records
    }
}
