import ClusterTypes
import CoordinatorCore
import ProtocolMessages

/// A task that takes down its supervisor each time is stopped at its job's crash limit.
struct CrashLimit {
    static let name = "crash limit"

    private struct Work: Hashable {
        var job: JobID
        /// Of a task; nil for the command of a batch slot.
        var index: TaskIndex?
        var slot: SlotID?
    }

    // Looked up, never iterated.
    private var crashes: [Work: UInt32] = [:]

    /// Of slots that went down and were not to stop then. Looked up, never iterated.
    private var blamed: [SlotKey: (work: Work, node: NodeID?)] = [:]

    mutating func observe(_ observation: Observation, _ rows: DurableRows) -> [String] {
        if case .committed(let writes, _) = observation { forgive(writes, rows) }
        guard case .supervisorCrashed(let task, let supervisor, let host) = observation else { return [] }
        let limit = supervisor.specification.crashLimit
        let slot = task == nil ? supervisor.key.slot : nil
        let work = Work(job: supervisor.job, index: task?.index, slot: slot)
        if let row = rows.slots[supervisor.key.slot], row.key == supervisor.key, row.state == .stopping {
            return []
        }
        crashes[work, default: 0] += 1
        blamed[supervisor.key] = (work, host.node)
        guard limit > 0, let count = crashes[work], count > limit else { return [] }
        let what = task.map { "task \($0.index)" } ?? "the command"
        return [
            "\(what) of job \(supervisor.job) takes down its supervisor for the \(count)th time, on "
                + "\(host.name); its limit is \(limit)"
        ]
    }

    /// An order to stop that crossed the news takes the blame: a machine that is shut down may take its slots with it.
    /// Of one that was removed no news comes.
    private mutating func forgive(_ writes: [Write], _ rows: DurableRows) {
        for case .putSlot(let record) in writes {
            guard let (work, node) = blamed[record.key] else { continue }
            let home = node.flatMap { rows.nodes[$0] }
            let wasToStop = home.map { $0.isDraining || $0.state == .released } ?? false
            let isOver = record.state.isEnded || record.state == .pending
            if record.state == .stopping || (isOver && wasToStop) { crashes[work, default: 1] -= 1 }
            if record.state == .stopping || isOver { blamed[record.key] = nil }
        }
    }
}
