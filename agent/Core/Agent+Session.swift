import ClusterTypes
import ProtocolMessages

/// Where the link stands.
enum Session: Sendable {
    /// The next attempt is at this moment.
    case idle(until: Instant)
    case connecting
    /// `hello` was sent.
    case greeting(since: Instant)
    /// `Agent.open` says how.
    case open
    /// The process ends.
    case over
}

/// A session that is open. It stands beside `Session`, so that a beat changes it in place.
struct OpenSession: Sendable {
    var version = ProtocolVersion.current
    var interval = Duration.zero
    var lease = Duration.zero
    /// Without any word for so long the connection is given up.
    var patience = Duration.zero
    var sequence: UInt64 = 0
    var nextBeat = Instant.epoch
    /// Beats that are not acknowledged, oldest first; a beat of the past is no news.
    var sent: [(sequence: UInt64, at: Instant)] = []
    /// What was assigned in this session may run until then.
    var leaseUntil = Instant.epoch
    /// Without any word until then, the connection is given up.
    var silentAt = Instant.epoch
    /// Slots that the coordinator may still assign, by what it was told last.
    var credits: UInt32 = 0
    /// That this connection has brought.
    var assignments: UInt64 = 0
    /// The coordinator waits to hear that nothing of so many assignments runs any more.
    var emptinessAsked: UInt64?

    init() {}

    init(_ welcome: Welcome, greetedAt: Instant, at now: Instant, _ limits: AgentLimits) {
        version = welcome.version
        interval = .milliseconds(Int64(welcome.heartbeatMilliseconds))
        lease = .milliseconds(Int64(welcome.leaseMilliseconds))
        patience = interval * Int(limits.silentBeats)
        nextBeat = now
        leaseUntil = greetedAt + lease
        silentAt = now + patience
    }
}

extension Agent {
    var isOpen: Bool {
        if case .open = session { true } else { false }
    }

    // MARK: Connecting

    mutating func runTimers(at now: Instant, into output: inout Output) {
        if let until = startsPausedUntil, until <= now {
            startsPausedUntil = nil
            pull(into: &output)
        }
        switch session {
        case .idle(let until):
            guard until <= now, shutdown == nil || !slots.isEmpty else { return }
            session = .connecting
            output.actions.append(.connect)
        case .connecting, .over: break
        case .greeting(let since):
            if since + limits.greetingTimeout <= now { giveUp("no answer to hello", at: now, into: &output) }
        case .open:
            if open.silentAt <= now {
                giveUp("no word from the coordinator", at: now, into: &output)
            } else if open.nextBeat <= now {
                beat(at: now, into: &output)
            }
        }
    }

    /// An agent that stood still for longer than its lease may find old assignments in its connection: the
    /// coordinator has placed them elsewhere since. A new connection tells what is true.
    /// - Returns: whether the session was given up.
    mutating func giveUpIfLeaseIsOver(at now: Instant, into output: inout Output) -> Bool {
        guard isOpen, open.leaseUntil <= now else { return false }
        giveUp("the lease is over", at: now, into: &output)
        return true
    }

    private mutating func giveUp(_ reason: String, at now: Instant, into output: inout Output) {
        output.actions.append(.disconnect(reason: reason))
        loseConnection(reason, at: now)
    }

    /// Full jitter: agents that lost the coordinator together do not come back together.
    mutating func loseConnection(_ reason: String, at now: Instant) {
        switch session {
        case .idle, .over: return
        case .connecting, .greeting, .open: break
        }
        let doublings = min(failures, 10)
        failures += 1
        let ceiling = min(limits.retryFirst * Int(1 << doublings), limits.retryLongest)
        session = .idle(
            until: now + .microseconds(Int64.random(in: 0...ceiling.wholeMicroseconds, using: &random)))
    }

    mutating func greet(at now: Instant, into output: inout Output) {
        guard case .connecting = session else { return }
        session = .greeting(since: now)
        isHardwareUntold = false
        let running = slots.keys.compactMap { key in
            slots[key].map {
                RunningSlot(
                    key: key, state: $0.state, tasks: $0.held, hasVanished: $0.end?.hasVanished ?? false)
            }
        }
        send(
            .hello(
                Hello(
                    build: identity.build, cluster: identity.cluster, nodeName: identity.nodeName,
                    instance: identity.instance, bootID: identity.bootID, labels: identity.labels,
                    slots: running,
                    hardware: hardware, lifetime: lifetime(at: now),
                    beatDictionaries: Heartbeat.dictionaries)), into: &output)
    }

    mutating func open(_ welcome: Welcome, at now: Instant, into output: inout Output) {
        guard case .greeting(let since) = session else { return }
        session = .open
        open = OpenSession(welcome, greetedAt: since, at: now, limits)
        if giveUpIfLeaseIsOver(at: now, into: &output) { return }
        output.actions.append(.setLease(until: open.leaseUntil))
        for key in slots.keys where !welcome.keep.contains(key) { abandon(key, into: &output) }
        for key in slots.keys {
            guard let slot = slots[key], !slot.isAbandoned else { continue }
            // Ends come after the results that they follow: repeatUnacknowledged says them.
            if let report = slot.report, slot.end == nil { send(.slotReport(report), into: &output) }
            if slot.end == nil, slot.credits > 0 {
                send(.pullTasks(key, credits: slot.credits), into: &output)
            }
        }
        if isHardwareUntold { note(hardware, request: 0, into: &output) }
        repeatUnacknowledged(into: &output)
        if let end, end.changedAt > since { tellLifetime(at: now, into: &output) }
        pull(into: &output)
        sendCertificateRequest(into: &output)
    }

