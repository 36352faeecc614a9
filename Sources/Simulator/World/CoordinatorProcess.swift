import ClusterTypes
import CoordinatorCore
import ProtocolMessages

/// A coordinator's process: its machine, and what its driver and its operating system keep.
final class CoordinatorProcess {
    /// Position in `World.coordinators`, and in the agents' list of addresses.
    let index: Int
    let limits: Limits
    /// nil while it does not lead: the process does not run, or stands by.
    var machine: Coordinator?
    /// It runs, leading or standing by.
    var isAlive = false
    /// Counts the times that any coordinator began to lead.
    var lead: UInt64 = 0
    var inbox: [CoordinatorCore.Event] = []
    var backlog = Backlog()
    /// That is under way.
    var transaction: Transaction?
    /// The newest of its transactions that has taken effect.
    var lastWritten: UInt64 = 0
    /// It was told to end, and writes what it has.
    var isStopping = false
    /// What it has cannot be written.
    var hasGivenUp = false

    // With a store that it shares
    var leadership = Leadership(lease: nil, at: .epoch)
    var client = StoreClient()
    /// What the store has answered since the last turn.
    var answers: [StoreClient.Answer] = []

    // Launchers, by their position in the world
    var launcherOrders: [Fifo<LauncherCall.Order>] = []
    /// Each one's only call that is under way.
    var launcherCalls: [LauncherCall?] = []

    // Standstill
    /// The process is stopped, or its machine stands still.
    var isStalled = false
    /// The machine stands still: nothing answers for it.
    var isSuspended = false
    var stalledSince: Int64 = 0
    /// It will stand still in the middle of its next turn.
    var stallsInTurn: (pause: Int64, isSuspended: Bool)?
    /// What that turn still has to do.
    var unfinished: [CoordinatorCore.Action] = []

    /// A partition; from agents it is the hosts that know, `Host.cutOff`.
    var isCutFromStore = false

    var clockOffset: Int64 = 0
    var turnAt = Int64.max
    /// How long the process has listened in all, and since when it does: not while it is down or stopped, but for
    /// pauses so short that they are load.
    var listenedBefore: Int64 = 0
    var listensSince: Int64?
    var pausedSince: Int64 = 0
    private static let loadPause: Int64 = 2_000_000
    /// By that count, when something of each node was handled last; by number of the node.
    private var heardAt: [Int64] = []
    /// By that count, the start of the lead: every node gets a fresh lease then.
    var heardAtLeast: Int64 = 0
    var handled = 0

    init(index: Int, _ options: SimulationOptions) {
        self.index = index
        var limits = Limits.defaults
        limits.heartbeatMilliseconds = options.heartbeatMilliseconds
        limits.leaseMilliseconds = max(limits.leaseMilliseconds, 5 * options.heartbeatMilliseconds)
        if options.plant == .releaseBrake { limits.massSilencePercent = 100 }
        self.limits = limits
        listensSince = index == 0 ? 0 : nil
    }

    var isRunning: Bool { machine != nil && !isStalled }
    /// The store hears nothing from it.
    var isSilentToStore: Bool { isSuspended || isCutFromStore }

    // The machine is asked in place: a copy of it would cost more than the answer.
    var nextWakeup: Instant? { Self.nextWakeup(of: &machine) }
    func node(of connection: ConnectionID) -> NodeID? { Self.node(of: connection, in: &machine) }

    private static func nextWakeup(of machine: inout Coordinator?) -> Instant? { machine?.nextWakeup }
    private static func node(of connection: ConnectionID, in machine: inout Coordinator?) -> NodeID? {
        machine?.node(of: connection)
    }

    /// Its steady clock.
    func time(_ now: Int64) -> Instant { Instant(microseconds: now + clockOffset) }

    func listened(at now: Int64) -> Int64 { listenedBefore + (listensSince.map { now - $0 } ?? 0) }

    func noteHeard(on connection: ConnectionID, at now: Int64) {
        if let node = node(of: connection) { noteHeard(node, at: now) }
    }

    func noteHeard(_ node: NodeID, at now: Int64) {
        let node = Int(node.rawValue)
        while heardAt.count <= node { heardAt.append(0) }
        heardAt[node] = listened(at: now)
    }

    func heardAt(_ node: NodeID) -> Int64 {
        let node = Int(node.rawValue)
        return max(heardAtLeast, node < heardAt.count ? heardAt[node] : 0)
    }

    func listen(_ isListening: Bool, at now: Int64) {
        guard isListening != (listensSince != nil) else { return }
        listenedBefore = listened(at: now)
        listensSince = isListening ? now : nil
        if isListening { listenedBefore += min(Self.loadPause, now - pausedSince) } else { pausedSince = now }
    }

    /// All that is gone with the process.
    func clear() {
        machine = nil
        isAlive = false
        backlog = Backlog()
        transaction = nil
        inbox = []
        answers = []
        unfinished = []
        stallsInTurn = nil
        isStopping = false
        hasGivenUp = false
        turnAt = .max
    }
}

/// Rows that take effect together, or not at all.
struct Transaction {
    /// Grows over the whole run.
    let number: UInt64
    let writes: [Write]
    let process: CoordinatorProcess
    let lead: UInt64
}
