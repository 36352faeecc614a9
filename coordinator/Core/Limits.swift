package import CoordinatorPlacement

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
    /// Launches that are over and still shown, so that people can see what became of them.
    package var endedLaunchesKept = 200
    /// Virtual clusters: all are looked at for one answer.
    package var virtualClusters = 1_000
    package var quotasPerVirtualCluster = 100
    /// How often it is written who had how much of the cluster. 300 s: what a crash forgets is little against the day
    /// after which usage counts half.
    package var usageWriteSeconds: UInt32 = 300
    /// Slots of one batch or service job.
    package var slotsPerJob: UInt32 = 100_000
    /// Slots of a `tasks` job that end badly without one decided task between them, before the job fails.
    package var slotFailuresInARow = 10

    /// Nodes remembered of one task's crashes; as many as a job's crash limit may be.
    package var crashesKept = 100
    /// What has to be left of a node's time for work that does not say how long it takes. A minute: as long before
    /// its end a node drains.
    package var leastTimeSeconds: UInt32 = 60
    /// Besides a job's own time and grace: its start, and what an agent needs to tell the end. 5 s.
    package var timeReserveSeconds: UInt32 = 5
    /// An end that moves by no more is the same: it is told as what remains. 2 s: a slow message.
    package var endToleranceMilliseconds: UInt32 = 2_000

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

    /// The shortest interval that is issued to agents. A node is suspect after `suspectAfterBeats` silent intervals, lost when the lease is over.
    package var heartbeatMilliseconds: UInt32 = 5_000
    package var suspectAfterBeats: UInt32 = 3
    package var leaseMilliseconds: UInt32 = 25_000

    /// More silent nodes of a pool than this share at once are one fault, not many: none is declared lost. 50: a rack
    /// or a switch is less, the network or we ourselves are more. 100 never holds a loss back.
    package var massSilencePercent = 50
    /// In smaller pools a share says nothing.
    package var massSilenceNodes = 4
    /// A loss is held back so long at most. 600: a switch restarts in less; what may run elsewhere waits no longer.
    package var massSilenceHoldSeconds: UInt32 = 600

    /// Hellos that are let in at once and in a second; the others are told when to come again. 1,000: beats are handled
    /// between them, and 10,000 agents are back within 12.5 s (a second, nine, and their jitter of two), while their
    /// leases hold for 25 s.
    package var hellosPerSecond: UInt32 = 1_000

    /// A node that was silent and came back so often within the window is given nothing new for a time, which doubles
    /// with each damping that follows. 5 in 600 s: a broken link, not an accident; a minute is more than it takes
    /// to come and go once, an hour is when somebody should look.
    package var flapCount = 5
    package var flapWindowSeconds: UInt32 = 600
    package var dampingFirstSeconds: UInt32 = 60
    package var dampingLongestSeconds: UInt32 = 3_600
    /// What becomes of a node that was lost and is there again.
    package var returnToService = ReturnToService.automatic

    /// How places are scored.
    package var placementPolicy = PlacementPolicy.mortise
    /// A job that has waited so long for places that it could have is given nodes of its own: what runs there ends, and
    /// nothing is added that would delay it. 600 s: short enough that nobody starves, long enough that nodes are not
    /// kept empty for what will soon have its place anyway.
    package var patienceSeconds: UInt32 = 600
    /// Jobs that have nodes kept for them at once. 4: each keeps some of the cluster from others.
    package var reservations = 4
    /// Jobs of one round for which all nodes are searched for what could end. 16: the others have their turn when there are
    /// fewer.
    package var searchesPerRound = 16
    /// Work of a priority that is higher by so much stops other work, preemptible or not; nil: it never does.
    package var preemptionGap: Int32?
    /// What each hour of waiting adds to a job's priority, up to `largestAging`. 1: among equals the oldest goes first
    /// anyway; this is for those that lower priorities would keep waiting for ever.
    package var agingPerHour: Int32 = 1
    package var largestAging: Int32 = 100

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
        if !(1...100).contains(massSilencePercent) {
            faults.append("The share of silent nodes is 1 to 100 percent, not \(massSilencePercent).")
        }
        if massSilenceNodes < 1 {
            faults.append("A pool with silent nodes has at least 1 node, not \(massSilenceNodes).")
        }
        if !(1...1_000_000).contains(hellosPerSecond) {
            faults.append("Hellos are limited to 1 to 1000000 a second, not \(hellosPerSecond).")
        }
        if !(2...100).contains(flapCount) {
            faults.append("A node flaps when it came back 2 to 100 times, not \(flapCount).")
        }
        return faults
    }
}
