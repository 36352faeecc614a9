import ClusterTypes
import ProtocolMessages

/// The states of one job's tasks: a byte a task, and an entry for each that has failed before.
///
/// Tasks are addressed by position (0-based, in the order of submission) inside, by index outside.
struct TaskLedger: Sendable {
    /// How positions and indices go together: nil where they are the same (payloads).
    let array: TaskArray?
    private(set) var states: [TaskState.Code] = []
    /// Failed executions so far, of tasks that have any. Looked up, never iterated.
    private var failures: [TaskIndex: UInt32] = [:]
    /// As many of them count no more, of tasks that were retried by order. Looked up, never iterated.
    private var pardons: [TaskIndex: UInt32] = [:]
    /// The nodes of crashed executions, oldest first, of tasks that have any. Looked up, never iterated.
    private var crashes: [TaskIndex: [NodeID]] = [:]
    /// No ready task stands before this position, but for those in `returned`.
    private var cursor = 0
    /// Positions that became ready again, first in first out.
    private var returned: [Int] = []
    private var returnedHead = 0
    private(set) var counts = TaskCounts()

    init(array: TaskArray?) {
        self.array = array
        if let array { append(count: array.count) }
    }

    var count: Int { states.count }
    var undecided: Int { Int(counts.ready) + Int(counts.running) }

    mutating func append(count: Int) {
        states.append(contentsOf: repeatElement(.ready, count: count))
        counts.ready += UInt32(count)
    }

    func index(at position: Int) -> TaskIndex { array?.index(at: position) ?? TaskIndex(position) }

    func position(of index: TaskIndex) -> Int? {
        let position = array.map { $0.position(of: index) } ?? Int(index)
        return position.flatMap { $0 < states.count ? $0 : nil }
    }

    func state(of index: TaskIndex) -> TaskState? { position(of: index).map { states[$0].state } }

    /// The number of the execution that is running or comes next.
    func attempt(of index: TaskIndex) -> UInt32 { (failures[index] ?? 0) + 1 }

    /// Whether this execution may fail without the task failing.
    func isRetried(_ attempt: TaskAttempt, upTo retries: UInt32) -> Bool {
        attempt.attempt - min(attempt.attempt, pardoned(attempt.index)) <= retries
    }

    /// Executions that do not count against the task's retries.
    func pardoned(_ index: TaskIndex) -> UInt32 { pardons[index] ?? 0 }

    func crashes(of index: TaskIndex) -> [NodeID] { crashes[index] ?? [] }

    mutating func setCrashes(_ nodes: [NodeID], of index: TaskIndex) {
        crashes[index] = nodes.isEmpty ? nil : nodes
    }

    /// Takes up to `limit` ready tasks: returned ones first, then in order of submission.
    mutating func takeReady(_ limit: Int) -> [TaskAttempt] {
        var taken: [TaskAttempt] = []
        taken.reserveCapacity(min(limit, Int(counts.ready)))
        while taken.count < limit, counts.ready > 0 {
            let position: Int
            if returnedHead < returned.count {
                position = returned[returnedHead]
                returnedHead += 1
                forgetTakenReturns()
            } else {
                position = cursor
                cursor += 1
            }
            guard states[position] == .ready else { continue }
            set(position, .running)
            let index = index(at: position)
            taken.append(TaskAttempt(index: index, attempt: attempt(of: index)))
        }
        return taken
    }

    private mutating func forgetTakenReturns() {
        if returnedHead == returned.count {
            returned.removeAll(keepingCapacity: true)
            returnedHead = 0
        } else if returnedHead >= 1_024, returnedHead > returned.count / 2 {
            returned.removeFirst(returnedHead)
            returnedHead = 0
        }
    }

    /// Running to succeeded, failed or canceled.
    mutating func decide(_ index: TaskIndex, _ state: TaskState) {
        guard let position = position(of: index) else { return }
        set(position, TaskState.Code(state))
    }

    /// Running to ready again.
    /// - Parameter hasFailed: the next execution is a new attempt.
    mutating func giveBack(_ index: TaskIndex, hasFailed: Bool) {
        guard let position = position(of: index) else { return }
        if hasFailed { failures[index, default: 0] += 1 }
        set(position, .ready)
        returned.append(position)
    }

