import ClusterTypes
import CoordinatorPlacement
import CoordinatorStore
import ProtocolMessages

@testable import CoordinatorCore

/// Some nodes and jobs to which anything may happen at any time, drawn from one seed.
///
/// What agents say is mostly what agents would say (they know what they were given), sometimes old, sometimes
/// invented. Writes go to a store; the coordinator may be started anew from it at any moment.
struct RandomWalk {
    /// An agent as far as the coordinator can tell.
    struct FakeAgent {
        var node: NodeID
        var key: String
        var connection: ConnectionID?
        var instance: UInt64
        /// What it runs, in the order in which it was given, with the tasks that each slot holds.
        var slots: [(key: SlotKey, state: SlotState, tasks: [TaskAttempt])] = []
        /// To be answered when nothing runs.
        var emptinessAsked: UInt64?
    }

    let seed: UInt64
    var random: SeededRandom
    let limits: Limits
    let store = MemoryStore()
    var core: Coordinator
    var now = Instant.seconds(1_000)
    var agents: [FakeAgent] = []
    /// Not committed while the store fails.
    var backlog = Output()
    var isStoreFailing = false
    /// Everything that came out, for comparison with another walk.
    var outputs: [Output] = []
    var faults: [String] = []
    var lastConnection: UInt64 = 0
    var lastRequest: UInt64 = 0
    var events = 0
    /// Agents that were told to go.
    var gone: Set<NodeID> = []
    var launcher = FakeLauncher()

    init(seed: UInt64) {
        self.seed = seed
        random = SeededRandom(seed: seed)
        var limits = Limits.defaults
        limits.endedJobsKept = 4
        limits.endedLaunchesKept = 3
        limits.tasksPerSlot = 6
        limits.slotFailuresInARow = 3
        limits.releasedNodesKept = 2
        limits.activeJobs = 12
        limits.crashesKept = 3
        limits.blackHoleFailures = 2
        limits.blackHoleJobs = 2
        limits.quarantineFirstSeconds = 5
        limits.quarantineLongestSeconds = 20
        limits.massSilenceHoldSeconds = 30
        limits.hellosPerSecond = 20
        limits.flapCount = 3
        limits.dampingFirstSeconds = 5
        limits.patienceSeconds = seed % 2 == 0 ? 5 : 600
        limits.preemptionGap = seed % 3 == 0 ? 1 : nil
        limits.returnToService = ReturnToService.allCases[Int(seed % 3)]
        self.limits = limits
        core = Coordinator(cluster: "lab", limits: limits, restoring: Snapshot(), at: now)
        command(
            .createToken(name: "j", purpose: .join(pool: "p"), secretHash: "join", expiresAt: nil, uses: nil))
        if hasPools { describePools() }
    }

    var hasPools: Bool { seed % 2 == 1 }

    // MARK: The driver

    mutating func handle(_ event: Event) {
        events += 1
        var output = Output()
        core.handle(event, at: now, into: &output)
        check("\(event)")
        for _ in 0..<3 {
            guard let wakeup = core.nextWakeup, wakeup <= now else { break }
            core.handle(.wakeup, at: now, into: &output)
            check("the wakeup after \(event)")
        }
        if let wakeup = core.nextWakeup, wakeup <= now {
            faults.append("\(place): wakeups repeat without end after \(event)")
        }
        outputs.append(output)
        backlog.writes += output.writes
        backlog.actions += output.actions
        commit()
    }

    var place: String { "seed \(seed), event \(events)" }

    private mutating func check(_ what: String) {
        for fault in core.checkInvariants() { faults.append("\(place), \(what.prefix(300)): \(fault)") }
    }

    private mutating func commit() {
        if isStoreFailing {
            let actions = backlog.actions.filter(\.isIndependentOfWrites)
            backlog.actions.removeAll(where: \.isIndependentOfWrites)
            for action in actions { perform(action) }
            return
        }
        do {
            _ = try store.commit(backlog.writes.coalesced())
        } catch {
            faults.append("\(place): \(error)")
        }
        let actions = backlog.actions
        backlog = Output()
        for action in actions { perform(action) }
    }

    private func agent(at connection: ConnectionID) -> Int? {
        agents.firstIndex { $0.connection == connection }
    }

