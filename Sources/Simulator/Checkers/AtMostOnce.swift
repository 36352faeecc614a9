import ClusterTypes
import ProtocolMessages

/// With `retries: 0` and `on_lost: fail`, nothing is executed twice.
struct AtMostOnce: Checker {
    static let name = "at most once"

    private struct Work: Hashable {
        var job: JobID
        /// Of a task; nil for the command of a batch slot.
        var index: TaskIndex?
        var slot: SlotID?
    }

    // Looked up, never iterated.
    private var firsts: [Work: String] = [:]

    mutating func observe(_ observation: Observation, _ world: World) -> [String] {
        guard case .executionStarted(let task, let supervisor, let host) = observation,
            world.client.plans[supervisor.plan].isAtMostOnce
        else { return [] }
        let work = Work(
            job: supervisor.job, index: task?.index, slot: task == nil ? supervisor.key.slot : nil)
        let place = "\(supervisor.key) on \(host.name)"
        guard let first = firsts.updateValue(place, forKey: work) else { return [] }
        let what = task.map { "task \($0.index)" } ?? "the command of slot \(supervisor.key.slot)"
        return ["\(what) of job \(supervisor.job) runs in \(place) after it ran in \(first)"]
    }
}