    /// Decided to ready, with all its retries. What was executed stays counted: an execution has its number for ever,
    /// so that what is said of an old one is never taken for the word of a new one.
    /// - Returns: whether the store must be told: false for a task that has no row or one that says the same.
    mutating func reset(_ index: TaskIndex) -> Bool {
        guard let position = position(of: index) else { return false }
        let hasRow =
            states[position] != .canceledUnwritten || failures[index] != nil || crashes[index] != nil
        if states[position] != .canceledUnwritten { failures[index] = attempt(of: index) }
        pardons[index] = failures[index]
        crashes[index] = nil
        giveBack(index, hasFailed: false)
        return hasRow
    }

    /// Every ready task becomes canceled; that its job has ended says so, no row does.
    mutating func cancelReady() {
        for position in states.indices where states[position] == .ready { set(position, .canceledUnwritten) }
        cursor = states.count
        returned.removeAll()
        returnedHead = 0
    }

    /// Canceled tasks that only the end of their job tells of.
    var unwrittenCount: Int { states.count { $0 == .canceledUnwritten } }

    func isUnwritten(_ index: TaskIndex) -> Bool {
        position(of: index).map { states[$0] == .canceledUnwritten } ?? false
    }

    /// The job goes on: what is still canceled needs a row each from now on.
    mutating func takeUnwritten() -> [TaskIndex] {
        let positions = states.indices.filter { states[$0] == .canceledUnwritten }
        for position in positions { set(position, .canceled) }
        return positions.map(index(at:))
    }

    /// In order of submission.
    func indices(in wanted: [TaskState]) -> [TaskIndex] {
        states.indices.filter { wanted.contains(states[$0].state) }.map(index(at:))
    }

    /// Brings back what the store says of a task that has a row.
    mutating func restore(_ mark: Snapshot.TaskMark) {
        guard let position = position(of: mark.index) else { return }
        if mark.state.isDecided {
            if mark.state != .succeeded, mark.attempt > 1 { failures[mark.index] = UInt32(mark.attempt) - 1 }
            set(position, TaskState.Code(mark.state))
        } else {
            if mark.attempt > 0 { failures[mark.index] = UInt32(mark.attempt) }
            returned.append(position)
        }
    }

    mutating func restore(_ history: Snapshot.TaskHistory) {
        guard position(of: history.index) != nil else { return }
        setCrashes(history.crashes, of: history.index)
        pardons[history.index] = history.pardoned == 0 ? nil : history.pardoned
    }

    /// Brings back that a slot holds the task.
    mutating func restoreRunning(_ index: TaskIndex) {
        guard let position = position(of: index), states[position] == .ready else { return }
        set(position, .running)
    }

    private mutating func set(_ position: Int, _ state: TaskState.Code) {
        counts[states[position]] -= 1
        states[position] = state
        counts[state] += 1
    }
}

extension TaskState {
    /// One byte; `waiting` is `ready` in a paused job.
    enum Code: UInt8, Sendable {
        case ready, running, succeeded, failed, canceled
        /// Canceled with its job, without a row of its own.
        case canceledUnwritten

        init(_ state: TaskState) {
            switch state {
            case .waiting, .ready: self = .ready
            case .running: self = .running
            case .succeeded: self = .succeeded
            case .failed: self = .failed
            case .canceled: self = .canceled
            }
        }

        var state: TaskState {
            switch self {
            case .ready: .ready
            case .running: .running
            case .succeeded: .succeeded
            case .failed: .failed
            case .canceled, .canceledUnwritten: .canceled
            }
        }
    }
}

extension TaskCounts {
    subscript(state: TaskState.Code) -> UInt32 {
        get {
            switch state {
            case .ready: ready
            case .running: running
            case .succeeded: succeeded
            case .failed: failed
            case .canceled, .canceledUnwritten: canceled
            }
        }
        set {
            switch state {
            case .ready: ready = newValue
            case .running: running = newValue
            case .succeeded: succeeded = newValue
            case .failed: failed = newValue
            case .canceled, .canceledUnwritten: canceled = newValue
            }
        }
    }
}
