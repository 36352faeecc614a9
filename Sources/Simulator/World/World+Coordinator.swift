import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import ProtocolMessages

/// The coordinator's process: its machine, and what its driver and its operating system keep.
final class CoordinatorProcess {
    let store = MemoryStore()
    let limits: Limits
    /// nil while the process does not run.
    var machine: Coordinator?
    var inbox: [CoordinatorCore.Event] = []
    var backlog = Backlog()
    /// The number of the transaction that is under way.
    var transaction: UInt64 = 0
    /// The process is stopped, or its machine suspended.
    var isStalled = false
    var stalledSince: Int64 = 0
    var commitsFail = false
    var clockOffset: Int64 = 0
    var turnAt = Int64.max
    var lastConnection: UInt64 = 0
    var lastRequest: UInt64 = 0
    /// How long the process has listened in all, and since when it does: not while it is down or stopped, but for
    /// pauses so short that they are load.
    var listenedBefore: Int64 = 0
    var listensSince: Int64? = 0
    var pausedSince: Int64 = 0
    private static let loadPause: Int64 = 2_000_000
    /// By that count, when something of each node was handled last; by number of the node.
    private var heardAt: [Int64] = []
    /// By that count, the start of the process: every node gets a fresh lease then.
    var heardAtLeast: Int64 = 0
    var handled = 0

    init(_ options: SimulationOptions) {
        var limits = Limits.defaults
        limits.heartbeatMilliseconds = options.heartbeatMilliseconds
        limits.leaseMilliseconds = max(limits.leaseMilliseconds, 5 * options.heartbeatMilliseconds)
        if options.plant == .releaseBrake { limits.massSilencePercent = 100 }
        self.limits = limits
    }

    var isRunning: Bool { machine != nil && !isStalled }

    // The machine is asked in place: a copy of it would cost more than the answer.
    var nextWakeup: Instant? { Self.nextWakeup(of: &machine) }
    func node(of connection: ConnectionID) -> NodeID? { Self.node(of: connection, in: &machine) }

    private static func nextWakeup(of machine: inout Coordinator?) -> Instant? { machine?.nextWakeup }
    private static func node(of connection: ConnectionID, in machine: inout Coordinator?) -> NodeID? {
        machine?.node(of: connection)
    }

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
}

// What the coordinator's driver does: inbox, machine, one transaction, actions.
extension World {
    // MARK: Start and end

    func startCoordinator() {
        guard coordinator.machine == nil else { return }
        statistics.coordinatorStarts += 1
        if isOn(.clockJump) { coordinator.clockOffset = faultDice.below(120_000_000) - 60_000_000 }
        do {
            var snapshot = try coordinator.store.snapshot(endedJobs: coordinator.limits.endedJobsKept)
            options.plant?.spoil(&snapshot)
            coordinator.machine = Coordinator(
                cluster: Self.cluster, limits: coordinator.limits, restoring: snapshot, at: coordinatorTime)
        } catch {
            report("store", "the snapshot cannot be read: \(error)")
        }
        coordinator.backlog = Backlog()
        coordinator.isStalled = false
        coordinator.listen(true, at: now)
        coordinator.heardAtLeast = coordinator.listened(at: now)
        checkInvariants(isForced: true)
        scheduleTurn(at: now)
    }

    /// Its connections break; what was not committed is gone with it.
    func crashCoordinator() {
        guard coordinator.machine != nil else { return }
        coordinator.listen(false, at: now)
        if let writes = coordinator.backlog.underWay {
            // The transaction that was under way is in the store or is not: nobody was told.
            if isOn(.tornCommit), faultDice.chance(50) { commit(writes) }
        }
        coordinator.machine = nil
        coordinator.backlog = Backlog()
        coordinator.inbox = []
        coordinator.turnAt = .max
        for host in hosts {
            guard let link = host.link else { continue }
            closeAtCoordinator(link, reason: "the coordinator is gone")
        }
        client.loseRequests(self)
    }

    func stallCoordinator(for pause: Int64) {
        guard coordinator.isRunning else { return }
        coordinator.listen(false, at: now)
        coordinator.isStalled = true
        coordinator.stalledSince = now
        queue.push(.coordinatorResumes, at: now + pause)
    }

    func resumeCoordinator() {
        guard coordinator.machine != nil, coordinator.isStalled else { return }
        coordinator.isStalled = false
        coordinator.listen(true, at: now)
        if options.plant == .blameForStalls { tickThrough(from: coordinator.stalledSince) }
        scheduleTurn(at: now)
    }

    /// The coordinator's steady clock.
    var coordinatorTime: Instant { Instant(microseconds: now + coordinator.clockOffset) }

    // MARK: The loop

    func deliver(_ event: CoordinatorCore.Event) {
        guard coordinator.machine != nil else { return }
        coordinator.inbox.append(event)
        if coordinator.inbox.count > Bounds.inbox {
            report("bounded queues", "\(coordinator.inbox.count) events wait for the coordinator")
        }
        scheduleTurn(at: now)
    }

    private func scheduleTurn(at moment: Int64) {
        guard moment < coordinator.turnAt else { return }
        coordinator.turnAt = moment
        queue.push(.coordinatorTurn, at: moment)
    }

