package import ClusterTypes
import CoordinatorPlacement
import ProtocolMessages

/// The coordinator's decisions: events in, writes and actions out.
///
/// No clock, no I/O, no randomness of its own. The same seed and events give the same outputs, byte for byte.
/// Each room of the state has its own extension: Nodes, Jobs, Tasks, Sharing, Security, Explain.
package struct Coordinator: Sendable {
    let cluster: String
    let limits: Limits

    var nodes = NodeTable()
    var directory = NodeDirectory()
    var jobs = OrderedTable<JobID, Job>()
    /// Slots that have not ended.
    var slots = OrderedTable<SlotID, Slot>()
    var tokens = OrderedTable<TokenID, TokenRecord>()
    var connections = OrderedTable<ConnectionID, Connection>()
    var sharing: Sharing
    var pools = Pools()
    var liveness = Liveness()
    var pace = BeatPace()
    var admission = HelloAdmission()
    /// Ends of quarantines, and of what is tried on probation.
    var quarantineDeadlines = DeadlineQueue<Place>()
    /// When nodes are given work again that have flapped.
    var dampingEnds = DeadlineQueue<NodeID>()
    /// Ended jobs that are still in `jobs`, oldest first.
    var endedJobs: [JobID] = []
    /// Removed nodes that are still in `nodes`, oldest first.
    var releasedNodes: [NodeID] = []

    var lastNode: UInt64
    var lastJob: UInt64
    var lastSlot: UInt64
    var lastToken: UInt64
    var lastLaunch: UInt64

    /// Something changed that may let a pending slot be placed; done once per batch, at the next wakeup.
    var needsPlacement = false
    /// The nodes as placement sees them, as of its last round.
    var board: PlacementBoard
    var tally = WorkTally()
    /// Jobs that have nodes kept for them.
    var holders: [JobID] = []
    /// How often this round may still look through all nodes for what could end.
    var searchesLeft = 0
    /// When jobs that may start only so many slots a minute may start the next.
    var startDeadlines = DeadlineQueue<JobID>()
    /// When gangs go back that have not started.
    var gangDeadlines = DeadlineQueue<JobID>()
    /// When jobs that wait are looked at again: for what they have waited long enough.
    var patienceDeadlines = DeadlineQueue<JobID>()
    /// Why nothing can be written now; new work is refused meanwhile.
    var storeFailure: String?

    /// - Parameters:
    ///   - cluster: its name; agents of another one are refused.
    ///   - snapshot: what the store holds. Every node gets a fresh lease from `now`: it may be reconnecting.
    ///   - formerLead: for so long from `now` a coordinator that led before may still renew leases of nodes, without
    ///     a word here.
    package init(
        cluster: String, limits: Limits = .defaults, restoring snapshot: Snapshot, at now: Instant,
        formerLead: Duration = .zero
    ) {
        self.cluster = cluster
        self.limits = limits
        lastNode = snapshot.lastNode
        lastJob = snapshot.lastJob
        lastSlot = snapshot.lastSlot
        lastToken = snapshot.lastToken
        lastLaunch = snapshot.lastLaunch
        board = PlacementBoard(scorer: limits.placementPolicy.score(mixture: WorkMixture([]), nodes: []))
        sharing = Sharing(at: now)
        liveness.renewedElsewhereUntil = now + formerLead
        restore(snapshot, at: now)
    }

    /// When `wakeup` is due; nil when nothing is waited for.
    package var nextWakeup: Instant? {
        if needsPlacement, storeFailure == nil { return liveness.lastHandled ?? .epoch }
        return [
            liveness.nextWakeup, quarantineDeadlines.earliest, dampingEnds.earliest, startDeadlines.earliest,
            gangDeadlines.earliest, patienceDeadlines.earliest, storeFailure == nil ? pools.due : nil,
        ].reduce(nil) { Instant.earlier($0, $1) }
    }

    package mutating func handle(_ event: Event, at now: Instant, into output: inout Output) {
        if let stall = liveness.noteHandled(at: now) {
            output.writes.append(
                .addEvent(
                    EventRecord(
                        at: now, subject: .cluster,
                        message:
                            "the coordinator did not run for \(stall.wholeMilliseconds) ms; no node is blamed"
                    )))
        }
        switch event {
        case .agentConnected(let connection, let peer):
            acceptConnection(connection, peer, into: &output)
        case .agentMessage(let connection, let message):
            receive(message, on: connection, at: now, into: &output)
        case .heartbeats(let beats):
            output.actions.reserveCapacity(output.actions.count + beats.count)
            for beat in beats { take(beat, at: now, into: &output) }
        case .agentDisconnected(let connection, let reason):
            forgetConnection(connection, reason: reason, at: now)
        case .commandReceived(let request, let command):
            let reply = perform(command, at: now, into: &output)
            output.actions.append(.reply(request, reply))
        case .loadMeasured(let permille): pace.note(busyPermille: permille, at: now, limits)
        case .wakeup:
            expireLiveness(at: now, into: &output)
            expireQuarantines(at: now, into: &output)
            endDampings(at: now, into: &output)
            expireWaits(at: now, into: &output)
            if needsPlacement, storeFailure == nil {
                needsPlacement = false
                placePendingSlots(at: now, into: &output)
            }
            if storeFailure == nil { scale(at: now, into: &output) }
        case .storeFailed(let reason):
            storeFailure = reason
        case .storeRecovered:
            storeFailure = nil
            needsPlacement = true
            for job in jobs.keys { grantWaiting(of: job, at: now, into: &output) }
        }
        noteMassSilence(at: now, into: &output)
        keepUsage(at: now, into: &output)
    }

    private mutating func receive(
        _ message: AgentMessage, on connection: ConnectionID, at now: Instant, into output: inout Output
    ) {
        if case .hello(let hello) = message {
            welcome(hello, on: connection, at: now, into: &output)
            return
        }
        if case .heartbeat(let heartbeat) = message {
            take(ReceivedBeat(connection, sequence: heartbeat.sequence), at: now, into: &output)
            return
        }
        guard let node = speaker(on: connection, into: &output) else { return }
        hear(from: node, at: now, into: &output)
        switch message {
        case .hello, .heartbeat: break
        case .pull(let credits): setCredits(credits, of: node)
        case .slotReport(let report): receive(report, from: node, on: connection, at: now, into: &output)
        case .pullTasks(let key, let credits):
            pullTasks(key, credits, from: node, at: now, into: &output)
        case .taskResults(let key, let results):
            receive(results, of: key, from: node, on: connection, at: now, into: &output)
        case .hardware(let report, _): updateHardware(report, of: node, at: now, into: &output)
        case .logChunk: break
        case .renewCertificate(let request):
            output.actions.append(.renewCertificate(connection, node, request: request))
        case .empty(let generation): noteEmpty(generation, of: node, at: now, into: &output)
        case .lifetime(let lifetime): updateLifetime(lifetime, of: node, at: now, into: &output)
        case .leaving(let reason): leave(node, on: connection, reason: reason, at: now, into: &output)
        }
    }

    private mutating func take(_ beat: ReceivedBeat, at now: Instant, into output: inout Output) {
        guard let node = speaker(on: beat.connection, into: &output) else { return }
        let interval = newInterval(for: node)
        hear(from: node, at: now, into: &output)
        output.actions.append(
            .send(
                beat.connection,
                .heartbeatAcknowledged(sequence: beat.sequence, heartbeatMilliseconds: interval)))
    }

    /// Who speaks on a connection after its hello; nobody does before.
    private mutating func speaker(on connection: ConnectionID, into output: inout Output) -> NodeID? {
        if let node = node(of: connection) { return node }
        if connections.contains(connection) {
            refuse(connection, Refusal(.protocolViolation, "say hello first"), into: &output)
        }
        return nil
    }

    private mutating func perform(_ command: Command, at now: Instant, into output: inout Output) -> Reply {
        if let storeFailure, command.changesState {
            return .refused(
                CommandRefusal(
                    .storeUnavailable,
                    "the store cannot be written (\(storeFailure)); nothing was changed, try later"))
        }
        do {
            switch command {
            case .submitJob(let specification, let payloads, let submitter):
                return try submit(specification, payloads: payloads, by: submitter, at: now, into: &output)
            case .appendTasks(let job, let payloads, let close):
                return try append(payloads, to: job, closing: close, at: now, into: &output)
            case .cancelJob(let job): return try cancel(job, at: now, into: &output)
            case .pauseJob(let job): return try pause(job, into: &output)
            case .resumeJob(let job): return try resume(job, at: now, into: &output)
            case .retryTasks(let job, let indices): return try retry(indices, of: job, at: now, into: &output)
            case .drainNode(let node, let reason):
                try checkTakesOrders(node)
                leaveToOperator(node, into: &output)
                return try order(node, reason: reason, at: now, into: &output) { $0.isDraining = true }
            case .cordonNode(let node, let reason):
                try checkTakesOrders(node)
                leaveToOperator(node, into: &output)
                return try order(node, reason: reason, at: now, into: &output) {
                    $0.isCordoned = true
                    $0.cordonReason = reason
                }
            case .uncordonNode(let node):
                try checkTakesOrders(node)
                leaveToOperator(node, into: &output)
                forgetOutcomes(of: node)
                forgetFlaps(of: node)
                return try order(node, reason: "", at: now, into: &output) {
                    $0.isCordoned = false
                    $0.cordonReason = ""
                    $0.isDraining = false
                    $0.endQuarantines()
                    $0.returnDevices()
                }
            case .acceptNode(let node):
                return try order(node, reason: "", at: now, into: &output) {
                    $0.returnDevices()
                    if $0.declared != nil { $0.declared = DeclaredHardware($0.capacity) }
                }
            case .removeNode(let node, let reason):
                return try remove(node, reason: reason, at: now, into: &output)
            case .createToken(let name, let purpose, let secretHash, let expiresAt, let uses):
                return try createToken(
                    name: name, purpose: purpose, secretHash: secretHash, expiresAt: expiresAt, uses: uses,
                    at: now,
                    into: &output)
            case .revokeToken(let token): return try revoke(token, into: &output)
            case .enrollNode(let secretHash, let name, let fingerprint, let allocation):
                return try enroll(
                    secretHash, name: name, keyFingerprint: fingerprint, allocation: allocation, at: now,
                    into: &output)
            case .configurePools(let pools): return configure(pools, at: now, into: &output)
            case .pausePool(let pool, let isPaused):
                return try pausePool(pool, isPaused, at: now, into: &output)
            case .scalePool(let pool, let minimum, let maximum, let isReset):
                return try scalePool(
                    pool, minimum: minimum, maximum: maximum, isReset: isReset, at: now, into: &output)
            case .listPools: return .pools(poolStatus(at: now))
            case .explainPool(let pool): return try explainPool(pool, at: now)
            case .listLaunches(let pool): return .launches(launches(of: pool))
            case .showLaunch(let launch): return try showLaunch(launch)
            case .createLaunchToken(let launch, let secretHash):
                return try createLaunchToken(launch, secretHash: secretHash, at: now, into: &output)
            case .noteLaunched(let launch, let allocations):
                noteLaunched(launch, allocations, at: now, into: &output)
                return .noted
            case .noteLaunchFailed(let launch, let failure):
                noteLaunchFailed(launch, failure, at: now, into: &output)
                return .noted
            case .noteListed(let pool, let answer, let asked):
                noteListed(pool, answer, asked: asked, at: now, into: &output)
                return .noted
            case .setVirtualCluster(let record):
                return try setVirtualCluster(record, at: now, into: &output)
            case .dropVirtualCluster(let name):
                return try dropVirtualCluster(name, at: now, into: &output)
            case .listVirtualClusters: return .virtualClusters(virtualClusterStatus(at: now))
            case .explainJob(let job): return .explanation(try explain(job))
            case .explainTask(let job, let index): return .explanation(try explain(index, of: job))
            case .explainNode(let node): return .explanation(try explain(node, at: now))
            case .explainSlot(let slot): return .explanation(try explain(slot, at: now))
            case .planJob(let specification, let tasks, let submitter):
                return .jobPlan(try plan(specification, tasks: tasks, by: submitter, at: now))
            case .planMoves: return .movePlan(planMoves(at: now))
            case .explainCluster: return .explanation(explainCluster())
            case .locateLog(let subject): return try locate(subject)
            case .locateNode(let node): return .nodeLocation(try connection(of: node))
            }
        } catch {
            return .refused(error)
        }
    }
}

extension Command {
    fileprivate var changesState: Bool {
        switch self {
        case .submitJob, .appendTasks, .cancelJob, .pauseJob, .resumeJob, .retryTasks, .drainNode,
            .cordonNode,
            .uncordonNode, .acceptNode, .removeNode, .createToken, .revokeToken, .enrollNode,
            .setVirtualCluster, .dropVirtualCluster, .pausePool, .scalePool, .createLaunchToken:
            true
        // What was launched is there: it is taken in, and written when that is possible.
        case .configurePools, .noteLaunched, .noteLaunchFailed, .noteListed: false
        case .listPools, .explainPool, .listLaunches, .showLaunch,
            .listVirtualClusters, .explainJob, .explainTask, .explainNode, .explainSlot, .planJob,
            .planMoves,
            .explainCluster, .locateLog, .locateNode:
            false
        }
    }
}