    private mutating func perform(_ action: Action) {
        switch action {
        case .send(let connection, let message):
            guard let agent = agent(at: connection) else { return }
            switch message {
            case .assign(let assignment):
                agents[agent].slots.append((assignment.key, .assigned, []))
                checkDevices(of: assignment, memoryBytes: Self.deviceMemoryBytes(of: agents[agent].node))
            case .welcome(let welcome):
                agents[agent].slots.removeAll { !welcome.keep.contains($0.key) }
                agents[agent].emptinessAsked = nil
            case .confirmEmpty(let generation): agents[agent].emptinessAsked = generation
            case .slotEndAcknowledged(let key): agents[agent].slots.removeAll { $0.key == key }
            case .stopSlot(let key, _):
                if let slot = agents[agent].slots.firstIndex(where: { $0.key == key }) {
                    agents[agent].slots[slot].state = .stopping
                }
            default: break
            }
        case .sendTasks(let connection, let key, _, let tasks, _):
            guard let agent = agent(at: connection),
                let slot = agents[agent].slots.firstIndex(where: { $0.key == key })
            else { return }
            agents[agent].slots[slot].tasks += tasks
        case .refuse(let connection, let refusal):
            guard let agent = agent(at: connection) else { return }
            agents[agent].connection = nil
            if refusal.code == .revoked || refusal.code == .unknownNode { gone.insert(agents[agent].node) }
        case .reply(_, .enrolled(let node, _)):
            if !agents.contains(where: { $0.node == node }) {
                agents.append(FakeAgent(node: node, key: "key \(lastRequest)", instance: lastRequest))
            }
        case .launch, .listAllocations, .releaseAllocations: take(action)
        case .reply, .renewCertificate: break
        }
    }

    /// Of all of a node's devices; different on each second node.
    static func deviceMemoryBytes(of node: NodeID) -> Int64 { (node.rawValue % 2 == 0 ? 80 : 40) << 30 }

    /// What is asked for by memory is there in thousandths, and not one more.
    private mutating func checkDevices(of assignment: Assignment, memoryBytes: Int64) {
        guard let bytes = assignment.specification.resources.devices?.memoryShareBytes else { return }
        let isRight = assignment.devices.allSatisfy { grant in
            Int64(grant.shares) * memoryBytes >= 1_000 * bytes
                && Int64(grant.shares - 1) * memoryBytes < 1_000 * bytes
        }
        if !isRight || assignment.devices.isEmpty {
            faults.append("\(place): \(bytes) bytes of \(memoryBytes) are \(assignment.devices)")
        }
    }

    mutating func command(_ command: Command) {
        lastRequest += 1
        handle(.commandReceived(RequestID(lastRequest), command))
    }

    // MARK: Chance

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
    private mutating func anyNode() -> NodeID { NodeID(UInt64(below(Int(core.lastNode) + 1))) }

    private mutating func anyJob() -> JobID {
        let known = core.jobs.keys
        if known.isEmpty || chance(5) { return JobID(UInt64(below(Int(core.lastJob) + 2))) }
        return known[below(known.count)]
    }

    mutating func step() {
        agents.removeAll { gone.contains($0.node) }
        switch below(1_000) {
        case 0..<60: pass()
        case 60..<100: submit()
        case 100..<130:
            let payloads = (0..<below(9)).map { "p\($0)" }
            command(.appendTasks(anyJob(), payloads: payloads, close: chance(50)))
        case 130..<135: command(.cancelJob(anyJob()))
        case 135..<140: command(.pauseJob(anyJob()))
        case 140..<160: command(.resumeJob(anyJob()))
        case 160..<180: retry()
        case 180..<187: command(.drainNode(anyNode(), reason: chance(50) ? "disk" : ""))
        case 187..<194: command(.cordonNode(anyNode(), reason: "look"))
        case 194..<220: command(.uncordonNode(anyNode()))
        case 220..<222: command(.removeNode(anyNode(), reason: "sold"))
        case 265..<300: command(.acceptNode(anyNode()))
        case 222..<240 where agents.count < 5: enroll()
        case 300..<306: changeVirtualClusters()
        case 240..<260: ask()
        case 260..<265: failStore()
        case 306..<560 where hasPools: launcherActs()
        default: agentActs()
        }
        if isStoreFailing, chance(10) {
            // A coordinator that ends now takes with it what it could not write.
            if chance(20) { crash() } else { recoverStore() }
        }
    }

    mutating func enroll() {
        let name = chance(20) ? "same" : "n\(core.lastNode + 1)"
        let key = "key \(lastRequest + 1)"
        command(.enrollNode(secretHash: chance(95) ? "join" : "wrong", name: name, keyFingerprint: key))
    }

    /// Long silences are rare, so that not all is lost all the time.
    private mutating func pass() {
        let milliseconds = chance(8) ? below(40_000) : below(1_500)
        let end = now + .milliseconds(milliseconds)
        let isStall = chance(10)
        while !isStall, let wakeup = core.nextWakeup, wakeup <= end {
            now = max(now, wakeup)
            handle(.wakeup)
            if milliseconds < 20_000 || chance(10) { for agent in agents.indices { beat(agent) } }
        }
        now = end
        handle(.wakeup)
    }

