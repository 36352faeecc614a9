/// What can go wrong in a world, one name each. `--faults swarm` draws from the seed which are on, and how often
/// they strike.
package enum Fault: String, CaseIterable, Sendable {
    // The network
    case delay, loss, duplication, reset, partition
    case oneWayUp = "one-way-up"
    case oneWayDown = "one-way-down"
    case swizzle
    case slowReader = "slow-reader"
    // Clocks
    case drift
    case clockJump = "clock-jump"
    // The store
    case slowCommit = "slow-commit"
    case failingCommit = "failing-commit"
    case tornCommit = "torn-commit"
    // Processes and hosts
    case coordinatorCrash = "coordinator-crash"
    case coordinatorStall = "coordinator-stall"
    case coordinatorBusy = "coordinator-busy"
    case agentCrash = "agent-crash"
    case agentReplaced = "agent-replaced"
    case agentLeaves = "agent-leaves"
    case agentStall = "agent-stall"
    case hostSuspended = "host-suspended"
    case hostReboot = "host-reboot"
    case supervisorKilled = "supervisor-killed"
    case commandHangs = "command-hangs"
    case commandIgnoresTerm = "command-ignores-term"
    case commandCannotStart = "command-cannot-start"
    case poisonTasks = "poison-tasks"
    case massSilence = "mass-silence"
    case timeEnds = "time-ends"
    // Launchers
    case lateNodes = "late-nodes"
    case nodesNeverJoin = "nodes-never-join"
    // Operators
    case drain, cordon, cancel, pause, retry, remove
    // Devices
    case deviceLost = "device-lost"
    // Several coordinators on one store
    case coordinatorSuspended = "coordinator-suspended"
    case coordinatorPartition = "coordinator-partition"
    case storePartition = "store-partition"
    case storeOutage = "store-outage"
    case handOver = "hand-over"
    // Launchers of pools
    /// It has no more such machines, for up to an hour.
    case launcherSoldOut = "launcher-sold-out"
    case launcherUnreachable = "launcher-unreachable"
    case launcherSlow = "launcher-slow"
    /// It has done what it was asked for, and nobody hears of it.
    case launcherAnswersLost = "launcher-answers-lost"
    /// By itself, preempted, or at the end of its time.
    case allocationEnds = "allocation-ends"
    case poolOrders = "pool-orders"
}
