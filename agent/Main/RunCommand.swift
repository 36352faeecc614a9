import AgentCore
import AgentHardware
import AgentLink
import AgentSlots
import ArgumentParser
import ClusterTypes
import Exposition
import Logging
import NIOCore
import NIOPosix
import Platform
import ProtocolMessages
import TLSIdentity

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run this machine's agent; join the cluster first if it has not.",
        discussion: """
            The join token comes from MORTISE_JOIN_TOKEN, from a file, or from standard input ('-'), never from an \
            argument. It is needed once: the identity is kept in the directory.

            Example:
              mortise-agent run --join-file join.token --label zone=a
              echo "$TOKEN" | mortise-agent run --join-file -

            An agent that knows when its machine will be gone (--lifetime, SLURM_JOB_END_TIME, 'mortise-agent leave
            --in') takes only what fits, drains before that and ends with 0.

            SIGTERM and SIGINT end the agent; its slots run on and are found again by the next one
            (--stop-slots ends them too). Exit status: 0 ended in order, 1 failure, 64 wrong usage,
            70 other protocol version, 71 other cluster, 72 node removed, 73 node unknown.
            """)

    @OptionGroup var place: AgentDirectoryOption
    @OptionGroup var address: AddressOptions
    @OptionGroup var lifetime: LifetimeOptions
    @OptionGroup var join: JoinTokenOption
    @Option(help: "The node's name; default is the host name. [MORTISE_NAME]")
    var name: String?
    @Option(
        help: """
            What this agent was launched in, as its launcher calls it; launchers set it. [MORTISE_ALLOCATION]
            """)
    var allocation: String?
    @Option(
        help: ArgumentHelp(
            "KEY=VALUE on this node; repeat it. [MORTISE_LABELS, comma-separated]", valueName: "label"))
    var label: [String] = []
    @Flag(help: "On SIGTERM and SIGINT stop the slots as well.")
    var stopSlots = false
    @Flag(help: "Do not run vendor tools such as nvidia-smi and npu-smi.")
    var noTools = false
    @OptionGroup var cloud: CloudOptions
    @OptionGroup(title: "Metrics") var metrics: MetricsOptions
    @Option(help: "trace, debug, info, notice, warning, error or critical. [MORTISE_LOG_LEVEL]")
    var logLevel: String?

    func run() throws {
        Signals.block([SIGTERM, SIGINT])
        let metricsEndpoint = try metrics.endpoint()
        let logger = try makeLogger()
        let directory = place.location
        try directory.create()
        guard let lock = try FileLock(path: directory.lockPath) else {
            throw Failure("Another agent uses \(directory.path): give each its own --directory.")
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let nodeName = name ?? Host.variable("MORTISE_NAME") ?? Host.name
        let labels = try parsedLabels(beside: cloudLabels(group, logger))
        let end = try lifetime.end(at: Instant(microseconds: SteadyClock.now()), logger: logger)
        let identity = try joined(directory, nodeName, group)
        var settings = HardwareProber.Settings(
            address: address.settings(coordinatorHosts: identity.agentEndpoints.map(Self.host)),
            workDirectory: directory.path)
        settings.usesTools = !noTools
        let prober = try HardwareProber(settings: settings)
        let hardware = prober.report()
        let runner = AgentRunner(
            eventLoop: group.next(), directory: directory, identity: identity, prober: prober,
            hardware: hardware,
            nodeName: nodeName, labels: labels, logger: logger)
        try runner.start()
        if let metricsEndpoint { try runner.serveMetrics(metricsEndpoint) }
        if let end { runner.learnEnd(end) }
        logger.notice(
            "the agent runs", metadata: ["node": "\(nodeName)", "address": "\(hardware.address.advertised)"])
        ProgramCode.releasePages()
        let signal = Signals.wait([SIGTERM, SIGINT])
        logger.notice("ending", metadata: ["signal": "\(signal)"])
        runner.shutDown(stopSlots ? .stopSlots : .keepSlots)
        // The driver ends the process; a second signal does it at once.
        _ = Signals.wait([SIGTERM, SIGINT])
        withExtendedLifetime(lock) {}
        throw ExitCode(130)
    }

    private func joined(
        _ directory: AgentDirectory, _ nodeName: String, _ group: MultiThreadedEventLoopGroup
    ) throws -> NodeIdentity {
        let files = directory.identityFiles
        if files.isEnrolled { return try files.load() }
        guard let text = try join.text() else {
            throw Failure(
                "This machine has not joined a cluster: give a join token by MORTISE_JOIN_TOKEN or --join-file "
                    + "('mortise-coordinator token create' makes one).")
        }
        let token = try JoinToken(parsing: text)
        return try Enrollment.enroll(
            token: token, nodeName: nodeName, allocation: allocation ?? Host.variable("MORTISE_ALLOCATION"),
            directory: files.directory, group: group
        ).wait()
    }

    /// An agent that does not learn its instance runs all the same.
    private func cloudLabels(_ group: any EventLoopGroup, _ logger: Logger) -> [Label] {
        guard let metadata = cloud.metadata(on: group.next()) else { return [] }
        if let instance = metadata.instance() { return instance.labels }
        logger.warning(
            "no metadata service of a known cloud answers", metadata: ["at": "\(metadata.service)"])
        return []
    }

    /// - Parameter found: those that given ones replace.
    private func parsedLabels(beside found: [Label]) throws -> [Label] {
        let inherited = Host.variable("MORTISE_LABELS")?.split(separator: ",").map(String.init) ?? []
        var labels = found
        for text in inherited + label {
            guard let label = Label(parsing: text) else {
                throw ValidationError("a label is KEY=VALUE, not '\(text)'")
            }
            labels.removeAll { $0.key == label.key }
            labels.append(label)
        }
        return labels.sorted()
    }

    private func makeLogger() throws -> Logger {
        let name = logLevel ?? Host.variable("MORTISE_LOG_LEVEL") ?? "notice"
        guard let level = Logger.Level(rawValue: name) else {
            throw ValidationError(
                "'\(name)' is no log level: take trace, debug, info, notice, warning, error or critical")
        }
        LoggingSystem.bootstrap(StreamLogHandler.standardError)
        var logger = Logger(label: "mortise-agent")
        logger.logLevel = level
        return logger
    }

    private static func host(_ endpoint: String) -> String {
        guard let colon = endpoint.lastIndex(of: ":") else { return endpoint }
        return endpoint[..<colon].filter { $0 != "[" && $0 != "]" }
    }
}

