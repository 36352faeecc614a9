import AgentCore
import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import ProtocolMessages

/// One coordinator and a few machines in virtual time: the production state machines, with everything around them
/// replaced by what is simplest. Links are perfect and ordered until the script breaks them; a message takes no
/// time. What happens is written to the trace as it happens.
final class World {
    static let cluster = "lab"
    static let joinSecretHash = "join"
    /// An attempt to connect over a silent link gives up after this.
    static let dialPatience = Duration.seconds(10)
    /// More events than this at one moment are a loop.
    static let eventsAtOneMoment = 2_000

    var now = Instant.epoch
    var machines: [Machine] = []
    var jobs: [String: JobID] = [:]

    // The coordinator and what its driver keeps.
    let store = MemoryStore()
    /// nil while it is down.
    var core: Coordinator?
    var backlog = CoordinatorCore.Output()
    var isStoreFailing = false
    var isStoreFailureKnown = false
    var isStalled = false
    /// What came in during a stall.
    var inbox: [CoordinatorCore.Event] = []
    var lastConnection: UInt64 = 0
    var lastRequest: UInt64 = 0
    var lastEnrolled: NodeID?

    /// On the way, in the order of sending.
    private var deliveries: [(Machine?, Delivery)] = []
    private var lines: [String] = []
    private var tracedMoment = Instant.epoch
    private var eventsAtThisMoment = 0
    /// What happens now is not worth a line.
    var isHushed = false

    init() {
        isHushed = true
        startCoordinator()
        command(
            .createToken(
                name: "join", purpose: .join(pool: "default"), secretHash: Self.joinSecretHash,
                expiresAt: nil, uses: nil))
        settle()
        isHushed = false
    }

    // MARK: The trace

    func note(_ line: String) {
        if isHushed, !line.hasPrefix("BROKEN") { return }
        if tracedMoment != now {
            tracedMoment = now
            lines.append("@ \(now)")
        }
        lines.append(line)
    }

    func takeTrace() -> [String] {
        defer { lines = [] }
        return lines.isEmpty ? ["(nothing)"] : lines
    }

    // MARK: Time

    /// Lets the time pass, and everybody wake up when they asked for it.
    func advance(_ duration: Duration) {
        let end = now + duration
        settle()
        while let moment = nextMoment, moment <= end {
            if moment > now {
                now = moment
                eventsAtThisMoment = 0
            }
            wake()
            settle()
        }
        now = end
        eventsAtThisMoment = 0
    }

    private var nextMoment: Instant? {
        var moments = machines.compactMap(\.nextWakeup)
        if !isStalled, let wakeup = core?.nextWakeup { moments.append(wakeup) }
        return moments.min()
    }

    private func wake() {
        if !isStalled, let wakeup = core?.nextWakeup, wakeup <= now { drive(.wakeup) }
        for machine in machines {
            for key in machine.supervisors.keys {
                if let warning = machine.supervisors[key]?.warnsAt, warning <= now { warn(key, on: machine) }
                if let end = machine.supervisors[key]?.stopsAt, end <= now {
                    let isLease = machine.supervisors[key]?.lease.map { $0 <= now } ?? false
                    note(
                        "\(machine.name) \(key) stops itself: its \(isLease ? "lease" : "node's time") is over"
                    )
                    let reason = isLease ? "lease over" : "its node's time ends"
                    report(SlotReport(key: key, state: .finished, reason: reason, at: now), on: machine)
                }
            }
            if let timeout = machine.dialTimeout, timeout <= now {
                machine.dialTimeout = nil
                drive(machine, .disconnected(reason: "no answer"))
            }
            if let wakeup = machine.agent?.nextWakeup, wakeup <= now { drive(machine, .wakeup) }
        }
    }

    private func countEvent() {
        eventsAtThisMoment += 1
        precondition(
            eventsAtThisMoment < Self.eventsAtOneMoment, "The machines keep each other busy without end.")
    }

    // MARK: Messages on their way

    /// Delivers all that is on its way, and all that follows from it.
    func settle() {
        while !deliveries.isEmpty {
            let (machine, delivery) = deliveries.removeFirst()
            deliver(delivery, to: machine)
        }
    }

    /// - Parameter machine: whose link it takes; nil for what takes none.
    func send(_ delivery: Delivery, over machine: Machine?) {
        if let machine, machine.isSilent {
            machine.held.append(delivery)
        } else {
            deliveries.append((machine, delivery))
        }
    }

    private func deliver(_ delivery: Delivery, to machine: Machine?) {
        switch delivery {
        case .connected(let connection):
            guard let machine, machine.connection == connection else { return }
            drive(machine, .connected)
        case .message(let message, let connection):
            guard let machine, machine.connection == connection else { return }
            if let line = Words.line(message, self) { note("\(machine.name) <- \(line)") }
            drive(machine, .messageReceived(message))
        case .closed(let reason, let connection):
            guard let machine, machine.connection == connection else { return }
            machine.connection = nil
            drive(machine, .disconnected(reason: reason))
        case .event(let event, _):
            if case .agentMessage(_, let message) = event, let machine, let line = Words.line(message, self) {
                note("\(machine.name) -> \(line)")
            }
            drive(event)
        }
    }

