import AgentCore
import AgentHardware
import AgentLink
import AgentSlots
import ClusterTypes
import Exposition
import Logging
import NIOCore
import NIOPosix
import Platform
import ProtocolMessages
import TLSIdentity

/// The agent's only loop, on one event loop: take what has come, `handle` each event, perform the actions, sleep
/// until something comes or `nextWakeup`.
///
/// Only probes of the hardware run elsewhere: they block.
final class AgentDriver {
    private static let loadInterval = TimeAmount.seconds(5)

    private let eventLoop: any EventLoop
    private let files: NodeIdentityFiles
    private let prober: HardwareProber
    private let helper: NIOThreadPool
    private let logger: Logger
    private let onExit: (ExitReason) -> Void
    private var core: Agent
    private var hardware: HardwareReport
    private var link: AgentLink?
    private var slots: SlotManager?
    private var inbox: [Event] = []
    private var isDraining = false
    private let slotUsage: SlotUsage
    private var processUsage: [String: (milliCPU: UInt32, memoryBytes: Int64)] = [:]
    private var isLooking = false
    private var wakeup: Scheduled<Void>?
    private var renewal: Scheduled<Void>?
    /// For people: where the link stands.
    private var linkState = "connecting"
    private var isConnected = false
    private var load: Heartbeat?

    init(
        eventLoop: any EventLoop, core: Agent, files: NodeIdentityFiles, prober: HardwareProber,
        hardware: HardwareReport, slotDirectory: String, helper: NIOThreadPool, logger: Logger,
        onExit: @escaping (ExitReason) -> Void
    ) {
        self.eventLoop = eventLoop
        self.core = core
        self.files = files
        self.prober = prober
        self.hardware = hardware
        slotUsage = SlotUsage(directory: slotDirectory)
        self.helper = helper
        self.logger = logger
        self.onExit = onExit
    }

    /// From here on everything happens by events.
    func start(identity: NodeIdentity, slots: SlotManager) {
        self.slots = slots
        link = AgentLink(eventLoop: eventLoop, identity: identity) { [weak self] in self?.receive($0) }
        measureLoad()
        renewLater(identity.certificate.renewalDue - Self.now())
    }

    func deliver(_ event: Event) {
        inbox.append(event)
        guard !isDraining else { return }
        isDraining = true
        eventLoop.assumeIsolated().execute { self.drain() }
    }

    /// For `mortise-agent status`.
    var status: (HardwareReport, Heartbeat, String) {
        let end = core.endsAt.map { "; its time ends at \($0.rfc3339Seconds)" } ?? ""
        let (report, load) = prober.refreshed(hardware)
        return (report, withSlots(load), "\(linkState); \(core.runningSlots) slots run\(end)")
    }

    /// What this machine and this agent are now, as far as it is known without a probe.
    func writeMetrics(into exposition: inout Exposition) {
        exposition.begin("mortise_agent_info", .info, "The agent's build.")
        exposition.add(Labels(("version", mortiseVersion)), 1)
        exposition.begin(
            "mortise_agent_connected", .gauge, "1 while a coordinator takes this agent's heartbeats.")
        exposition.add(isConnected ? 1 : 0)
        exposition.begin("mortise_node_slots_running", .gauge, "Slots that have processes.")
        exposition.add(Double(core.runningSlots))
        exposition.begin(
            "mortise_agent_device_sample_age_seconds", .gauge, "Since a vendor's tool last answered.")
        exposition.add(prober.deviceSampleAge.map { Double($0.wholeMilliseconds) / 1_000 })
        StatusPrometheus.write(
            MachineStatus(report: prober.refreshed(hardware).report, load: load), into: &exposition)
        let usage = ProcessUsage.now()
        exposition.addProcess(
            cpuSeconds: usage.cpuSeconds, residentBytes: usage.residentBytes, openFiles: usage.openFiles,
            startedSeconds: usage.startedSeconds)
    }

    // MARK: The loop

    private func drain() {
        isDraining = false
        let now = Self.now()
        var output = Output()
        let events = inbox
        inbox = []
        for event in events { core.handle(event, at: now, into: &output) }
        if let due = core.nextWakeup, due <= now { core.handle(.wakeup, at: now, into: &output) }
        for action in output.actions { perform(action, at: now) }
        scheduleWakeup(after: now)
    }

    private func scheduleWakeup(after now: Instant) {
        wakeup?.cancel()
        wakeup = core.nextWakeup.map { due in
            let delay = TimeAmount.microseconds(max(0, (due - now).wholeMicroseconds))
            return eventLoop.assumeIsolated().scheduleTask(in: delay) { self.deliver(.wakeup) }
        }
    }