/// Builds the parts on the event loop and keeps them.
private final class AgentRunner: Sendable {
    private let eventLoop: any EventLoop
    private let directory: AgentDirectory
    private let identity: NodeIdentity
    private let prober: HardwareProber
    private let hardware: HardwareReport
    private let nodeName: String
    private let labels: [Label]
    private let logger: Logger
    private let driver: NIOLoopBoundBox<AgentDriver?>

    init(
        eventLoop: any EventLoop, directory: AgentDirectory, identity: NodeIdentity, prober: HardwareProber,
        hardware: HardwareReport, nodeName: String, labels: [Label], logger: Logger
    ) {
        self.eventLoop = eventLoop
        self.directory = directory
        self.identity = identity
        self.prober = prober
        self.hardware = hardware
        self.nodeName = nodeName
        self.labels = labels
        self.logger = logger
        driver = NIOLoopBoundBox.makeEmptyBox(eventLoop: eventLoop)
    }

    /// Finds the slots of an earlier agent, then dials.
    func start() throws {
        let helper = NIOThreadPool(numberOfThreads: 1)
        helper.start()
        try eventLoop.flatSubmit { self.assemble(helper) }.wait()
    }

    func serveMetrics(_ address: SocketAddress) throws {
        let place = try MetricsListener.start(address, on: eventLoop) { format in
            var exposition = Exposition(format)
            self.driver.value?.writeMetrics(into: &exposition)
            return exposition.finish()
        }.wait()
        logger.notice("metrics are served", metadata: ["at": "http://\(place)/metrics"])
    }

    func shutDown(_ mode: ShutdownMode) {
        eventLoop.execute { self.driver.value?.deliver(.shutdownRequested(mode)) }
    }

    func learnEnd(_ end: Instant) {
        logger.notice("this machine's time ends", metadata: ["at": "\(end.rfc3339Seconds)"])
        eventLoop.execute { self.driver.value?.deliver(.endLearned(end, isNotice: false)) }
    }

    private func assemble(_ helper: NIOThreadPool) -> EventLoopFuture<Void> {
        let slots = SlotManager(
            eventLoop: eventLoop, directory: directory.slotsPath, executable: directory.executable,
            nodeName: nodeName
        ) { event in self.driver.value?.deliver(Event(event)) }
        return slots.adopt().assumeIsolated().flatMapThrowing { running in
            var random = SystemRandomNumberGenerator()
            let core = Agent(
                identity: AgentIdentity(
                    build: mortiseVersion, cluster: self.identity.cluster, nodeName: self.nodeName,
                    instance: random.next(), bootID: self.prober.bootID, labels: self.labels),
                seed: random.next(), hardware: self.hardware, adopting: running)
            let driver = AgentDriver(
                eventLoop: self.eventLoop, core: core, files: self.directory.identityFiles,
                prober: self.prober,
                hardware: self.hardware, slotDirectory: self.directory.slotsPath, helper: helper,
                logger: self.logger,
                onExit: { self.end($0) })
            self.driver.value = driver
            driver.start(identity: self.identity, slots: slots)
            try LocalSocket.serve(in: self.directory, on: self.eventLoop) { request in self.answer(request) }
        }.nonisolated()
    }

    private func answer(_ request: LocalRequest) -> LocalAnswer {
        guard let driver = driver.value else { return LocalAnswer(text: "the agent starts") }
        switch request {
        case .status:
            let (report, load, text) = driver.status
            return LocalAnswer(text: text, report: report, load: load)
        case .leave:
            driver.deliver(.shutdownRequested(.stopSlots))
            return LocalAnswer(text: "the agent stops its slots and leaves")
        case .leaveIn(let seconds):
            let end = Instant(microseconds: SteadyClock.now()) + .seconds(Int64(seconds))
            driver.deliver(.endLearned(end, isNotice: true))
            return LocalAnswer(
                text: "the agent takes nothing new, stops its slots within \(seconds) s and leaves")
        }
    }

    /// A moment for the last frames to go out, then the process ends.
    private func end(_ reason: ExitReason) {
        let status: Int32
        switch reason {
        case .left: status = 0
        case .refused(let refusal):
            logger.error("turned away", metadata: ["reason": "\(refusal)"])
            status = refusal.exitStatus
        }
        eventLoop.scheduleTask(in: .milliseconds(100)) { exit(status) }
    }
}

extension Refusal {
    /// Documented in `run --help`.
    fileprivate var exitStatus: Int32 {
        switch code {
        case .versionMismatch: 70
        case .foreignCluster: 71
        case .revoked: 72
        case .unknownNode: 73
        case .identityInUse, .overloaded, .protocolViolation, .shuttingDown, .replaced: 1
        }
    }
}
