import APITypes
import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import ProtocolMessages

/// The tasks of one job, of which the store has rows only for those that ran or were canceled.
///
/// Running ones stand in the job's slots; every other task has no trace at all and is ready (waiting while the
/// job is paused, canceled once it has ended). Such tasks are made up here, position by position, so that a page
/// of a job of ten million tasks costs what its items cost.
struct TaskListing {
    struct Request {
        /// nil: all.
        var states: [TaskState]?
        /// Indices, both included.
        var first: TaskIndex
        var last: TaskIndex
        var limit: Int
    }

    /// One task, whatever it is known from.
    struct Entry {
        var index: TaskIndex
        var state: TaskState
        /// Executions begun so far.
        var attempt: UInt32
        var slot: SlotID?
        var node: NodeID?
        var row: TaskRecord?
    }

    /// Positions that one request looks at: beyond it a page ends early and says where to go on.
    static let positionsPerRequest = 200_000
    private static let slotsPerRead = 1_000

    let job: JobRecord
    let reader: any StoreReader

    /// What a task without a row is.
    var untouchedState: TaskState {
        switch job.state {
        case .running: .ready
        case .paused: .waiting
        case .finished, .failed, .canceled: .canceled
        }
    }

    /// - Returns: up to `limit` entries by index, and the index to go on from; nil at the end.
    func entries(_ request: Request) async throws -> (entries: [Entry], next: TaskIndex?) {
        guard var position = firstPosition(atOrAfter: request.first), request.first <= request.last else {
            return ([], nil)
        }
        if let states = request.states, !mayHoldUntouched(states) {
            return try await touchedEntries(request, states)
        }
        let running = try await running(in: request)
        var found: [Entry] = []
        var chunk = request.limit + 1
        var looked = 0
        while position < job.taskCount, index(at: position) <= request.last {
            let end = min(job.taskCount, position + TaskIndex(chunk))
            var rows = try await reader.tasks(
                job.job, TaskFilter(first: index(at: position), last: index(at: end - 1), limit: chunk))[...]
            while position < end, index(at: position) <= request.last {
                let index = index(at: position)
                let row = rows.first?.index == index ? rows.popFirst() : nil
                let entry = entry(index, row: row, running: running[index])
                if request.states?.contains(entry.state) ?? true {
                    if found.count == request.limit { return (found, index) }
                    found.append(entry)
                }
                position += 1
            }
            looked += chunk
            if looked >= Self.positionsPerRequest, position < job.taskCount,
                index(at: position) <= request.last
            {
                return (found, index(at: position))
            }
            chunk = min(chunk * 2, 10_000)
        }
        return (found, nil)
    }

    /// nil where the job has no such task.
    func entry(_ index: TaskIndex) async throws -> Entry? {
        guard position(of: index) != nil else { return nil }
        let only = Request(first: index, last: index, limit: 1)
        let running = try await running(in: only)
        let row = try await reader.tasks(job.job, TaskFilter(first: index, last: index, limit: 1)).first
        return entry(index, row: row, running: running[index])
    }

    func view(of entry: Entry, nodeName: String?) -> TaskView {
        TaskView(
            job: job.job, index: entry.index, state: entry.state, attempt: entry.attempt,
            exitCode: entry.row?.exitCode, reason: entry.row?.reason ?? "", slot: entry.slot,
            node: entry.node,
            nodeName: nodeName, startedAt: entry.row?.startedAt?.rfc3339,
            durationSeconds: entry.row.flatMap { row in
                row.startedAt.map { _ in Double(row.durationMicroseconds) / 1_000_000 }
            })
    }

    // MARK: - Positions and indices

    func position(of index: TaskIndex) -> TaskIndex? {
        guard let array = job.specification.array else { return index < job.taskCount ? index : nil }
        return array.position(of: index).map { TaskIndex($0) }.flatMap { $0 < job.taskCount ? $0 : nil }
    }

    private func index(at position: TaskIndex) -> TaskIndex {
        job.specification.array?.index(at: Int(position)) ?? position
    }

    private func firstPosition(atOrAfter index: TaskIndex) -> TaskIndex? {
        guard job.specification.kind == .tasks, job.taskCount > 0 else { return nil }
        guard let array = job.specification.array else { return index < job.taskCount ? index : nil }
        guard index > array.first else { return 0 }
        let (steps, rest) = (index - array.first).quotientAndRemainder(dividingBy: max(1, array.step))
        let position = UInt64(steps) + (rest == 0 ? 0 : 1)
        return position < job.taskCount ? TaskIndex(position) : nil
    }

    // MARK: - Where tasks are known from

    private struct Execution {
        var attempt: UInt32
        var slot: SlotID
        var node: NodeID?
    }

    private func mayHoldUntouched(_ states: [TaskState]) -> Bool {
        guard states.contains(untouchedState) else { return false }
        switch job.state {
        case .running, .paused: return job.counts.ready > 0
        case .failed, .canceled: return true
        case .finished: return false
        }
    }

    /// What the job's slots hold now. Read before the rows: a row that is newer wins.
    private func running(in request: Request) async throws -> [TaskIndex: Execution] {
        guard job.specification.kind == .tasks, !job.state.isEnded else { return [:] }
        var running: [TaskIndex: Execution] = [:]
        var after: SlotID?
        while true {
            let slots = try await reader.slots(
                SlotFilter(
                    job: job.job, states: SlotState.allCases.filter(\.isPlaced), after: after,
                    limit: Self.slotsPerRead))
            for slot in slots {
                for task in slot.tasks where task.index >= request.first && task.index <= request.last {
                    running[task.index] = Execution(attempt: task.attempt, slot: slot.slot, node: slot.node)
                }
            }
            guard slots.count == Self.slotsPerRead else { return running }
            after = slots.last?.slot
        }
    }

    private func entry(_ index: TaskIndex, row: TaskRecord?, running: Execution?) -> Entry {
        if let running, row.map({ running.attempt > $0.attempt }) ?? true {
            return Entry(
                index: index, state: .running, attempt: running.attempt, slot: running.slot,
                node: running.node)
        }
        guard let row else { return Entry(index: index, state: untouchedState, attempt: 0) }
        return Entry(
            index: index, state: row.state == .ready ? untouchedState : row.state, attempt: row.attempt,
            slot: row.slot?.slot, node: row.node, row: row)
    }

    /// Only tasks with a row or in a slot are asked for: nothing is made up.
    private func touchedEntries(
        _ request: Request, _ states: [TaskState]
    ) async throws -> (entries: [Entry], next: TaskIndex?) {
        let running = states.contains(.running) ? try await running(in: request) : [:]
        let decided = states.filter(\.isDecided)
        var rows: [TaskIndex: TaskRecord] = [:]
        if !decided.isEmpty {
            let filter = TaskFilter(
                states: decided, first: request.first, last: request.last, limit: request.limit + 1)
            for row in try await reader.tasks(job.job, filter) { rows[row.index] = row }
        }
        let indices = Set(rows.keys).union(running.keys).sorted()
        var found: [Entry] = []
        for index in indices {
            let entry = entry(index, row: rows[index], running: running[index])
            guard states.contains(entry.state) else { continue }
            if found.count == request.limit { return (found, index) }
            found.append(entry)
        }
        return (found, nil)
    }
}
