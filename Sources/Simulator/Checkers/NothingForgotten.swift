import ClusterTypes
import CoordinatorCore

/// What a client was told to be accepted is in the store from then on, with all its tasks, and is decided in the
/// end.
struct NothingForgotten: Checker {
    static let name = "nothing forgotten"

    private var accepted = OrderedTable<JobID, UInt32>()

    mutating func observe(_ observation: Observation, _ world: World) -> [String] {
        if case .replied(_, .job(let record)) = observation {
            accepted[record.job] = max(accepted[record.job] ?? 0, record.taskCount)
        }
        return []
    }

    mutating func finish(_ world: World, _ rows: DurableRows) -> [String] {
        var faults: [String] = []
        for job in accepted.keys {
            guard let count = accepted[job] else { continue }
            guard let record = rows.jobs[job] else {
                faults.append("job \(job) was accepted and is not in the store")
                continue
            }
            if record.taskCount < count {
                faults.append("job \(job) was accepted with \(count) tasks and has \(record.taskCount)")
            }
            if !record.state.isEnded || record.counts.decided != record.taskCount {
                faults.append(
                    "job \(job) is \(record.state), \(record.counts.decided) of \(record.taskCount) decided")
            }
        }
        return faults
    }
}
