import ClusterTypes
import CoordinatorCore

/// Generations only grow, none starts twice, and one that is over has no effect any more.
struct NoStaleGeneration: Checker {
    static let name = "generations"

    // Looked up, never iterated.
    private var started: [SlotID: Generation] = [:]
    private var stored: [SlotID: SlotRecord] = [:]
    /// Rows of the transaction before: one of unknown outcome is written again.
    private var rowsBefore: Set<TaskRecord> = []

    mutating func observe(_ observation: Observation, _ world: World) -> [String] {
        switch observation {
        case .slotStarted(let supervisor, let host):
            let key = supervisor.key
            let newest = started[key.slot]
            started[key.slot] = max(newest ?? key.generation, key.generation)
            if let newest, key.generation <= newest {
                return ["\(key) starts on \(host.name) after generation \(newest) has started"]
            }
        case .committed(let writes, _): return check(writes)
        case .slotEnded, .executionStarted, .executionEnded, .supervisorCrashed, .hostSuspended, .hostResumed,
            .delivered, .replied, .ledBy, .welcomes, .ordered, .launched, .released:
            break
        }
        return []
    }

    private mutating func check(_ writes: [Write]) -> [String] {
        var faults: [String] = []
        // Against what was stored before: within one transaction a slot may end and start anew.
        for case .putTasks(let job, let rows) in writes {
            for row in rows {
                guard let key = row.slot, let known = stored[key.slot] else { continue }
                if key.generation < known.generation {
                    faults.append(
                        "\(key) decides task \(row.index) of job \(job) after \(known.key) was stored")
                } else if known.state.isEnded, key == known.key, !rowsBefore.contains(row) {
                    faults.append("\(key) decides task \(row.index) of job \(job) after its own end")
                }
            }
        }
        rowsBefore = []
        for case .putTasks(_, let rows) in writes { rowsBefore.formUnion(rows) }
        for case .putSlot(let record) in writes {
            if let known = stored[record.slot] {
                if record.generation < known.generation {
                    faults.append("\(record.key) is stored after \(known.key)")
                } else if known.state.isEnded, record != known {
                    faults.append("\(record.key) is \(record.state) after it was \(known.state)")
                }
            }
            stored[record.slot] = record
        }
        return faults
    }
}