    mutating func beat(_ agent: Int) {
        if let connection = agents[agent].connection {
            handle(.agentMessage(connection, .heartbeat(Heartbeat(sequence: 1))))
        }
    }

    private mutating func submit() {
        let kind = [JobKind.tasks, .tasks, .batch, .service][below(4)]
        var payloads: [String] = []
        var job: JobSpecification
        if kind == .tasks {
            job = .tasks(chance(50) ? UInt32(1 + below(chance(50) ? 5 : 40)) : 0, slots: UInt32(1 + below(4)))
            if job.array == nil {
                job.isOpen = chance(60)
                payloads = (0..<below(6)).map { "p\($0)" }
            }
        } else {
            job = .single(kind, slots: UInt32(1 + below(4)))
        }
        job.resources.resources.milliCPU = Int64(below(4)) * 300
        if chance(30) {
            let requests = [
                DeviceRequest(type: .gpu), DeviceRequest(type: .gpu, shares: 500),
                DeviceRequest(type: .gpu, shares: 300, model: "H100|A100"),
                DeviceRequest(type: .gpu, memoryShareBytes: 12 << 30),
                DeviceRequest(type: .gpu, memoryShareBytes: 30 << 30),
            ]
            job.resources.devices = requests[below(requests.count)]
            job.resources.devices?.count = UInt32(1 + below(2))
        }
        if chance(5) { job.constraints = [.node("n\(below(6))")] }
        job.priority = Int32(below(3))
        job.onLost = chance(50) ? .requeue : .fail
        job.onDisconnect = chance(50) ? .stop : .keep
        job.crashLimit = UInt32(below(4))
        if kind != .service, chance(30) { job.timeRequestSeconds = UInt32(1 + below(60)) }
        job.retries = RetryPolicy(any: UInt32(below(3)), rules: [RetryPolicy.Rule(exitCode: 91, count: 3)])
        if chance(40) { job.placement.virtualCluster = "v\(below(2))" }
        drawPlacement(of: &job)
        command(.submitJob(job, payloads: payloads, submitter: chance(70) ? "ada" : "bob"))
    }

    private mutating func changeVirtualClusters() {
        let name = "v\(below(2))"
        if chance(20) {
            command(.dropVirtualCluster(name))
            return
        }
        let gpus = DeviceTypeKey.devices(vendor: "nvidia", .gpu, .amd64)
        command(
            .setVirtualCluster(
                VirtualClusterRecord(
                    name: name, quotas: [Quota(gpus, UInt32(below(4)))],
                    userQuotas: chance(50) ? [Quota(gpus, UInt32(1 + below(3)))] : [],
                    weight: UInt32(1 + below(3)), createdAt: .epoch)))
    }

    private mutating func drawPlacement(of job: inout JobSpecification) {
        if chance(20) { job.placement.isPreemptible = true }
        if chance(15) { job.placement.slotsPerNode = UInt32(1 + below(2)) }
        if chance(10) { job.constraints.append(.apart(job: job.job)) }
        if chance(10) { job.placement.startsPerMinute = UInt32(1 + below(20)) }
        if chance(20) {
            job.placement.alternatives = [
                ResourceRequest(resources: Resources(milliCPU: Int64(below(3)) * 200))
            ]
        }
        if job.kind == .service, chance(30) {
            job.slots = SlotCount(minimum: 1, maximum: SlotCount.unlimited)
            job.placement.slotsPerNode = 1
        } else if job.kind != .tasks, job.slots.maximum > 1, chance(40) {
            job.placement.gang = Gang(startSeconds: UInt32(5 + below(60)))
            job.placement.startsPerMinute = nil
        }
    }

    private mutating func retry() {
        let job = anyJob()
        let known = core.jobs[job]?.ledger?.indices(in: [.failed, .canceled]) ?? []
        let some = known.filter { _ in chance(50) }
        command(.retryTasks(job, chance(60) ? some : nil))
    }

    private mutating func ask() {
        switch below(7) {
        case 6: command(.listVirtualClusters)
        case 4: command([.explainCluster, .planMoves, .explainSlot(SlotID(UInt64(below(9))))][below(3)])
        case 0: command(.explainJob(anyJob()))
        case 1: command(.explainTask(anyJob(), TaskIndex(below(10))))
        case 2: command(.explainNode(anyNode()))
        case 3: command(.locateLog(.task(anyJob(), TaskIndex(below(10)), attempt: nil)))
        default: command(.locateLog(.slot(SlotID(UInt64(below(Int(core.lastSlot) + 1))))))
        }
    }

