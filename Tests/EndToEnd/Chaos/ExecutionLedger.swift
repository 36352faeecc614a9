/// The lines that executions have written themselves, in the order in which they were written, and what they prove.
///
/// `begin`, `alive` and `end`, each followed by job, slot, generation, task (`-` without), attempt and node.
struct ExecutionLedger {
    struct Execution: Hashable, CustomStringConvertible {
        var job: String
        var slot: String
        var generation: Int
        var task: String
        var attempt: String

        var description: String {
            "job \(job) task \(task) attempt \(attempt) in slot \(slot).\(generation)"
        }
    }

    private struct Task: Hashable {
        var job: String
        var task: String
    }

    /// What the coordinator says of a task.
    struct Outcome: Hashable {
        var isSucceeded: Bool
        var slot: String?
        var attempt: String
        var reason: String
    }

    private(set) var faults: [String] = []
    private(set) var executions = 0
    private var ended: Set<Execution> = []
    private var begun: Set<Execution> = []
    /// The executions of each task, oldest first.
    private var ofTask: [Task: [Execution]] = [:]
    private var newestGeneration: [String: Int] = [:]

    init(lines: some Sequence<Substring>) {
        for line in lines { add(line.split(separator: " ").map(String.init)) }
    }

    private mutating func add(_ words: [String]) {
        guard words.count == 7, let generation = Int(words[3]), ["begin", "alive", "end"].contains(words[0])
        else {
            faults.append("'\(words.joined(separator: " "))' is no line of an execution")
            return
        }
        let execution = Execution(
            job: words[1], slot: words[2], generation: generation, task: words[4], attempt: words[5])
        let newest = newestGeneration[execution.slot] ?? generation
        if generation < newest {
            faults.append("\(execution) lived after generation \(newest) of its slot had begun")
        }
        newestGeneration[execution.slot] = max(newest, generation)
        if words[0] == "begin" { begin(execution) }
        guard begun.contains(execution) else {
            faults.append("\(execution) lived without a beginning")
            return
        }
        if words[0] == "end" { ended.insert(execution) }
        guard execution.task != "-" else { return }
        if let last = ofTask[Task(job: execution.job, task: execution.task)]?.last, last != execution {
            faults.append("\(execution) lived after the beginning of \(last)")
        }
    }

    private mutating func begin(_ execution: Execution) {
        executions += 1
        // A service starts its command again within an incarnation.
        if !begun.insert(execution).inserted, execution.task != "-" {
            faults.append("\(execution) began twice")
        }
        guard execution.task != "-" else { return }
        ofTask[Task(job: execution.job, task: execution.task), default: []].append(execution)
    }

    /// Executions of this job's tasks beyond the first of each.
    func repetitions(of job: String) -> Int {
        ofTask.reduce(0) { $0 + ($1.key.job == job ? $1.value.count - 1 : 0) }
    }

    /// Compares with the outcomes of all tasks of a job.
    ///
    /// - Parameter isAtMostOnce: nothing may have run twice, and what was lost may have failed.
    /// - Returns: a sentence for each rule that is broken.
    func faults(of job: String, outcomes: [String: Outcome], isAtMostOnce: Bool) -> [String] {
        var faults: [String] = []
        for (task, executions) in ofTask where task.job == job {
            if outcomes[task.task] == nil { faults.append("\(executions) of a task that nobody knows") }
            if isAtMostOnce, executions.count > 1 { faults.append("\(executions) run at most once") }
        }
        for (task, outcome) in outcomes {
            let executions = ofTask[Task(job: job, task: task)] ?? []
            if outcome.isSucceeded {
                // The one that counts is the last: nothing runs once there is an outcome.
                guard let last = executions.last, last.slot == outcome.slot, last.attempt == outcome.attempt,
                    ended.contains(last)
                else {
                    faults.append("job \(job) task \(task) has \(outcome), but ran as \(executions)")
                    continue
                }
            } else if !isAtMostOnce || !outcome.reason.hasPrefix("lost: ") {
                faults.append("job \(job) task \(task) has \(outcome)")
            }
        }
        return faults.sorted()
    }

    /// The newest incarnation of this slot came to its end.
    func isFinished(slot: String) -> Bool {
        ended.contains { $0.slot == slot && $0.generation == newestGeneration[slot] }
    }
}
