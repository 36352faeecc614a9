import AgentCore
import AgentLink
import ClusterTypes
import HTTPSClient
import NIOCore
import Platform
import ProtocolMessages
import TLSIdentity

/// The agent's own machine and link, joined as `mortise-agent` joins them, over a machine and slots that are not there.
///
/// Lives on the event loop of its fleet, as everything below.
final class PretendedAgent {
    let name: String
    let node: NodeID
    /// The coordinator has welcomed this connection.
    private(set) var isWelcomed = false
    private var wasWelcomed = false
    private unowned let fleet: FleetLoop
    private let index: Int
    private var core: Agent
    private var machine: PretendedMachine
    private var slots: PretendedSlots
    private var link: AgentLink?
    private var inbox: [Event] = []
    private var isDraining = false
    private var lastMeasured: Instant
    /// Beats that are not acknowledged, oldest first.
    private var beats: [(sequence: UInt64, at: Instant)] = []
    /// Results that are not acknowledged, oldest first.
    private var results: [(count: Int, at: Instant)] = []
    /// Nothing of it is heard any more, though its connection stands.
    private var isSilenced = false

    init(
        fleet: FleetLoop, index: Int, name: String, identity: NodeIdentity, endpoints: [String],
        settings: FleetSettings
    ) {
        self.fleet = fleet
        self.index = index
        self.name = name
        node = identity.node
        let seed = settings.seed &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15
        var random = SeededRandom(seed: seed)
        machine = PretendedMachine(name: name, devices: settings.devices, seed: random.next())
        slots = PretendedSlots(taskTime: settings.taskTime)
        lastMeasured = fleet.now
        core = Agent(
            identity: AgentIdentity(
                build: "bench", cluster: identity.cluster, nodeName: name, instance: random.next(),
                bootID: "bench-\(seed)", labels: []),
            seed: random.next(),
            hardware: machine.report(address: "10.\(index >> 16 & 255).\(index >> 8 & 255).\(index & 255)"),
            adopting: [])
        link = AgentLink(eventLoop: fleet.eventLoop, identity: identity, endpoints: endpoints) {
            [unowned self] in receive($0)
        }
    }

    /// Begins to dial. Its time is told to the fleet from now on.
    func start() {
        deliver(.loadMeasured(machine.measure(after: 0)))
    }

    /// Something is due.
    func wake() {
        if fleet.now - lastMeasured >= .seconds(4) {
            let seconds = (fleet.now - lastMeasured).components.seconds
            lastMeasured = fleet.now
            deliver(.loadMeasured(machine.measure(after: UInt32(clamping: seconds))))
        } else {
            deliver(.wakeup)
        }
    }

    // MARK: Ends

    /// Ends without a word; the connection stands, as that of a machine that hangs.
    func silence() {
        isSilenced = true
        fleet.setDeadline(of: index, to: nil)
    }

    /// Ends without a word; the connection goes with it, as with a process that is killed.
    func cut() {
        silence()
        link?.disconnect(reason: "cut")
    }

    // MARK: The loop

    private func deliver(_ event: Event) {
        guard !isSilenced else { return }
        inbox.append(event)
        guard !isDraining else { return }
        isDraining = true
        while !inbox.isEmpty { drain() }
        isDraining = false
        fleet.setDeadline(of: index, to: .earlier(core.nextWakeup, slots.nextDue))
    }

    private func drain() {
        let now = fleet.now
        var output = Output()
        slots.advance(to: now, into: &inbox)
        let events = inbox
        inbox = []
        for event in events { core.handle(event, at: now, into: &output) }
        if let due = core.nextWakeup, due <= now { core.handle(.wakeup, at: now, into: &output) }
        for action in output.actions { perform(action, at: now) }
    }

    private func perform(_ action: Action, at now: Instant) {
        switch action {
        case .connect: link?.connect()
        // Told as `disconnected` at once, where there is something to end.
        case .disconnect(let reason): link?.disconnect(reason: reason)
        case .send(let message): send(message, at: now)
        case .startSlot(let assignment): slots.start(assignment, at: now, into: &inbox)
        case .stopSlot(let key, _): slots.stop(key, at: now, into: &inbox)
        case .giveTasks(let key, let orders):
            slots.give(orders, to: key, at: now, into: &inbox)
            slots.advance(to: now, into: &inbox)
        case .probeHardware(let request):
            inbox.append(.hardwareProbed(machine.report(address: "10.0.0.1"), request: request))
        case .readLog(let request):
            inbox.append(.logRead(LogChunk(request: request.request, isEnd: true)))
        case .exit(let reason): fleet.note(exit: reason)
        case .forgetResults, .forgetSlot, .setLease, .setEnd, .cancelLog, .storeCertificate: break
        }
    }

    private func send(_ message: AgentMessage, at now: Instant) {
        switch message {
        case .hello: fleet.noteHello()
        case .heartbeat(let beat):
            beats.append((beat.sequence, now))
            fleet.noteBeat(at: now)
        case .taskResults(_, let batch): results.append((batch.count, now))
        case .pull, .slotReport, .pullTasks, .hardware, .logChunk, .renewCertificate, .leaving, .empty,
            .lifetime:
            break
        }
        link?.send(message)
    }

    // MARK: From the link

    private func receive(_ event: LinkEvent) {
        fleet.readClock()
        switch event {
        case .connected: deliver(.connected)
        case .message(let message):
            note(message)
            deliver(.messageReceived(message))
        case .disconnected(let reason, _):
            lose(reason)
            deliver(.disconnected(reason: reason))
        }
    }

    private func note(_ message: CoordinatorMessage) {
        switch message {
        case .welcome:
            guard !isWelcomed else { return }
            isWelcomed = true
            fleet.noteWelcome(isFirst: !wasWelcomed)
            wasWelcomed = true
        case .heartbeatAcknowledged(let sequence, _):
            // One acknowledgement may stand for those before it.
            while let first = beats.first, first.sequence <= sequence {
                fleet.noteAcknowledgement(ofBeatAt: first.at)
                beats.removeFirst()
            }
        case .taskResultsAcknowledged:
            guard !results.isEmpty else { return }
            let first = results.removeFirst()
            fleet.noteResults(first.count, at: first.at)
        case .slotEndAcknowledged: fleet.noteSlotEnd()
        case .refusal(let refusal): fleet.noteRefusal(refusal.code.rawValue)
        case .assign, .stopSlot, .assignTasks, .requestHardware, .requestLog, .cancelLog, .certificate,
            .confirmEmpty:
            break
        }
    }

    /// Once for each connection.
    private func lose(_ reason: String) {
        beats = []
        results = []
        if isWelcomed { fleet.noteLoss(reason) } else { fleet.noteFailure(reason) }
        isWelcomed = false
    }
}