    mutating func obey(_ refusal: Refusal, at now: Instant, into output: inout Output) {
        switch session {
        case .greeting, .open: break
        case .idle, .connecting, .over: return
        }
        if let retryAfter = refusal.retryAfterMilliseconds {
            output.actions.append(.disconnect(reason: refusal.message))
            let wait = Duration.milliseconds(Int64(retryAfter))
            let longest = min(wait, limits.retryJitterLongest).wholeMilliseconds
            session = .idle(
                until: now + wait + .milliseconds(Int64.random(in: 0...longest, using: &random)))
            return
        }
        switch refusal.code {
        case .replaced, .protocolViolation, .overloaded, .shuttingDown:
            // Another connection of ours took over, or this one is confused: a new one will tell.
            giveUp(refusal.message, at: now, into: &output)
        case .versionMismatch, .identityInUse:
            // What runs may be found again by an agent that fits; else it ends with its lease.
            end(.refused(refusal), into: &output)
        case .revoked, .unknownNode, .foreignCluster:
            session = .over
            for key in slots.keys { abandon(key, into: &output) }
            end(.refused(refusal), into: &output)
        }
    }

    private mutating func end(_ reason: ExitReason, into output: inout Output) {
        session = .over
        output.actions.append(.disconnect(reason: "the agent ends"))
        output.actions.append(.exit(reason))
    }

    mutating func note(_ report: HardwareReport, request: UInt64, into output: inout Output) {
        hardware = report
        isHardwareUntold = !isOpen
        if isOpen { send(.hardware(report, request: request), into: &output) }
    }

    mutating func sendCertificateRequest(into output: inout Output) {
        guard isOpen, let certificateRequest else { return }
        send(.renewCertificate(certificateRequest: certificateRequest), into: &output)
    }

    // MARK: Beats and the lease

    /// An acknowledgement that comes later than so many beats is no news.
    static let beatsRemembered = 16

    private mutating func beat(at now: Instant, into output: inout Output) {
        open.sequence += 1
        // A tenth of the interval, either way: beats spread out.
        let tenth = open.interval.wholeMicroseconds / 10
        open.nextBeat = now + open.interval + .microseconds(Int64.random(in: -tenth...tenth, using: &random))
        open.sent.append((open.sequence, now))
        if open.sent.count > Self.beatsRemembered { open.sent.removeFirst() }
        var heartbeat = load
        heartbeat.sequence = open.sequence
        heartbeat.runningSlots = UInt32(slots.values.count { $0.end == nil })
        send(.heartbeat(heartbeat), into: &output)
    }

    /// The lease counts from the moment at which the acknowledged beat was sent: never longer than the
    /// coordinator's own count.
    mutating func renewLease(_ sequence: UInt64, interval: UInt32?, into output: inout Output) {
        if let interval {
            open.interval = .milliseconds(Int64(interval))
            open.patience = open.interval * Int(limits.silentBeats)
        }
        guard let position = open.sent.firstIndex(where: { $0.sequence == sequence }) else { return }
        // Only now: a coordinator that welcomes and then fails is not one to come back to at once.
        failures = 0
        open.leaseUntil = open.sent[position].at + open.lease
        output.actions.append(.setLease(until: open.leaseUntil))
        open.sent.removeFirst(position + 1)
    }

    mutating func noteSignOfCoordinator(at now: Instant) {
        open.silentAt = now + open.patience
    }

    // MARK: Shutdown

    mutating func begin(_ mode: ShutdownMode, at now: Instant, into output: inout Output) {
        // An end that draws near is no reason to refuse an order to go now.
        guard shutdown == nil || (shutdown == .timeEnds && mode != .timeEnds) else { return }
        shutdown = mode
        shutdownDeadline = now + limits.shutdownTimeout
        if isOpen { send(.pull(credits: 0), into: &output) }
        guard mode == .stopSlots else { return }
        for key in slots.keys where slots[key]?.end == nil {
            output.actions.append(.stopSlot(key, reason: "the agent leaves"))
        }
    }

    mutating func finishShutdown(at now: Instant, into output: inout Output) {
        guard let shutdown else { return }
        switch shutdown {
        case .keepSlots: break
        case .timeEnds:
            guard slots.isEmpty || shutdownDeadline.map({ $0 <= now }) ?? false else { return }
            if isOpen, slots.isEmpty { send(.leaving(reason: "its time is over"), into: &output) }
        case .stopSlots:
            // Without a session nobody acknowledges ends: having them is enough.
            let isQuiet = isOpen ? slots.isEmpty : slots.values.allSatisfy { $0.end != nil }
            guard isQuiet || shutdownDeadline.map({ $0 <= now }) ?? false else { return }
            // Only who runs nothing and has told all may say so; else the lease decides.
            if isOpen, slots.isEmpty { send(.leaving(reason: "ordered on the node"), into: &output) }
        }
        end(.left, into: &output)
    }
}
