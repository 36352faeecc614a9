import AgentCore
import ClusterTypes
import CoordinatorCore
import ProtocolMessages

// What the agents' drivers do, and their operating systems with them.
extension World {
    // MARK: Processes

    /// The agent's process starts, and finds the supervisors that an earlier one left.
    func startAgent(of host: Host) {
        guard host.agent == nil, !host.isRebooting, !host.isAbsent else { return }
        guard host.node != nil else {
            enroll(host)
            return
        }
        host.agentStarts += 1
        statistics.agentStarts += 1
        if isOn(.clockJump) { host.clockOffset = faultDice.below(7_200_000_000) - 3_600_000_000 }
        let seed = executionSeed ^ UInt64(host.index) << 32 ^ host.agentStarts
        host.agent = Agent(
            identity: AgentIdentity(
                build: "simulated", cluster: Self.cluster, nodeName: host.name, instance: seed,
                bootID: "boot \(host.boots)", labels: []),
            seed: seed, hardware: host.currentHardware, adopting: adoptSlots(of: host))
        host.wakeupAt = .max
        tellAdopted(of: host)
        drive(host, .wakeup)
    }

    /// Its process is gone: kill -9, or the end of its program.
    func endAgent(of host: Host, closing reason: String) {
        host.agent = nil
        host.isAgentStalled = false
        host.stalledEvents = []
        host.wakeupAt = .max
        host.dial += 1
        if let link = host.link { close(link, reason: reason) }
    }

    func stallAgent(of host: Host, for pause: Int64) {
        guard host.agent != nil, !host.isAgentStalled else { return }
        host.isAgentStalled = true
        queue.push(.agentResumes, at: now + pause, host: UInt32(host.index))
    }

    func resumeAgent(of host: Host) {
        guard host.isAgentStalled else { return }
        host.isAgentStalled = false
        catchUp(host)
    }

    /// What has waited while the process, or its machine, stood still.
    func catchUp(_ host: Host) {
        let events = host.stalledEvents
        host.stalledEvents = []
        for event in events { drive(host, event) }
        drive(host, .wakeup)
    }

    // MARK: The loop

    func wakeAgent(of host: Host, scheduledAt moment: Int64) {
        guard moment == host.wakeupAt else { return }
        host.wakeupAt = .max
        drive(host, .wakeup)
    }

    func drive(_ host: Host, _ event: AgentCore.Event) {
        guard host.agent != nil else { return }
        if host.isAgentStalled || host.suspendedUntil != nil {
            host.stalledEvents.append(event)
            if host.stalledEvents.count > Bounds.stalledAgent {
                report(
                    "bounded queues", "\(host.stalledEvents.count) events wait for the agent of \(host.name)")
            }
            return
        }
        // What an action leads to on the machine itself comes after all actions of its event.
        guard !host.isDriving else { return host.pending.append(event) }
        host.isDriving = true
        var next: AgentCore.Event? = event
        while let event = next, host.agent != nil {
            agentOutput.actions.removeAll(keepingCapacity: true)
            host.agent?.handle(event, at: host.agentTime(now), into: &agentOutput)
            checkInvariants(of: host, event)
            for action in agentOutput.actions { perform(action, of: host) }
            next = host.pending.popFirst()
        }
        host.pending.removeAll()
        host.isDriving = false
        scheduleWakeup(of: host)
    }

    private func checkInvariants(of host: Host, _ event: AgentCore.Event) {
        host.handled += 1
        guard host.handled % options.eventsBetweenInvariants == 0 else { return }
        // A beat changes nothing that could break.
        if case .wakeup = event { return }
        if case .messageReceived(.heartbeatAcknowledged) = event { return }
        for fault in Self.invariants(of: &host.agent) {
            report("agent invariants", "\(host.name): \(fault)")
        }
    }

    private func scheduleWakeup(of host: Host) {
        guard let next = Self.nextWakeup(of: &host.agent) else {
            host.wakeupAt = .max
            return
        }
        let moment = max(now, host.trueTime(next))
        guard moment != host.wakeupAt else { return }
        host.wakeupAt = moment
        queue.push(.agentWakeup, at: moment, host: UInt32(host.index))
    }

    /// Read in place: a copy of the machine would cost more than the answer.
    private static func invariants(of agent: inout Agent?) -> [String] { agent?.checkInvariants() ?? [] }
    private static func nextWakeup(of agent: inout Agent?) -> Instant? { agent?.nextWakeup }

    private func perform(_ action: AgentCore.Action, of host: Host) {
        switch action {
        case .connect: dial(from: host)
        case .disconnect(let reason):
            if let link = host.link { close(link, reason: reason) }
            host.dial += 1
        case .send(let message):
            send(message, from: host)
            options.plant?.followUp(message, from: host, in: self)
        case .startSlot(let assignment): startSlot(assignment, on: host)
        case .stopSlot(let key, let reason): stopSlot(key, reason: reason, on: host)
        case .giveTasks(let key, let orders): giveTasks(orders.map(\.attempt), to: key, on: host)
        case .forgetResults(let key, let attempts): forgetResults(attempts, of: key, on: host)
        case .forgetSlot(let key): forgetSlot(key, on: host)
        case .setLease(let until): setLease(remaining: until - host.agentTime(now), on: host)
        case .probeHardware(let request): drive(host, .hardwareProbed(host.currentHardware, request: request))
        case .setEnd(let warnAt, let until):
            setEnd(warnAt: host.trueTime(warnAt), until: host.trueTime(until), on: host)
        case .readLog, .cancelLog, .storeCertificate: break
        case .exit(let reason): exitAgent(of: host, reason)
        }
    }

    /// Somebody starts it again, as systemd or a batch script would; one that was removed joins anew.
    private func exitAgent(of host: Host, _ reason: ExitReason) {
        endAgent(of: host, closing: "the agent ends")
        if case .refused(let refusal) = reason, refusal.code == .revoked || refusal.code == .unknownNode {
            host.node = nil
            host.identity += 1
        }
        if let (launcher, position) = host.allocation, launcherDice.chance(50) {
            // The batch script or container ends with it.
            endAllocation(position, of: launcher, as: .completed)
            return
        }
        queue.push(.agentStarts, at: now + 5_000_000 + faultDice.below(30_000_000), host: UInt32(host.index))
    }
}
