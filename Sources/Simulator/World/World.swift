import AgentCore
import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import ProtocolMessages

/// Coordinators and their agents in virtual time: the production machines, and everything around them replaced
/// by what may happen to it.
///
/// One thread, one queue of occurrences, chance from one seed. What is particular to one part stands in the
/// extensions: World+Coordinator and World+Agents are the drivers, World+Store the transactions, World+Leads who leads,
/// World+Network the links, World+Slots the supervisors, World+Launchers where nodes come from, World+Faults what goes
/// wrong, Client who submits and orders.
final class World {
    static let cluster = "lab"
    static let joinSecretHash = "join"

    let options: SimulationOptions
    let faults: [Fault]
    private let isOn: [Bool]
    /// By position in `Fault.allCases`.
    var spells = Fault.allCases.map { _ in Spell() }
    var queue = EventQueue()
    var now: Int64 = 0
    /// Reused for beats, and for each step of an agent: millions of them.
    var beatOutput = CoordinatorCore.Output()
    var agentOutput = AgentCore.Output()
    var trace: Trace
    var statistics = Statistics()

    var networkDice: Dice
    var faultDice: Dice
    var clientDice: Dice
    var launcherDice: Dice
    let executionSeed: UInt64

    /// Those of pools are added as they are launched; what has gone away stays.
    var hosts: [Host] = []
    let launchers: [PoolLauncher]
    /// Under way; looked up, never iterated.
    var launcherCalls: [UInt64: LauncherCall] = [:]
    var lastCall: UInt64 = 0
    /// Connections that are open at one end at least; looked up, never iterated.
    var links: [UInt64: Link] = [:]
    var lastSupervisor: UInt64 = 0
    /// Of each node, its machine; by number of the node.
    var hostOfNode: [NodeID: Int] = [:]
    /// In the order in which agents and clients try them.
    let coordinators: [CoordinatorProcess]
    let store = SharedStore()
    var lastTransaction: UInt64 = 0
    var lastConnection: UInt64 = 0
    var lastRequest: UInt64 = 0
    var client: Client
    var checkers: Checkers

    /// Until then faults strike; after it everything works.
    let healsAt: Int64
    var isHealed = false
    var convergedAt: Int64?
    private(set) var violations: [Violation] = []

    init(_ options: SimulationOptions, onLine: ((String) -> Void)?) {
        self.options = options
        var swarm = Dice(seed: options.seed, stream: 1)
        let chosen = options.faults ?? Fault.allCases.filter { _ in swarm.chance(50) }
        let launchers = PoolLauncher.draw(options)
        self.launchers = launchers
        faults = chosen.filter {
            (options.coordinators > 1 || !$0.needsStandby) && (!launchers.isEmpty || !$0.needsPools)
        }
        isOn = Fault.allCases.map { [faults] in faults.contains($0) }
        networkDice = Dice(seed: options.seed, stream: 2)
        faultDice = Dice(seed: options.seed, stream: 3)
        clientDice = Dice(seed: options.seed, stream: 4)
        launcherDice = Dice(seed: options.seed, stream: 7)
        var execution = Dice(seed: options.seed, stream: 5)
        executionSeed = execution.next()
        healsAt = Self.start + options.duration.wholeMicroseconds
        trace = Trace(onLine: onLine)
        coordinators = (0..<options.coordinators).map { CoordinatorProcess(index: $0, options) }
        client = Client()
        checkers = Checkers()
        now = Self.start
    }

    /// Clocks do not begin at zero: the first sums of a machine that mistakes zero for "never" would hide it.
    static let start: Int64 = 1_000_000_000_000

    func isOn(_ fault: Fault) -> Bool {
        !isHealed && isOn[Fault.allCases.firstIndex(of: fault) ?? 0]
    }

    // MARK: The loop

    func run() -> SimulationReport {
        begin()
        while violations.isEmpty, convergedAt == nil, let next = queue.pop() {
            now = next.at
            trace.note(next)
            perform(next)
        }
        if violations.isEmpty, convergedAt == nil { report("convergence", "nothing happens any more") }
        for violation in checkers.finish(self) { report(violation.checker, violation.message) }
        statistics.tasksDecided = checkers.outcomes.decidedCount
        return SimulationReport(
            options: options, faults: faults, violations: violations, traceHash: trace.hash,
            events: trace.events, virtualTime: .microseconds(now - Self.start),
            recovery: convergedAt.map { .microseconds($0 - healsAt) }, statistics: statistics)
    }

    private func begin() {
        makeHosts()
        startCoordinators()
        createJoinToken()
        launchHosts()
        scheduleFaults()
        scheduleClient()
        queue.push(.healing, at: healsAt)
    }

