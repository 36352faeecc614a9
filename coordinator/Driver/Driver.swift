package import ClusterTypes
package import CoordinatorCore
package import CoordinatorHistory
package import CoordinatorStore
import Dispatch
package import Logging
import Platform
import ProtocolMessages
import Synchronization

/// Where the driver's messages to agents go. Called from the driver's thread; must not block.
package protocol AgentTransport: Sendable {
    func send(_ frames: [(ConnectionID, [UInt8])])
    /// After what was sent before.
    func close(_ connection: ConnectionID, reason: String)
}

/// Where the driver's orders to launchers go; what they come to is told by `Driver.submit`. Called from the driver's thread;
/// must not block.
package protocol LaunchDesk: Sendable {
    /// Answered by `noteLaunched` or `noteLaunchFailed`.
    func launch(_ order: LaunchOrder)
    /// Answered by `noteListed`, with the moment that is given here.
    func list(_ pool: String, asked: Instant)
    func release(_ allocations: [String], of pool: String)
}

/// Signs the renewal of a node's certificate: PKCS#10 in DER to a PEM chain.
package typealias CertificateSigner = @Sendable (_ request: [UInt8], _ node: NodeID) throws -> String

/// The coordinator's only loop: take everything in the inbox, `handle` each event, commit all writes in one
/// transaction, perform the actions, sleep until the inbox or `nextWakeup`.
///
/// It owns the machine as a local variable of its thread: no lock, no actor. Transactions run on a thread of the
/// store's, one at a time, while the loop goes on: what needs none, signs of life above all, waits for none.
package final class Driver: Sendable {
    /// Commands are handled for so long in one turn; then whoever else waits has a turn. 20 ms.
    private static let commandTime: Int64 = 20_000

    private let inbox = Inbox()
    private let store: any Store
    private let storeThread = DispatchQueue(label: "mortise.store")
    let transport: any AgentTransport
    let signer: CertificateSigner
    let launchers: (any LaunchDesk)?
    let logger: Logger
    private let retention: RetentionPolicy
    package let telemetry = Telemetry()
    package let history: HistoryKeeper
    private let metrics = DriverMetrics()
    package let relay: Relay
    package let revisions: RevisionFeed
    private let storeWorks = Atomic(false)

    /// False until the state is restored, and while commits fail.
    package var isWriting: Bool { storeWorks.load(ordering: .relaxed) }

    package init(
        store: any Store, transport: any AgentTransport, signer: @escaping CertificateSigner,
        launchers: (any LaunchDesk)? = nil, history: HistorySettings = .defaults,
        retention: RetentionPolicy = .defaults, logger: Logger
    ) {
        self.store = store
        self.transport = transport
        self.signer = signer
        self.launchers = launchers
        self.logger = logger
        self.retention = retention
        self.history = HistoryKeeper(history, logger: logger)
        relay = Relay(transport: transport)
        revisions = RevisionFeed()
    }

    package func put(_ batch: ConnectionBatch) { inbox.put(.agents(batch)) }

    /// Answered after the commit of what it changed.
    package func submit(_ command: Command) async -> Reply {
        await withCheckedContinuation { continuation in
            let isTaken = inbox.put(.command(command) { continuation.resume(returning: $0) })
            if !isTaken { continuation.resume(returning: Self.hasEnded) }
        }
    }

    private static let hasEnded = Reply.refused(
        CommandRefusal(
            .storeUnavailable,
            "The coordinator has ended before it knew whether this was done. Look before you do it again."))

    /// Brings up to date what is measured by looking.
    package func sampleMetrics() { metrics.noteInbox(inbox.count) }

    /// Ends `run` after everything that is waiting now.
    package func stop() { inbox.put(.stop) }

    /// Blocks its thread until `stop`.
    /// - Throws: `StoreError` where the snapshot cannot be read; `inUse` where another coordinator leads, or may.
    package func run(cluster: String, limits: Limits = .defaults) throws {
        var commands = PendingCommands()
        defer {
            storeWorks.store(false, ordering: .relaxed)
            for case .command(let command, let answer) in inbox.close() { commands.add(command, answer) }
            commands.answerAll(Self.hasEnded)
        }
        try run(cluster, limits, &commands)
    }

    private func run(_ cluster: String, _ limits: Limits, _ commands: inout PendingCommands) throws {
        // It may have been opened long ago, by a process that stood still since.
        let askedAt = Self.now()
        try store.confirm()
        var leadership = Leadership(lease: store.lease, at: askedAt)
        var core = Coordinator(
            cluster: cluster, limits: limits, restoring: try store.snapshot(endedJobs: limits.endedJobsKept),
            at: Self.now(), formerLead: store.lease ?? .zero)
        storeWorks.store(true, ordering: .relaxed)
        var intake = AgentIntake(
            relay: relay, telemetry: telemetry, history: history, metrics: metrics, logger: logger)
        var courier = Courier()
        var backlog = Backlog(isShared: store.lease != nil)
        var meter = LoadMeter(at: Self.now())
        var retention = RetentionPace(retention, leastJobs: limits.endedJobsKept, at: Self.now())
        var isStopping = false
        var hasGivenUp = false
        while true {
            let idleSince = Self.now()
            let (inputs, waitingSince) = inbox.takeAll(
                waitingUpTo: commands.areWaiting
                    ? .zero
                    : pause(
                        until: core.nextWakeup, backlog.nextAttempt, leadership.nextWakeup,
                        retention.nextWakeup,
                        backlog.retryAt == nil ? history.nextWakeup(after: idleSince) : nil))
            let now = Self.now()
            try note(inputs, in: &leadership, at: now)
            if leadership.shouldAsk(at: now) { confirm() }
            if let retention = retention.begin(at: now) { drop(beyond: retention) }
            meter.noteIdle(now - idleSince)
            let beatsBefore = telemetry.beatCount
            var output = Output()
            if let permille = meter.permille(at: now) {
                core.handle(.loadMeasured(permille: permille), at: now, into: &output)
            }
            // Signs of life come first: whatever else waits, no node is silent for it.
            for case .agents(let batch) in inputs { intake.take(batch, by: &core, at: now, into: &output) }
            for input in inputs {
                switch input {
                case .agents, .confirmed: break
                case .committed(let result, let rows, let start):
                    metrics.ended(result, rows: rows, in: now - start)
                    end(result, &backlog, by: &core, at: now, into: &output)
                    if isStopping, backlog.retryAt != nil { hasGivenUp = true }
                case .dropped(let result, let start): end(result, from: start, &retention, at: now)
                case .command(let command, let answer): commands.add(command, answer)
                case .stop:
                    isStopping = true
                    output.writes += history.finish(at: now)
                }
            }
            while let (request, command) = commands.next(
                until: isStopping ? nil : now + .microseconds(Self.commandTime))
            {
                core.handle(.commandReceived(request, command), at: now, into: &output)
            }
            metrics.took(
                inputs: inputs.count, beats: telemetry.beatCount - beatsBefore,
                waiting: waitingSince.map { Self.now() - $0 })
            if let wakeup = core.nextWakeup, wakeup <= now { core.handle(.wakeup, at: now, into: &output) }
            forgetReleased(output.writes)
            output.writes += history.due(at: now, canWrite: backlog.retryAt == nil)
            backlog.take(output)
            if let writes = backlog.begin(at: now, isLast: isStopping && !hasGivenUp) { commit(writes) }
            perform(backlog.releaseActions(), &courier, &commands)
            metrics.worked(Self.now() - now)
            if isStopping, backlog.isWritten || hasGivenUp { return }
        }
    }

    static func now() -> Instant { Instant(microseconds: SteadyClock.now()) }

    private func pause(until deadlines: Instant?...) -> Duration? {
        deadlines.compactMap(\.self).min().map { $0 - Self.now() }
    }

    private func forgetReleased(_ writes: [Write]) {
        let released = writes.compactMap { write -> NodeID? in
            if case .putNode(let record) = write, record.state == .released { record.node } else { nil }
        }
        if !released.isEmpty { telemetry.forget(released) }
    }

    private func commit(_ writes: [Write]) {
        storeThread.async { [store, inbox] in
            let start = Self.now()
            let result = Result { try store.commit(writes) }
            inbox.put(.committed(result, rows: writes.count, from: start))
        }
    }

    private func confirm() {
        storeThread.async { [store, inbox] in
            let start = Self.now()
            inbox.put(.confirmed(Result { try store.confirm() }, from: start))
        }
    }

    private func drop(beyond retention: Retention) {
        storeThread.async { [store, inbox] in
            let start = Self.now()
            inbox.put(
                .dropped(
                    Result { try store.drop(beyond: retention, rows: RetentionPace.rows) }, from: start))
        }
    }

    private func end(
        _ result: Result<Bool, any Error>, from start: Instant, _ retention: inout RetentionPace,
        at now: Instant
    ) {
        if case .failure(let error) = result {
            logger.warning("cannot drop what is old from the store", metadata: ["error": "\(error)"])
        }
        retention.ended(hasMore: try? result.get(), in: now - start, at: now)
    }

    /// What the store's answers say of who leads.
    /// - Throws: `StoreError` when this one does not, or cannot be sure.
    private func note(_ inputs: [Input], in leadership: inout Leadership, at now: Instant) throws {
        func note(_ result: Result<some Any, any Error>, _ start: Instant) throws {
            switch result {
            case .success: leadership.answered(asOf: start, at: now)
            case .failure(let error as StoreError) where error.code == .inUse: throw error
            case .failure: leadership.answered(asOf: nil, at: now)
            }
        }
        for input in inputs {
            switch input {
            case .committed(let result, _, let start): try note(result, start)
            case .confirmed(let result, let start): try note(result, start)
            case .agents, .dropped, .command, .stop: break
            }
        }
        guard leadership.isOver(at: now) else { return }
        throw StoreError(
            .inUse,
            "the store has not said for \(store.lease ?? .zero) that this coordinator leads, so another one may; restart"
                + " this one, and it stands by until the store is free")
    }

    /// Everything or nothing: what cannot be written is kept, and the machine told to take no new work.
    private func end(
        _ result: Result<UInt64, any Error>, _ backlog: inout Backlog, by core: inout Coordinator,
        at now: Instant, into output: inout Output
    ) {
        switch result {
        case .success(let revision):
            let wasFailing = backlog.committed()
            revisions.publish(revision)
            guard wasFailing else { return }
            storeWorks.store(true, ordering: .relaxed)
            logger.notice("the store can be written again")
            core.handle(.storeRecovered, at: now, into: &output)
        case .failure(let error):
            guard backlog.failed(tryAgainAt: now + .seconds(1)) else { return }
            storeWorks.store(false, ordering: .relaxed)
            logger.error(
                "the store cannot be written; new work is refused", metadata: ["error": "\(error)"])
            core.handle(.storeFailed(reason: "\(error)"), at: now, into: &output)
        }
    }

    func payloads(_ job: JobID, at positions: [TaskIndex]) throws -> [String] {
        try store.payloads(job, at: positions)
    }
}

/// Commands that wait for their turn, and those that wait for their commit.
struct PendingCommands {
    private var waiting: ArraySlice<(Command, @Sendable (Reply) -> Void)> = []
    private var last: UInt64 = 0
    private var answers: [RequestID: @Sendable (Reply) -> Void] = [:]

    var areWaiting: Bool { !waiting.isEmpty }

    mutating func add(_ command: Command, _ answer: @escaping @Sendable (Reply) -> Void) {
        waiting.append((command, answer))
    }

    /// - Parameter deadline: after it there is none; nil for all.
    mutating func next(until deadline: Instant?) -> (RequestID, Command)? {
        if let deadline, Driver.now() > deadline { return nil }
        guard let (command, answer) = waiting.popFirst() else { return nil }
        last += 1
        answers[RequestID(last)] = answer
        return (RequestID(last), command)
    }

    /// To all that wait, begun or not.
    mutating func answerAll(_ reply: Reply) {
        for answer in waiting.map(\.1) + answers.values { answer(reply) }
        waiting = []
        answers = [:]
    }

    mutating func answer(_ request: RequestID, _ reply: Reply) {
        answers.removeValue(forKey: request)?(reply)
    }
}