    private mutating func failStore() {
        guard !isStoreFailing else { return }
        isStoreFailing = true
        handle(.storeFailed(reason: "full"))
    }

    mutating func recoverStore() {
        guard isStoreFailing else { return }
        isStoreFailing = false
        handle(.storeRecovered)
    }

    // MARK: Restarts

    private mutating func crash() {
        isStoreFailing = false
        backlog = Output()
        start()
    }

    /// A new coordinator takes over from what is committed; all connections break.
    private mutating func start() {
        do {
            core = Coordinator(
                cluster: "lab", limits: limits,
                restoring: try store.snapshot(endedJobs: limits.endedJobsKept),
                at: now)
        } catch {
            faults.append("\(place): \(error)")
        }
        check("a restart")
        for agent in agents.indices { agents[agent].connection = nil }
        launcher.orders = []
        if hasPools { describePools() }
    }

    /// A coordinator that is started from what is committed must be the one that runs.
    /// - Parameter isTakingOver: it does, and all connections break.
    mutating func restart(isTakingOver: Bool) {
        recoverStore()
        do {
            let snapshot = try store.snapshot(endedJobs: limits.endedJobsKept)
            let restored = Coordinator(cluster: "lab", limits: limits, restoring: snapshot, at: now)
            faults += restored.checkInvariants().map { "\(place), restored: \($0)" }
            faults += core.differences(from: restored).map { "\(place), restored: \($0)" }
            if isTakingOver { start() }
        } catch {
            faults.append("\(place): \(error)")
        }
    }
}

extension Coordinator {
    /// In everything that outlives a coordinator.
    func differences(from other: Coordinator) -> [String] {
        var differences: [String] = []
        func compare<Value: Equatable>(_ what: String, _ mine: Value, _ others: Value) {
            if mine != others { differences.append("\(what): \(mine) became \(others)") }
        }
        let living = nodes.values.filter { $0.record.state != .released }
        compare("nodes", living.map(\.record.node).sorted(), other.nodes.keys.sorted())
        for node in living {
            compare("node \(node.record.node)", node.record, other.nodes[node.record.node]?.record)
            compare("used on \(node.record.node)", node.used, other.nodes[node.record.node]?.used)
            let shares = other.nodes[node.record.node]?.usedShares ?? []
            compare(
                "shares of \(node.record.node)", node.usedShares.filter { $0 > 0 }, shares.filter { $0 > 0 })
        }
        compare("pools", pools.table.values.map(\.record), other.pools.table.values.map(\.record))
        compare("launches", pools.launches.values.map(\.record), other.pools.launches.values.map(\.record))
        compare("ended launches", pools.endedLaunches, other.pools.endedLaunches)
        compare("the last launch", lastLaunch, other.lastLaunch)
        compare("slots", slots.keys.sorted(), other.slots.keys.sorted())
        for slot in slots.values {
            compare("slot \(slot.record.key)", slot.record, other.slots[slot.record.slot]?.record)
        }
        for job in jobs.values {
            guard let others = other.jobs[job.record.job] else {
                if !job.record.state.isEnded || !job.slots.isEmpty {
                    differences.append("job \(job.record.job) is gone")
                }
                continue
            }
            compare("job \(job.record.job)", job.record, others.record)
            guard let ledger = job.ledger else { continue }
            for position in 0..<ledger.count {
                let index = ledger.index(at: position)
                compare(
                    "task \(index) of \(job.record.job)", ledger.state(of: index),
                    others.ledger?.state(of: index))
                guard ledger.state(of: index) == .ready || ledger.state(of: index) == .running else {
                    continue
                }
                compare("attempt of \(index)", ledger.attempt(of: index), others.ledger?.attempt(of: index))
                compare("crashes of \(index)", ledger.crashes(of: index), others.ledger?.crashes(of: index))
            }
        }
        compare(
            "numbers", [lastNode, lastJob, lastSlot, lastToken],
            [other.lastNode, other.lastJob, other.lastSlot, other.lastToken])
        compare("tokens", tokens.keys.sorted(), other.tokens.keys.sorted())
        let names = sharing.virtualClusters.keys.sorted()
        compare("virtual clusters", names, other.sharing.virtualClusters.keys.sorted())
        for name in names {
            compare(
                "virtual cluster", sharing.virtualClusters[name], other.sharing.virtualClusters[name])
        }
        for counter in sharing.used.keys {
            compare("used of \(counter)", sharing.used[counter], other.sharing.used[counter])
        }
        compare("counters", sharing.used.count, other.sharing.used.count)
        return differences
    }
}
