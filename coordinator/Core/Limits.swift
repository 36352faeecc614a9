/// Every bound of the coordinator's state, with its reason.
package struct Limits: Sendable, Hashable {
    /// Nodes known at once. 20,000: twice the largest installation that is measured.
    package var nodes = 20_000
    /// Jobs that are not ended. 100,000: each costs about 1 KiB.
    package var activeJobs = 100_000
    /// Ended jobs that can still be retried. Their task states stay in memory (3 bytes a task).
    package var endedJobsKept = 100
    /// Tasks of one job. 10,000,000: 30 MB of state.
    package var tasksPerJob = 10_000_000
    /// Payloads in one command: bounds one write.
    package var payloadsPerCommand = 100_000
    /// Task rows that one order writes. 1,000,000: some seconds of one transaction, 200 MB until it is committed.
    package var rowsPerCommand = 1_000_000
    /// Tasks that one slot holds: what a lost slot makes run again.
    package var tasksPerSlot = 1_024
    /// Removed nodes whose agents are told why they are refused; older ones are not known any more.
    package var releasedNodesKept = 1_000
    /// Connections that have not said `hello`.
    package var unnamedConnections = 4_096
    package var tokens = 10_000
    /// Slots of one batch or service job.
    package var slotsPerJob: UInt32 = 100_000
    /// Slots of a `tasks` job that end badly without one decided task between them, before the job fails.
    package var slotFailuresInARow = 10

    /// Nodes remembered of one task's crashes; as many as a job's crash limit may be.
    package var crashesKept = 100

    /// A failure after less is no task that did anything: what is missing on a node is missed at once.
    package var fastFailureSeconds: UInt32 = 10
    /// Fast failures in a row that make a black hole: fewer may be chance, more would cost more tasks.
    package var blackHoleFailures: UInt32 = 10
    /// Different jobs that fail fast in a row: more than that are not all broken.
    package var blackHoleJobs = 3
    /// The first quarantine; each further one is twice as long …
    package var quarantineFirstSeconds: UInt32 = 60
    /// … up to this: a node that is repaired is used again within the hour, a broken one costs a task an hour.
    package var quarantineLongestSeconds: UInt32 = 3_600

    /// Issued to agents. A node is suspect after `suspectAfterBeats` silent intervals, lost when the lease is over.
    package var heartbeatMilliseconds: UInt32 = 5_000
    package var suspectAfterBeats: UInt32 = 3
    package var leaseMilliseconds: UInt32 = 25_000

    package static let defaults = Limits()
    package init() {}

    /// - Returns: a sentence for each value that is out of its range.
    package func validate() -> [String] {
        var faults: [String] = []
        if !(100...60_000).contains(heartbeatMilliseconds) {
            faults.append("The heartbeat interval is 100 to 60000 ms, not \(heartbeatMilliseconds).")
        }
        if UInt64(leaseMilliseconds) <= UInt64(heartbeatMilliseconds) * UInt64(suspectAfterBeats) {
            faults.append(
                "The lease of \(leaseMilliseconds) ms must be longer than \(suspectAfterBeats) heartbeats of "
                    + "\(heartbeatMilliseconds) ms.")
        }
        return faults
    }
}