    private func perform(_ next: Occurrence) {
        if isLocal(next.kind), let until = hosts[Int(next.host)].suspendedUntil, until > now {
            hosts[Int(next.host)].postponed.append(next)
            return
        }
        switch next.kind {
        case .coordinatorTurn: takeTurn(of: coordinators[Int(next.host)], scheduledAt: next.at)
        case .commitEnded: endCommit(next.subject, of: coordinators[Int(next.host)])
        case .coordinatorStarts: startCoordinator(coordinators[Int(next.host)])
        case .coordinatorResumes: wakeCoordinator(coordinators[Int(next.host)])
        case .storeHeals: healStorePartition(of: coordinators[Int(next.host)])
        case .agentsHeal: healAgentPartition(of: coordinators[Int(next.host)])
        case .standbyPolls: poll(coordinators[Int(next.host)])
        case .leadBegins: startLead(coordinators[Int(next.host)], next.subject)
        case .sessionWorked: workSession(next.subject)
        case .sessionExpires: expireSession(next.subject)
        case .storeAttempt: advanceStore(of: coordinators[Int(next.host)])
        case .storeLeaves: takeStoreAway(for: Int64(next.subject))
        case .storeReturns: returnStore()
        case .agentWakeup: wakeAgent(of: hosts[Int(next.host)], scheduledAt: next.at)
        case .agentStarts: startAgent(of: hosts[Int(next.host)])
        case .agentResumes: resumeAgent(of: hosts[Int(next.host)])
        case .hostEnds: takeAway(hosts[Int(next.host)])
        case .hostResumes: resume(hosts[Int(next.host)])
        case .dialEnded: endDial(of: hosts[Int(next.host)], next.subject, next.detail)
        case .arrivedAtCoordinator: arriveAtCoordinator(next.subject)
        case .arrivedAtAgent: arriveAtAgent(next.subject)
        case .linkHeals: healLink(of: hosts[Int(next.host)], next.subject)
        case .supervisorTimer: runTimer(of: hosts[Int(next.host)], next.subject, next.detail)
        case .deviceRecovers: recoverDevices(of: hosts[Int(next.host)])
        case .storeRecovers: store.commitsFail = false
        case .launcherWorks: workLauncher(next.subject)
        case .launcherAnswers: takeLauncherAnswer(next.subject)
        case .allocationRuns: runAllocation(Int(next.subject), of: launchers[Int(next.host)])
        case .allocationEnds:
            endAllocation(
                Int(next.subject), of: launchers[Int(next.host)],
                as: Allocation.State.allCases[Int(next.detail)])
        case .clientStep: stepClient()
        case .faultStrikes: strike(Fault.allCases[Int(next.detail)])
        case .healing: heal()
        case .deadline: checkConvergence(isLast: next.detail == 1)
        }
    }

    /// Happens on a machine, and waits while that stands still.
    private func isLocal(_ kind: Occurrence.Kind) -> Bool {
        switch kind {
        case .agentWakeup, .agentStarts, .agentResumes, .dialEnded, .arrivedAtAgent, .supervisorTimer: true
        case .coordinatorTurn, .commitEnded, .coordinatorStarts, .coordinatorResumes, .hostResumes, .hostEnds,
            .arrivedAtCoordinator, .linkHeals, .deviceRecovers, .storeRecovers, .clientStep, .faultStrikes,
            .healing, .deadline, .storeHeals, .agentsHeal, .standbyPolls, .leadBegins, .sessionWorked,
            .sessionExpires, .storeAttempt, .storeLeaves, .storeReturns, .launcherWorks, .launcherAnswers,
            .allocationRuns, .allocationEnds:
            false
        }
    }

    // MARK: What is found

    func report(_ checker: String, _ message: String) {
        violations.append(
            Violation(at: Instant(microseconds: now), checker: checker, message: message))
    }

    func observe(_ observation: Observation) {
        trace.explain("\(observation)")
        for violation in checkers.observe(observation, self) { report(violation.checker, violation.message) }
    }

    // MARK: The beginning

    private func makeHosts() {
        var dice = Dice(seed: options.seed, stream: 6)
        hosts.reserveCapacity(options.agents)
        for index in 0..<options.agents {
            let host = Host(index: index, hardware: Self.hardware(of: index, &dice))
            host.latency = dice.spread(100, 5_000)
            if isOn(.drift) { host.drift = dice.below(10_000) - 5_000 }
            hosts.append(host)
        }
    }

    private static func hardware(of index: Int, _ dice: inout Dice) -> HardwareReport {
        // The first can hold every slot that is asked for: a job that is submitted before anybody has joined is taken,
        // and waits for ever for what nobody has.
        let isFirst = index == 0
        let processors = max(Int64(2) << dice.below(4), isFirst ? 4 : 0)
        let devices = max(dice.chance(40) ? UInt32(1) << UInt32(dice.below(4)) : 0, isFirst ? 2 : 0)
        return .simulated(
            name: "node-\(index)", processors: processors, devices: devices,
            architecture: dice.chance(80) ? .amd64 : .arm64)
    }

    private func launchHosts() {
        for host in hosts {
            if isOn(.nodesNeverJoin), faultDice.chance(5), host.index > 0 {
                host.isAbsent = true
                continue
            }
            let window = options.duration.wholeMicroseconds / 2
            let isLate = isOn(.lateNodes) && faultDice.chance(20)
            let delay = isLate ? faultDice.below(max(1, window)) : faultDice.below(5_000_000)
            queue.push(.agentStarts, at: now + delay, host: UInt32(host.index))
        }
    }
}

extension HardwareReport {
    static func simulated(
        name: String, processors: Int64, devices: UInt32, architecture: Architecture
    ) -> HardwareReport {
        let memory = processors << 31
        return HardwareReport(
            hostname: name, architecture: architecture, operatingSystem: "Linux", kernel: "6",
            processor: ProcessorReport(
                model: "CPU", sockets: 1, cores: UInt32(processors), threads: UInt32(processors),
                usableMilliCPU: processors * 1_000),
            memory: MemoryReport(totalBytes: memory, availableBytes: memory),
            disk: DiskReport(path: "/", totalBytes: 1 << 40, availableBytes: 1 << 40),
            devices: (0..<devices).map {
                DeviceReport(
                    type: .gpu, vendor: "nvidia", model: "H100", index: $0, visibleID: "GPU-\(name)-\($0)",
                    memoryTotalBytes: 80 << 30, health: .ok)
            },
            address: AddressReport(local: name, advertised: name, rule: "address"))
    }
}
