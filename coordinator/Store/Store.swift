package import ClusterTypes
package import CoordinatorCore

/// Where the truth is kept. The driver alone writes; the API reads through `StoreReader`.
///
/// Every implementation passes one contract suite (Tests/Contract).
package protocol Store: Sendable {
    /// Performs all writes in their order in one durable transaction, or none of them.
    ///
    /// Blocks until the data is on stable storage. Committing the same writes again after an error of unknown
    /// outcome leaves the same rows (`addEvent` may repeat).
    /// - Returns: the revision of this commit: one more than that of the commit before.
    /// - Throws: `StoreError`.
    func commit(_ writes: [Write]) throws -> UInt64

    /// All that a coordinator starts from, each list by number. Jobs: not ended, ended with slots that have not,
    /// and the `endedJobs` that ended last.
    func snapshot(endedJobs: Int) throws -> Snapshot

    /// The payloads of these positions (0-based), in the order asked. Called by the driver for every batch of
    /// orders, so chunks that were read lately should stay in memory.
    /// - Throws: `StoreError`; `failed` when one of the positions has no payload.
    func payloads(_ job: JobID, at positions: [TaskIndex]) throws -> [String]

    var reader: any StoreReader { get }

    /// Drops some of what `retention` does not keep, in one short transaction.
    ///
    /// A dropped job is gone at once for every reader; its tasks and slots go in this and the calls that follow.
    /// - Parameter rows: how many at most.
    /// - Returns: whether there may be more.
    /// - Throws: `StoreError`.
    func drop(beyond retention: Retention, rows: Int) throws -> Bool

    /// For how long after a `commit` or `confirm` began that has succeeded no other coordinator can have this store;
    /// nil: for as long as it is open.
    var lease: Duration? { get }

    /// Makes sure that the store is still this coordinator's.
    /// - Throws: `StoreError`; `inUse` when another one has it.
    func confirm() throws

    /// Tells coordinators that stand by where this one's API is: `https://HOST:PORT`.
    /// - Throws: `StoreError`.
    func announce(_ url: String) throws

    func close() throws
}

extension Store {
    package var lease: Duration? { nil }
    package func confirm() throws {}
    package func announce(_ url: String) throws {}
}

/// What lists and shows read; every result is of one committed state.
package protocol StoreReader: Sendable {
    /// The revision of the newest commit.
    func revision() async throws -> UInt64
    /// Newest first.
    func jobs(_ filter: JobFilter) async throws -> [Stored<JobRecord>]
    func job(_ job: JobID) async throws -> Stored<JobRecord>?
    /// Only tasks that have a row; by index. The API fills the rest from the job's counts, running ones from
    /// slots.
    func tasks(_ job: JobID, _ filter: TaskFilter) async throws -> [TaskRecord]
    func payload(_ job: JobID, at position: TaskIndex) async throws -> String?
    /// By number.
    func slots(_ filter: SlotFilter) async throws -> [SlotRecord]
    func slot(_ slot: SlotID) async throws -> SlotRecord?
    /// By number; released ones only if asked for.
    func nodes(includingReleased: Bool) async throws -> [NodeRecord]
    /// Those of this name that are not released, by number.
    func nodes(named name: String) async throws -> [NodeRecord]
    func node(_ node: NodeID) async throws -> NodeRecord?
    /// By number, revoked ones included.
    func tokens() async throws -> [TokenRecord]
    /// The token that is neither revoked nor of another secret, whatever its expiry.
    func token(secretHash: String) async throws -> TokenRecord?
    /// Newest first.
    func events(_ subject: EventRecord.Subject?, limit: Int) async throws -> [EventRecord]
    /// Visits the blocks of this resolution that have a sample in the range, oldest first, one at a time: all
    /// together may not fit into memory. What `visit` throws ends it.
    func readHistory(
        _ resolution: HistoryRecord.Resolution, in range: ClosedRange<Instant>,
        _ visit: @escaping @Sendable (HistoryRecord) throws -> Void
    ) async throws
    /// The sums over the time of the filter, the most booked first. `from` is that of the earliest row.
    func usage(_ filter: UsageFilter) async throws -> [UsageRecord]
}

package struct UsageFilter: Hashable, Sendable {
    /// Only rows that began in this range.
    package var range: ClosedRange<Instant>
    package var job: JobID?
    package var user: String?
    /// One sum for each user and resource, whatever the job, which is then 0; else one for each job and resource.
    package var isByUser: Bool
    package var limit: Int

    package init(
        range: ClosedRange<Instant>, job: JobID? = nil, user: String? = nil, isByUser: Bool = false,
        limit: Int = 1_000
    ) {
        self.range = range
        self.job = job
        self.user = user
        self.isByUser = isByUser
        self.limit = limit
    }
}

/// A record and the revision of the commit that put it last, read together: who waits for a larger revision
/// misses no change.
package struct Stored<Record: Hashable & Sendable>: Hashable, Sendable {
    package var record: Record
    package var revision: UInt64

    package init(_ record: Record, revision: UInt64) {
        self.record = record
        self.revision = revision
    }
}

package struct JobFilter: Hashable, Sendable {
    /// nil: all.
    package var states: [JobState]?
    package var app: String?
    package var name: String?
    /// Only numbers below this one (for the next page).
    package var before: JobID?
    package var limit: Int

    package init(
        states: [JobState]? = nil, app: String? = nil, name: String? = nil, before: JobID? = nil,
        limit: Int = 1_000
    ) {
        self.states = states
        self.app = app
        self.name = name
        self.before = before
        self.limit = limit
    }
}

package struct TaskFilter: Hashable, Sendable {
    package var states: [TaskState]?
    /// Only indices in this range.
    package var first: TaskIndex
    package var last: TaskIndex
    package var limit: Int

    package init(states: [TaskState]? = nil, first: TaskIndex = 0, last: TaskIndex = .max, limit: Int = 1_000)
    {
        self.states = states
        self.first = first
        self.last = last
        self.limit = limit
    }
}

package struct SlotFilter: Hashable, Sendable {
    package var job: JobID?
    package var node: NodeID?
    package var states: [SlotState]?
    /// Only numbers above this one (for the next page).
    package var after: SlotID?
    package var limit: Int

    package init(
        job: JobID? = nil, node: NodeID? = nil, states: [SlotState]? = nil, after: SlotID? = nil,
        limit: Int = 1_000
    ) {
        self.job = job
        self.node = node
        self.states = states
        self.after = after
        self.limit = limit
    }
}

package struct StoreError: Error, Sendable, CustomStringConvertible {
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        /// No space left; nothing was written.
        package static let full = Code(rawValue: "full")
        /// Another process uses this store, or has used it since.
        package static let inUse = Code(rawValue: "in_use")
        /// Not a Mortise store, or damaged.
        package static let corrupt = Code(rawValue: "corrupt")
        /// Written by a newer version.
        package static let tooNew = Code(rawValue: "too_new")
        package static let failed = Code(rawValue: "failed")
    }

    package let code: Code
    /// What was tried, on what, and what can be done.
    package let message: String
    /// Of `inUse`: where the API of the coordinator that has it is, as that one has announced; nil: not known.
    package let leader: String?

    package init(_ code: Code, _ message: String, leader: String? = nil) {
        self.code = code
        self.message = message
        self.leader = leader
    }

    package var description: String { "\(code.rawValue): \(message)" }
}
