package import ClusterTypes
package import ProtocolMessages

/// The agent's decisions: events in, actions out. No clock, no I/O; chance only from its seed.
///
/// Agent+Session is the link (connect, greet, beat, back off), Agent+Slots what runs here.
package struct Agent: Sendable {
    let identity: AgentIdentity
    let limits: AgentLimits
    var random: SeededRandom
    var hardware: HardwareReport
    /// It changed after `hello` was said, and before the welcome.
    var isHardwareUntold = false
    var session = Session.idle(until: .epoch)
    /// Of the session, while that is open.
    var open = OpenSession()
    /// What runs here or has an end that the coordinator has not acknowledged.
    var slots = OrderedTable<SlotKey, LocalSlot>()
    /// Consecutive connections that failed.
    var failures: UInt32 = 0
    var load = Heartbeat(sequence: 0)
    /// Waits for a session.
    var certificateRequest: [UInt8]?
    var shutdown: ShutdownMode?
    var end: KnownEnd?
    /// A shutdown ends at the latest then.
    var shutdownDeadline: Instant?
    /// Slots cannot start here now (a full disk, too many processes): none are asked for until then.
    var startsPausedUntil: Instant?
    /// Starts that have failed since a slot ran.
    var failedStarts: UInt32 = 0

    /// - Parameter adopting: what supervisors of an earlier agent process still run or have ended meanwhile.
    package init(
        identity: AgentIdentity, limits: AgentLimits = .defaults, seed: UInt64, hardware: HardwareReport,
        adopting running: [RunningSlot]
    ) {
        self.identity = identity
        self.limits = limits
        self.hardware = hardware
        random = SeededRandom(seed: seed)
        for slot in running { slots[slot.key] = LocalSlot(state: slot.state, held: slot.tasks) }
    }

    /// For people: incarnations that have not ended.
    package var runningSlots: Int { slots.values.count { $0.end == nil } }

    /// When `wakeup` is due; nil when nothing is waited for.
    package var nextWakeup: Instant? {
        let next: Instant?
        switch session {
        case .idle(let until): next = until
        case .connecting: next = nil
        case .over: return nil
        case .greeting(let since): next = since + limits.greetingTimeout
        case .open: next = min(open.nextBeat, open.silentAt)
        }
        let warning = shutdown == nil ? end?.warnAt : nil
        return .earlier(.earlier(next, shutdownDeadline), .earlier(startsPausedUntil, warning))
    }

    package mutating func handle(_ event: Event, at now: Instant, into output: inout Output) {
        if case .over = session { return }
        switch event {
        case .connected: greet(at: now, into: &output)
        case .disconnected(let reason): loseConnection(reason, at: now)
        case .messageReceived(let message): receive(message, at: now, into: &output)
        case .slotChanged(let report): note(report, at: now, into: &output)
        case .tasksFinished(let key, let results): note(results, of: key, into: &output)
        case .tasksWanted(let key, let credits): noteWanted(credits, by: key, into: &output)
        case .hardwareChanged(let report): note(report, request: 0, into: &output)
        case .hardwareProbed(let report, let request): note(report, request: request, into: &output)
        case .loadMeasured(let load): self.load = load
        case .logRead(let chunk): if isOpen { send(.logChunk(chunk), into: &output) }
        case .certificateDue(let request):
            certificateRequest = request
            sendCertificateRequest(into: &output)
        case .shutdownRequested(let mode): begin(mode, at: now, into: &output)
        case .endLearned(let moment, let isNotice):
            learnEnd(moment, isNotice: isNotice, at: now, into: &output)
        case .wakeup: break
        }
        beginEnd(at: now, into: &output)
        answerEmptiness(into: &output)
        runTimers(at: now, into: &output)
        finishShutdown(at: now, into: &output)
    }

    private mutating func receive(_ message: CoordinatorMessage, at now: Instant, into output: inout Output) {
        switch message {
        case .welcome(let welcome):
            open(welcome, at: now, into: &output)
            return
        case .refusal(let refusal):
            obey(refusal, at: now, into: &output)
            return
        case .heartbeatAcknowledged, .assign, .stopSlot, .slotEndAcknowledged, .assignTasks,
            .taskResultsAcknowledged, .requestHardware, .requestLog, .cancelLog, .certificate, .confirmEmpty:
            break
        }
        // What comes before the welcome, or after the session was given up, is of a past session.
        guard isOpen, !giveUpIfLeaseIsOver(at: now, into: &output) else { return }
        noteSignOfCoordinator(at: now)
        switch message {
        case .welcome, .refusal: break
        case .heartbeatAcknowledged(let sequence, let interval):
            renewLease(sequence, interval: interval, into: &output)
        case .assign(let assignment): accept(assignment, at: now, into: &output)
        case .stopSlot(let key, let reason): stop(key, reason: reason, at: now, into: &output)
        case .slotEndAcknowledged(let key):
            forget(key, into: &output)
            pull(into: &output)
        case .assignTasks(let key, let orders): accept(orders, for: key, into: &output)
        case .taskResultsAcknowledged(let key, let attempts): forget(attempts, of: key, into: &output)
        case .requestHardware(let request): output.actions.append(.probeHardware(request: request))
        case .requestLog(let request): output.actions.append(.readLog(request))
        case .confirmEmpty(let generation): noteEmptinessAsked(generation)
        case .cancelLog(let request): output.actions.append(.cancelLog(request: request))
        case .certificate(let pem):
            certificateRequest = nil
            output.actions.append(.storeCertificate(pem: pem))
        }
    }

    func send(_ message: AgentMessage, into output: inout Output) { output.actions.append(.send(message)) }
}