    // MARK: The agents' drivers

    func drive(_ machine: Machine, _ event: AgentCore.Event) {
        guard var agent = machine.agent else { return }
        countEvent()
        var output = AgentCore.Output()
        agent.handle(event, at: now, into: &output)
        machine.agent = agent
        for fault in agent.checkInvariants() { note("BROKEN \(machine.name): \(fault)") }
        for action in output.actions { perform(action, of: machine) }
        checkWorld()
    }

    private func perform(_ action: AgentCore.Action, of machine: Machine) {
        if let line = Words.line(action) { note("\(machine.name) \(line)") }
        switch action {
        case .connect: connect(machine)
        case .disconnect(let reason):
            if let connection = machine.connection {
                machine.connection = nil
                send(.event(.agentDisconnected(connection, reason: reason), from: connection), over: machine)
            }
        case .send(let message):
            guard let connection = machine.connection else { return }
            var message = message
            if case .hello(var hello) = message {
                hello.version = machine.version
                message = .hello(hello)
            }
            send(.event(.agentMessage(connection, message), from: connection), over: machine)
        case .startSlot(let assignment):
            machine.supervisors[assignment.key] = FakeSupervisor(
                assignment, lease: machine.lease, end: machine.end, at: now)
        case .stopSlot(let key, _): machine.supervisors[key]?.isToldToStop = true
        case .giveTasks(let key, let orders):
            machine.supervisors[key]?.held += orders.map(\.attempt)
            let given = UInt32(orders.count)
            if let credits = machine.supervisors[key]?.credits {
                machine.supervisors[key]?.credits = credits - min(credits, given)
            }
        case .forgetResults(let key, let attempts):
            machine.supervisors[key]?.results.removeAll { attempts.contains($0.attempt) }
        case .forgetSlot(let key): machine.supervisors[key] = nil
        case .setLease(let until):
            machine.lease = until
            for key in machine.supervisors.keys { machine.supervisors[key]?.lease = until }
        case .setEnd(let warnAt, let until):
            machine.end = (warnAt, until)
            for key in machine.supervisors.keys { machine.supervisors[key]?.end = (warnAt, until) }
        case .exit: machine.agent = nil
        case .probeHardware, .readLog, .cancelLog, .storeCertificate: break
        }
    }

    func connect(_ machine: Machine) {
        if machine.isSilent {
            machine.dialTimeout = now + Self.dialPatience
        } else if machine.isCut || core == nil {
            drive(machine, .disconnected(reason: "connection refused"))
        } else {
            lastConnection += 1
            let connection = ConnectionID(lastConnection)
            machine.connection = connection
            let peer = PeerIdentity(
                node: machine.node, keyFingerprint: machine.keyFingerprint, address: machine.name)
            send(.event(.agentConnected(connection, peer), from: connection), over: machine)
            send(.connected(connection), over: machine)
        }
    }

    /// What waits goes back; a slot of tasks ends when it has nothing left to run.
    private func warn(_ key: SlotKey, on machine: Machine) {
        guard let supervisor = machine.supervisors[key] else { return }
        machine.supervisors[key]?.isWarned = true
        let signal = supervisor.specification.warningSignal.map { " by \($0.rawValue)" } ?? ""
        note("\(machine.name) \(key) is warned\(signal)")
        guard supervisor.specification.kind == .tasks else { return }
        let waiting = supervisor.held.dropFirst().map {
            TaskResult(attempt: $0, exitCode: 0, isUnstarted: true)
        }
        machine.supervisors[key]?.held = Array(supervisor.held.prefix(1))
        machine.supervisors[key]?.results += waiting
        if !waiting.isEmpty { drive(machine, .tasksFinished(key, waiting)) }
        if supervisor.held.isEmpty {
            report(
                SlotReport(key: key, state: .finished, reason: "its node's time ends", at: now), on: machine)
        }
    }

    /// A supervisor says what its slot does.
    func report(_ report: SlotReport, on machine: Machine) {
        machine.supervisors[report.key]?.report = report
        drive(machine, .slotChanged(report))
    }

    // MARK: Rules of the world

    /// What no message can excuse.
    private func checkWorld() {
        var running: [SlotID: String] = [:]
        for machine in machines {
            var shares: [UInt32: UInt32] = [:]
            for supervisor in machine.supervisors.values where supervisor.isAlive {
                for grant in supervisor.devices { shares[grant.device, default: 0] += grant.shares }
                if supervisor.isToldToStop || machine.isRemoved { continue }
                let place = "\(supervisor.key) on \(machine.name)"
                if let other = running.updateValue(place, forKey: supervisor.key.slot) {
                    note("BROKEN world: slot \(supervisor.key.slot) runs twice: \(other), \(place)")
                }
            }
            if shares.values.contains(where: { $0 > wholeDeviceShares }) {
                note("BROKEN world: a device of \(machine.name) is used twice")
            }
        }
    }
}
