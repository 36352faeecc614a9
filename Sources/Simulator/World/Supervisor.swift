import ClusterTypes
import ProtocolMessages

/// One slot's process as the world has it: what really runs, whatever anybody believes.
final class Supervisor {
    /// What a timer of a supervisor is for.
    enum Timer: UInt8, CaseIterable {
        case start, commandEnds, longTask, kill, leaseStop, leaseKill, endWarns, endStops
    }

    let number: UInt64
    let key: SlotKey
    let job: JobID
    /// Which of the client's plans the job is: its name says so.
    let plan: Int
    let specification: JobSpecification
    let devices: [DeviceGrant]
    /// When each timer is due; a timer that comes at another moment was set anew.
    private var due = [Int64](repeating: .max, count: Timer.allCases.count)

    /// The supervisor and its command are processes of the machine.
    var isAlive = true
    /// Its folder tells how it ended; false for one that was killed, until an agent looks.
    var hasRecordedEnd = false
    var report: SlotReport
    /// Waiting, in the order in which they were given.
    var queue: [TaskAttempt] = []
    var running: TaskAttempt?
    var runningSince: Int64 = 0
    var isCommandRunning = false
    /// Not acknowledged.
    var results: [TaskResult] = []
    /// What the agent was told last.
    var saidCredits: UInt32?
    var stopReason: String?
    /// Its node's time is about to end: nothing new begins.
    var isWarned = false
    /// An occurrence for its lease is in the queue.
    var isLeaseWatched = false
    /// The agent has no use for it any more.
    var isForgotten = false

    init(number: UInt64, _ assignment: Assignment, at moment: Instant) {
        self.number = number
        key = assignment.key
        job = assignment.job
        plan = Int(assignment.specification.job) ?? 0
        specification = assignment.specification
        devices = assignment.devices
        report = SlotReport(key: assignment.key, state: .assigned, at: moment)
    }

    var kind: JobKind { specification.kind }
    var graceMicroseconds: Int64 { Int64(specification.stopGraceSeconds) * 1_000_000 }

    /// All that the agent is told on adoption.
    var attempts: [TaskAttempt] {
        queue + (running.map { [$0] } ?? []) + results.map(\.attempt)
    }

    func dueAt(_ timer: Timer) -> Int64 { due[Int(timer.rawValue)] }
    func set(_ timer: Timer, at moment: Int64) { due[Int(timer.rawValue)] = moment }
    func cancelTimers() { for timer in due.indices { due[timer] = .max } }
}