    private func perform(_ action: Action, at now: Instant) {
        switch action {
        case .connect: link?.connect()
        case .disconnect(let reason): link?.disconnect(reason: reason)
        case .send(let message): link?.send(message)
        case .startSlot(let assignment):
            slots?.start(
                assignment, devices: hardware.devices, memoryNodes: hardware.machine?.memoryNodes ?? [])
        case .stopSlot(let key, let reason): slots?.stop(key, reason: reason)
        case .giveTasks(let key, let orders): slots?.giveTasks(key, orders)
        case .forgetResults(let key, let attempts): slots?.forgetResults(key, attempts)
        case .forgetSlot(let key): slots?.forgetSlot(key)
        case .setLease(let until): slots?.setLease(until: until)
        case .setEnd(let warnAt, let until): slots?.setEnd(warning: warnAt - now, remaining: until - now)
        case .probeHardware(let request): probe(for: request)
        case .readLog(let request): slots?.readLog(request)
        case .cancelLog(let request): slots?.cancelLog(request: request)
        case .storeCertificate(let pem): storeCertificate(pem)
        case .exit(let reason): onExit(reason)
        }
    }

    private func receive(_ event: LinkEvent) {
        switch event {
        case .connected: deliver(.connected)
        case .message(let message):
            if case .welcome(let welcome) = message {
                isConnected = true
                let seen = link?.seenAddress.map { ", seen at \($0)" } ?? ""
                linkState = "connected to cluster '\(welcome.cluster)' as node \(welcome.node)\(seen)"
                logger.notice(
                    "connected", metadata: ["cluster": "\(welcome.cluster)", "node": "\(welcome.node)"])
            }
            deliver(.messageReceived(message))
        case .disconnected(let reason, _):
            isConnected = false
            linkState = "not connected: \(reason)"
            logger.warning("not connected", metadata: ["reason": "\(reason)"])
            deliver(.disconnected(reason: reason))
        }
    }

    private static func now() -> Instant { Instant(microseconds: SteadyClock.now()) }

    // MARK: Hardware

    private func probe(for request: UInt64) {
        let prober = prober
        helper.runIfActive(eventLoop: eventLoop) { prober.report() }.assumeIsolated().whenSuccess { report in
            self.hardware = report
            self.deliver(.hardwareProbed(report, request: request))
        }
    }

    private func measureLoad() {
        let load = withSlots(prober.load())
        self.load = load
        deliver(.loadMeasured(load))
        sampleDueDevices()
        lookAtProcesses()
        eventLoop.assumeIsolated().scheduleTask(in: Self.loadInterval) { self.measureLoad() }
    }

    private func withSlots(_ load: Heartbeat) -> Heartbeat {
        var load = load
        load.slots = slots?.samples(processUsage, utilization: load.devices.map(\.utilizationPercent)) ?? []
        return load
    }

    /// What they use is in the next load.
    private func lookAtProcesses() {
        guard core.runningSlots > 0, !isLooking else { return }
        isLooking = true
        let usage = slotUsage
        helper.runIfActive(eventLoop: eventLoop) { usage.look() }.assumeIsolated().whenComplete { result in
            self.isLooking = false
            if case .success(let usage) = result { self.processUsage = usage }
        }
    }

    /// The tools run on threads of the prober; only what they change comes back here.
    private func sampleDueDevices() {
        let driver = NIOLoopBound(self, eventLoop: eventLoop)
        prober.startDueProbes { [eventLoop] in eventLoop.execute { driver.value.tellNews() } }
    }

    private func tellNews() {
        let prober = prober
        helper.runIfActive(eventLoop: eventLoop) { prober.hasNews ? prober.latestReport() : nil }
            .assumeIsolated().whenSuccess { report in
                guard let report else { return }
                self.hardware = report
                self.deliver(.hardwareChanged(report))
            }
    }

    // MARK: Certificate

    private func renewLater(_ wait: Duration) {
        renewal?.cancel()
        renewal = eventLoop.assumeIsolated().scheduleTask(
            in: .microseconds(max(.seconds(1), wait).wholeMicroseconds)
        ) { self.renew() }
    }

    /// Asks for a certificate, and again whenever a tenth of what is left has passed, until one is kept: neither a
    /// lost answer nor a full disk may cost the node its identity.
    private func renew() {
        guard let identity = link?.identity else { return }
        let left = identity.certificate.notAfter - Self.now()
        guard left > .zero else {
            logger.error("the certificate has expired: this machine has to join again with a new token")
            return
        }
        renewLater(left / 10)
        do {
            deliver(.certificateDue(certificateRequest: try identity.renewalRequest()))
        } catch {
            logger.error("cannot ask for a new certificate", metadata: ["error": "\(error)"])
        }
    }

    private func storeCertificate(_ pem: String) {
        guard let link else { return }
        do {
            let renewed = try link.identity.renewed(certificatePEM: pem)
            // This process can go on with it even if it cannot be kept.
            link.identity = renewed
            try files.store(renewed)
            renewLater(renewed.certificate.renewalDue - Self.now())
            logger.info("the certificate is renewed")
        } catch {
            logger.error("cannot keep the renewed certificate", metadata: ["error": "\(error)"])
        }
    }
}

extension Event {
    init(_ event: SlotEvent) {
        switch event {
        case .slotChanged(let report): self = .slotChanged(report)
        case .tasksFinished(let key, let results): self = .tasksFinished(key, results)
        case .tasksWanted(let key, let credits): self = .tasksWanted(key, credits: credits)
        case .logRead(let chunk): self = .logRead(chunk)
        }
    }
}
