import AgentCore
import ClusterTypes
import CoordinatorCore
import ProtocolMessages

/// One machine of the world: its agent's process, its supervisors, its clock and its link.
final class Host {
    let index: Int
    let name: String
    let hardware: HardwareReport
    /// Known once a join token was used.
    var node: NodeID?
    var keyFingerprint: String { "key of \(name) \(identity)" }
    /// Grows when the machine joins anew after it was removed.
    var identity = 0
    /// It never comes, or has gone away for good.
    var isAbsent = false
    /// In which it runs, of a pool that is launched.
    var allocation: (launcher: PoolLauncher, position: Int)?

    /// nil while its process does not run.
    var agent: Agent?
    var agentStarts: UInt64 = 0
    var boots = 1
    var supervisors: [Supervisor] = []
    /// Incarnations that ended here and were forgotten: none of them starts again. Looked up, never iterated.
    var endedKeys: Set<SlotKey> = []
    /// In true time, though the machine counts it by its clock since boot.
    var leaseAt: Int64?

    /// When its slots are warned, and when none may run any more.
    var end: (warnAt: Int64, until: Int64)?

    // Time
    /// Of the agent's steady clock against true time: set at the start of its process.
    var clockOffset: Int64 = 0
    /// Parts per million by which every clock of this machine is fast.
    var drift: Int64 = 0
    /// Events of the agent that wait for their turn within one moment.
    var pending = Fifo<AgentCore.Event>()
    var isDriving = false
    var handled = 0
    /// The moment for which the agent's `wakeup` is scheduled; `.max` for none.
    var wakeupAt = Int64.max

    // Standstill
    /// The agent's process is stopped; what happens waits.
    var isAgentStalled = false
    var stalledEvents: [AgentCore.Event] = []
    /// The whole machine stands still until then.
    var suspendedUntil: Int64?
    /// What would have happened on it meanwhile.
    var postponed: [Occurrence] = []
    var isRebooting = false
    /// The machine is taken away then.
    var endsAt: Int64?

    // Link
    var link: Link?
    var dial: UInt64 = 0
    var latency: Int64 = 500
    var isBlockedUp = false
    var isBlockedDown = false
    /// Coordinators between which and this machine nothing passes, a bit each.
    var cutOff: UInt8 = 0
    /// Links whose arrivals wait for the end of a partition.
    var waitingUp: [UInt64] = []
    var waitingDown: [UInt64] = []
    var isSlowReader = false
    var healings: UInt64 = 0

    /// The operator says that nothing of the machine's former identity runs.
    var isDeclaredGone = false
    /// Devices that have failed.
    var lostDevices = 0

    init(index: Int, hardware: HardwareReport) {
        self.index = index
        self.hardware = hardware
        name = hardware.hostname
    }

    /// The agent's clock.
    func agentTime(_ now: Int64) -> Instant { Instant(microseconds: now + clockOffset + ahead(now)) }

    /// The first true moment at which the agent's clock shows `instant`.
    func trueTime(_ instant: Instant) -> Int64 {
        let shown = instant.microseconds - clockOffset
        guard drift != 0 else { return shown }
        var moment = World.start + (shown - World.start) * 1_000_000 / (1_000_000 + drift)
        while agentTime(moment) < instant { moment += 1 }
        return moment
    }

    private func ahead(_ now: Int64) -> Int64 {
        drift == 0 ? 0 : (now - World.start) * drift / 1_000_000
    }

    func isCutOff(from process: CoordinatorProcess) -> Bool { cutOff & (1 << process.index) != 0 }

    func supervisor(_ key: SlotKey) -> Supervisor? { supervisors.first { $0.key == key } }

    /// What the agent reports now.
    var currentHardware: HardwareReport {
        guard lostDevices > 0 else { return hardware }
        var report = hardware
        for position in report.devices.indices.prefix(lostDevices) {
            report.devices[position].health = .failed
            report.devices[position].reason = "fell off the bus"
        }
        return report
    }
}

/// A connection between one agent and a coordinator, with what is on its way: an ordered stream, as TLS gives.
final class Link {
    enum Upward {
        case message(AgentMessage)
        case opened(PeerIdentity)
        case closed(reason: String)
    }

    enum Downward {
        case message(CoordinatorMessage)
        case closed(reason: String)
    }

    let connection: ConnectionID
    let host: Int
    let coordinator: CoordinatorProcess
    var upward = Fifo<Upward>()
    var downward = Fifo<Downward>()
    /// The newest transaction of the world when the agent's hello was handled.
    var helloAfter: UInt64 = 0
    /// Nothing overtakes in a stream.
    var lastUpAt: Int64 = 0
    var lastDownAt: Int64 = 0
    var isOpenAtAgent = true
    var isOpenAtCoordinator = true

    /// Nothing is on its way.
    var isQuiet: Bool { upward.count == 0 && downward.count == 0 }

    init(connection: ConnectionID, host: Int, coordinator: CoordinatorProcess) {
        self.connection = connection
        self.host = host
        self.coordinator = coordinator
    }
}

/// First in, first out.
struct Fifo<Element> {
    private var elements: [Element] = []
    private var head = 0

    var count: Int { elements.count - head }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head]
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 64, head > elements.count / 2 {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }

    mutating func removeAll() {
        elements.removeAll()
        head = 0
    }
}