    func takeTurn(scheduledAt moment: Int64) {
        guard moment == coordinator.turnAt else { return }
        coordinator.turnAt = .max
        guard coordinator.isRunning else { return }
        var output = Output()
        let events = coordinator.inbox
        coordinator.inbox.removeAll(keepingCapacity: true)
        for event in events { handle(event, into: &output) }
        if let wakeup = coordinator.nextWakeup, wakeup <= coordinatorTime {
            handle(.wakeup, into: &output)
        }
        trace.note(writes: output.writes.count, actions: output.actions.count)
        if let plant = options.plant {
            let early = plant.actionsBeforeCommit(output.actions)
            output.actions.removeAll { early.contains($0) }
            perform(early)
        }
        coordinator.backlog.take(output)
        finishTurn()
    }

    /// What a coordinator would do that takes its own stall for silence of the nodes.
    private func tickThrough(from start: Int64) {
        var output = Output()
        for moment in stride(from: start, to: now, by: 900_000) {
            coordinator.machine?.handle(
                .wakeup, at: Instant(microseconds: moment + coordinator.clockOffset), into: &output)
        }
        coordinator.backlog.take(output)
    }

    private func handle(_ event: CoordinatorCore.Event, into output: inout Output) {
        noteHeard(event)
        let event = options.plant?.disguise(event, in: self) ?? event
        coordinator.machine?.handle(event, at: coordinatorTime, into: &output)
        // A beat alone changes nothing that could break.
        if case .agentMessage(_, .heartbeat) = event { return }
        checkInvariants(isForced: false)
    }

    private func noteHeard(_ event: CoordinatorCore.Event) {
        if case .agentMessage(let connection, _) = event { coordinator.noteHeard(on: connection, at: now) }
    }

    private func checkInvariants(isForced: Bool) {
        coordinator.handled += 1
        guard isForced || coordinator.handled % options.eventsBetweenInvariants == 0 else { return }
        for fault in coordinator.machine?.checkInvariants() ?? [] { report("coordinator invariants", fault) }
    }

    func finishTurn() {
        if coordinator.backlog.begin(at: coordinatorTime) != nil {
            coordinator.transaction += 1
            queue.push(.commitEnded, at: now + commitTime(), subject: coordinator.transaction)
        }
        perform(coordinator.backlog.releaseActions())
        scheduleNextTurn()
    }

    private func commitTime() -> Int64 {
        if hits(.slowCommit, &faultDice) { return faultDice.spread(100_000, 20_000_000) }
        return 500 + networkDice.below(4_500)
    }

    func endCommit(_ transaction: UInt64) {
        guard transaction == coordinator.transaction, let writes = coordinator.backlog.underWay
        else { return }
        if coordinator.isStalled {
            queue.push(.commitEnded, at: now + 100_000, subject: transaction)
            return
        }
        var output = Output()
        if coordinator.commitsFail {
            if coordinator.backlog.failed(tryAgainAt: coordinatorTime + .seconds(1)) {
                coordinator.machine?.handle(
                    .storeFailed(reason: "disk full"), at: coordinatorTime, into: &output)
            }
            // An error of unknown outcome: the rows may be there all the same.
            if isOn(.tornCommit), faultDice.chance(20) { commit(writes) }
        } else {
            commit(writes)
            if coordinator.backlog.committed() {
                coordinator.machine?.handle(.storeRecovered, at: coordinatorTime, into: &output)
            }
        }
        coordinator.backlog.take(output)
        checkInvariants(isForced: false)
        finishTurn()
    }

    private func commit(_ writes: [Write]) {
        statistics.commits += 1
        let writes = options.plant?.spoil(writes, self) ?? writes
        do {
            _ = try coordinator.store.commit(writes)
        } catch {
            report("store", "\(error)")
        }
        observe(.committed(writes))
    }

    private func scheduleNextTurn() {
        guard coordinator.machine != nil else { return }
        if !coordinator.inbox.isEmpty { return scheduleTurn(at: now) }
        let next = Instant.earlier(coordinator.nextWakeup, coordinator.backlog.nextAttempt)
        guard let next else { return }
        scheduleTurn(at: max(now, next.microseconds - coordinator.clockOffset))
    }

    // MARK: Actions

    private func perform(_ actions: [CoordinatorCore.Action]) {
        for action in actions {
            switch action {
            case .send(let connection, let message):
                send(message, over: connection)
                options.plant?.followUp(message, over: connection, in: self)
            case .sendTasks(let connection, let key, let job, let attempts, let hasPayloads):
                let payloads = hasPayloads ? payloads(of: job, attempts) : nil
                let orders = attempts.enumerated().map { TaskOrder(attempt: $1, payload: payloads?[$0]) }
                send(.assignTasks(key, orders), over: connection)
            case .renewCertificate: break
            case .refuse(let connection, let refusal):
                send(.refusal(refusal), over: connection)
                if let link = links[connection.rawValue] {
                    closeAtCoordinator(link, reason: refusal.message)
                }
            case .reply(let request, let reply): answer(request, reply)
            }
        }
    }

    private func payloads(of job: JobID, _ attempts: [TaskAttempt]) -> [String] {
        do {
            return try coordinator.store.payloads(job, at: attempts.map(\.index))
        } catch {
            report("store", "\(error)")
            return attempts.map { _ in "" }
        }
    }
}

/// What no queue of the world may exceed.
enum Bounds {
    static let inbox = 200_000
    static let link = 20_000
    static let stalledAgent = 20_000
}