/// What an agent says of itself in `hello`; it does not change while the process runs.
package struct AgentIdentity: Sendable, Hashable {
    package var build: String
    package var cluster: String
    package var nodeName: String
    /// Drawn at the start of the process.
    package var instance: UInt64
    package var bootID: String
    package var labels: [Label]

    package init(
        build: String, cluster: String, nodeName: String, instance: UInt64, bootID: String, labels: [Label]
    ) {
        self.build = build
        self.cluster = cluster
        self.nodeName = nodeName
        self.instance = instance
        self.bootID = bootID
        self.labels = labels
    }
}

/// Every bound of an agent, with its reason.
package struct AgentLimits: Sendable, Hashable {
    /// Slots that may start at once: each start costs a process.
    package var startingSlots: UInt32 = 32
    /// Slots in all.
    package var slots: UInt32 = 1_000
    /// From the connection to `welcome`.
    package var greetingTimeout = Duration.seconds(15)
    /// Back-off between connections: full jitter below the first, doubled each time, up to the second.
    package var retryFirst = Duration.milliseconds(500)
    package var retryLongest = Duration.seconds(15)
    /// On top of an issued retry-after comes chance up to it, and up to this at most. 2 s: agents that were told the
    /// same are spread, and those that were already spread over seconds are back within their leases.
    package var retryJitterLongest = Duration.seconds(2)
    /// Intervals without any word before the connection is given up.
    package var silentBeats: Int64 = 3
    /// After a slot that could not start no others are asked for so long, doubled each time up to the second: a
    /// machine without room must not draw all work to itself.
    package var startPauseFirst = Duration.seconds(1)
    package var startPauseLongest = Duration.seconds(60)
    /// A shutdown that stops its slots gives up waiting after this.
    package var shutdownTimeout = Duration.seconds(60)
    /// So long before a known end the agent begins to leave; at most a tenth of what remained when it was learned.
    package var warning = Duration.seconds(60)
    /// Of that, the last moments are kept for telling what has ended; at most a quarter.
    package var farewell = Duration.seconds(2)

    package static let defaults = AgentLimits()
    package init() {}
}
