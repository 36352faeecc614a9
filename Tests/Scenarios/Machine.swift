import AgentCore
import ClusterTypes
import CoordinatorCore
import ProtocolMessages

/// One machine of the world: its agent, its supervisors and its link to the coordinator.
final class Machine {
    let name: String
    let node: NodeID
    let keyFingerprint: String
    var hardware: HardwareReport
    let labels: [Label]
    let cluster: String
    let version: ProtocolVersion

    /// nil once it has ended.
    var agent: Agent?
    /// Processes of the agent so far.
    var starts: UInt64 = 0
    var boots = 1
    var supervisors = OrderedTable<SlotKey, FakeSupervisor>()
    /// What supervisors are told, new ones too.
    var lease: Instant?
    /// When supervisors warn what runs, and when their slots have to be over.
    var end: (warnAt: Instant, until: Instant)?
    /// The operator has said that nothing runs here, true or not.
    var isRemoved = false

    /// The agent's end of the link.
    var connection: ConnectionID?
    /// Connecting fails at once, and connections break.
    var isCut = false
    /// What is sent does not arrive until the link is healed; nobody sees a broken connection.
    var isSilent = false
    var held: [Delivery] = []
    /// An attempt to connect over a silent link fails then.
    var dialTimeout: Instant?

    init(
        name: String, node: NodeID, keyFingerprint: String, hardware: HardwareReport, labels: [Label],
        cluster: String, version: ProtocolVersion
    ) {
        self.name = name
        self.node = node
        self.keyFingerprint = keyFingerprint
        self.hardware = hardware
        self.labels = labels
        self.cluster = cluster
        self.version = version
    }

    /// The agent's process starts (again), and finds the supervisors that run.
    func startAgent() {
        starts += 1
        // Supervisors know it still; the new process has to be told.
        end = nil
        let seed = name.utf8.reduce(starts) { $0 &* 31 &+ UInt64($1) }
        agent = Agent(
            identity: AgentIdentity(
                build: "test", cluster: cluster, nodeName: name, instance: seed, bootID: "boot \(boots)",
                labels: labels),
            seed: seed, hardware: hardware,
            adopting: supervisors.values.map {
                RunningSlot(
                    key: $0.key, state: $0.report.state, tasks: $0.held + $0.results.map(\.attempt),
                    hasVanished: $0.report.hasVanished)
            })
    }

    var nextWakeup: Instant? {
        let leases = supervisors.values.compactMap(\.stopsAt)
        let warnings = supervisors.values.compactMap(\.warnsAt)
        return ([agent?.nextWakeup, dialTimeout].compactMap(\.self) + leases + warnings).min()
    }
}

/// What the script drives: one slot's process.
struct FakeSupervisor {
    let key: SlotKey
    let specification: JobSpecification
    let devices: [DeviceGrant]
    var report: SlotReport
    /// Tasks that it was given and has not finished.
    var held: [TaskAttempt] = []
    /// Not recorded by the coordinator yet.
    var results: [TaskResult] = []
    var credits: UInt32 = 0
    var isToldToStop = false
    var lease: Instant?
    var end: (warnAt: Instant, until: Instant)?
    var isWarned = false

    init(
        _ assignment: Assignment, lease: Instant?, end: (warnAt: Instant, until: Instant)?, at now: Instant
    ) {
        self.lease = lease
        self.end = end
        key = assignment.key
        specification = assignment.specification
        devices = assignment.devices
        report = SlotReport(key: assignment.key, state: .assigned, at: now)
    }

    var isAlive: Bool { !report.state.isEnded }
    var warnsAt: Instant? { isAlive && !isWarned ? end?.warnAt : nil }
    /// By its lease or by the end of its machine's time, less the grace of its job.
    var stopsAt: Instant? {
        guard isAlive else { return nil }
        let lease = specification.onDisconnect == .stop ? lease : nil
        let end = end.map { $0.until - .seconds(Int64(specification.stopGraceSeconds)) }
        return [lease, end].compactMap(\.self).min()
    }
}

/// Something on its way.
enum Delivery {
    /// The TLS connection stands; the agent may say hello.
    case connected(ConnectionID)
    case message(CoordinatorMessage, ConnectionID)
    case closed(reason: String, ConnectionID)
    /// To the coordinator.
    case event(CoordinatorCore.Event, from: ConnectionID?)
}
