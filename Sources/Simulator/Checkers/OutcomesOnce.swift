import ClusterTypes
import CoordinatorCore
import ProtocolMessages

/// A task's outcome is recorded exactly once, never changes, and is what the execution said.
struct OutcomesOnce: Checker {
    static let name = "outcomes"

    private struct Execution: Hashable {
        var job: JobID
        var task: TaskAttempt
        var key: SlotKey
    }

    private struct Outcome: Equatable {
        var state: TaskState
        var attempt: UInt32
        var exitCode: Int32?
    }

    // Looked up, never iterated.
    private var exitCodes: [Execution: Int32] = [:]
    private var outcomes: [JobID: [TaskIndex: Outcome]] = [:]
    private(set) var decidedCount = 0

    mutating func observe(_ observation: Observation, _ world: World) -> [String] {
        switch observation {
        case .executionEnded(let task?, let exitCode?, let supervisor, _):
            exitCodes[Execution(job: supervisor.job, task: task, key: supervisor.key)] = exitCode
        case .committed(let writes, _):
            var faults: [String] = []
            for case .putTasks(let job, let rows) in writes {
                for row in rows { faults += note(row, of: job) }
            }
            return faults
        case .slotStarted, .slotEnded, .executionStarted, .executionEnded, .supervisorCrashed, .hostSuspended,
            .hostResumed,
            .delivered, .replied, .ledBy, .welcomes, .ordered, .launched, .released:
            break
        }
        return []
    }

    private mutating func note(_ row: TaskRecord, of job: JobID) -> [String] {
        guard row.state.isDecided else {
            // Tried again, by its job's rules or by order: the next outcome counts.
            outcomes[job]?[row.index] = nil
            return row.state == .ready ? [] : ["task \(row.index) of job \(job) is stored as \(row.state)"]
        }
        let outcome = Outcome(state: row.state, attempt: row.attempt, exitCode: row.exitCode)
        let known = outcomes[job]?[row.index]
        outcomes[job, default: [:]][row.index] = outcome
        if known == nil { decidedCount += 1 }
        if let known, known != outcome {
            return [
                "task \(row.index) of job \(job) was \(known.state) in attempt \(known.attempt) and becomes "
                    + "\(row.state) in attempt \(row.attempt)"
            ]
        }
        guard known == nil, let exitCode = row.exitCode, let key = row.slot else {
            return row.state == .succeeded && known == nil
                ? ["task \(row.index) of job \(job) has succeeded without an execution"] : []
        }
        let execution = Execution(
            job: job, task: TaskAttempt(index: row.index, attempt: row.attempt), key: key)
        let real = exitCodes[execution]
        if real != exitCode || (row.state == .succeeded) != (exitCode == 0) {
            return [
                "task \(row.index) of job \(job), attempt \(row.attempt) in slot \(key), is stored as "
                    + "\(row.state) with exit code \(exitCode); it ended with \(real.map(String.init) ?? "nothing")"
            ]
        }
        return []
    }
}
