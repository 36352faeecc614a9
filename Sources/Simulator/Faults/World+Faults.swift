import AgentCore
import ClusterTypes
import CoordinatorCore
import ProtocolMessages

/// A time in which a fault hits some of all messages or transactions.
struct Spell {
    var until: Int64 = 0
    var percent: Int64 = 0
}

// What goes wrong, and the healing after it.
extension World {
    func scheduleFaults() {
        for (position, fault) in Fault.allCases.enumerated() where isOn(fault) && fault.strikes {
            queue.push(.faultStrikes, at: now + pause(of: fault), detail: UInt8(position))
        }
    }

    /// How often a kind strikes is drawn once per run; swarms have rare ones and frequent ones.
    private func pause(of fault: Fault) -> Int64 {
        let position = UInt64(Fault.allCases.firstIndex(of: fault) ?? 0)
        var dice = Dice(seed: options.seed, stream: 100 + position)
        let duration = options.duration.wholeMicroseconds
        let mean = dice.spread(max(1, duration / 100), max(2, duration / 8))
        return faultDice.pause(mean: mean)
    }

    func strike(_ fault: Fault) {
        guard !isHealed else { return }
        let position = UInt8(Fault.allCases.firstIndex(of: fault) ?? 0)
        queue.push(.faultStrikes, at: now + pause(of: fault), detail: position)
        guard !hosts.isEmpty else { return }
        let host = hosts[Int(faultDice.below(Int64(hosts.count)))]
        statistics.strikes += 1
        trace.explain("\(fault.rawValue) strikes \(host.name)")
        switch fault {
        case .reset: if let link = host.link { reset(link) }
        case .partition: block(host, up: true, down: true, for: faultDice.spread(1_000_000, 120_000_000))
        case .oneWayUp: block(host, up: true, down: false, for: faultDice.spread(1_000_000, 120_000_000))
        case .oneWayDown: block(host, up: false, down: true, for: faultDice.spread(1_000_000, 120_000_000))
        case .swizzle:
            for _ in 0..<8 {
                let other = hosts[Int(faultDice.below(Int64(hosts.count)))]
                block(
                    other, up: faultDice.chance(70), down: true, for: faultDice.spread(1_000_000, 60_000_000))
            }
        case .massSilence:
            let percent = 60 + faultDice.below(41)
            let pause = faultDice.spread(20_000_000, 200_000_000)
            for other in hosts where faultDice.chance(percent) {
                block(other, up: true, down: true, for: pause)
            }
        case .slowReader:
            host.isSlowReader = true
            host.healings += 1
            queue.push(
                .linkHeals, at: now + faultDice.spread(5_000_000, 120_000_000), host: UInt32(host.index),
                subject: host.healings)
        case .failingCommit:
            store.commitsFail = true
            queue.push(.storeRecovers, at: now + faultDice.spread(500_000, 40_000_000))
        case .coordinatorCrash:
            crash(drawCoordinator())
        case .coordinatorStall: stall(drawCoordinator())
        case .coordinatorSuspended: suspend(drawCoordinator())
        case .coordinatorPartition:
            cutFromAgents(coordinators[Int(faultDice.below(Int64(coordinators.count)))])
        case .storePartition: cutFromStore(drawCoordinator())
        case .storeOutage: interruptStore()
        case .handOver: if let leader { beginHandOver(leader) }
        case .agentCrash: crashAgent(of: host, for: faultDice.spread(100_000, 60_000_000))
        case .agentReplaced: drive(host, .shutdownRequested(.keepSlots))
        case .agentLeaves: drive(host, .shutdownRequested(.stopSlots))
        case .agentStall: stallAgent(of: host, for: faultDice.spread(1_000_000, 60_000_000))
        case .hostSuspended: suspend(host, for: faultDice.spread(1_000_000, 90_000_000))
        case .hostReboot: reboot(host, for: faultDice.spread(5_000_000, 120_000_000))
        case .timeEnds: endTime(of: host, in: faultDice.spread(5_000_000, 300_000_000))
        case .supervisorKilled:
            let busy = hosts.filter { $0.supervisors.contains(where: \.isAlive) }
            guard !busy.isEmpty else { return }
            let victim = busy[Int(faultDice.below(Int64(busy.count)))]
            guard victim.suspendedUntil == nil, let supervisor = victim.supervisors.first(where: \.isAlive)
            else { return }
            killSupervisor(supervisor, on: victim)
        case .deviceLost: loseDevices(of: host)
        case .drain: order(host, faultDice.chance(40)) { .drainNode($0, reason: "maintenance") }
        case .cordon: order(host, faultDice.chance(40)) { .cordonNode($0, reason: "looks odd") }
        case .remove:
            guard let node = host.node, faultDice.chance(30) else { return }
            host.isDeclaredGone = true
            command(.removeNode(node, reason: "replaced"))
        case .cancel: if let job = anyJob() { command(.cancelJob(job)) }
        case .pause:
            if let job = anyJob() { command(faultDice.chance(40) ? .pauseJob(job) : .resumeJob(job)) }
        case .retry:
            let plans = client.plans.filter { $0.job != nil && !$0.isAtMostOnce && !$0.isPoison }
            guard !plans.isEmpty, let job = plans[Int(faultDice.below(Int64(plans.count)))].job else {
                return
            }
            command(.retryTasks(job, nil))
        case .coordinatorBusy:
            let permille = UInt32(faultDice.below(1_001))
            for process in coordinators { deliver(.loadMeasured(permille: permille), to: process) }
        case .launcherSoldOut, .launcherUnreachable, .allocationEnds, .poolOrders: strikeLauncher(fault)
        case .launcherSlow, .launcherAnswersLost:
            spells[Int(position)] = Spell(
                until: now + faultDice.spread(30_000_000, 600_000_000), percent: faultDice.spread(20, 100))
        case .delay, .loss, .duplication, .slowCommit:
            spells[Int(position)] = Spell(
                until: now + faultDice.spread(5_000_000, 600_000_000), percent: faultDice.spread(1, 30))
        case .drift, .clockJump, .tornCommit, .commandHangs, .commandIgnoresTerm, .commandCannotStart,
            .poisonTasks, .lateNodes, .nodesNeverJoin:
            break
        }
    }

    /// Whether such a fault, which comes in spells, hits this message or transaction.
    func hits(_ fault: Fault, _ dice: inout Dice) -> Bool {
        let spell = spells[Fault.allCases.firstIndex(of: fault) ?? 0]
        return now < spell.until && dice.chance(spell.percent)
    }

    private func anyJob() -> JobID? {
        guard !client.plans.isEmpty else { return nil }
        return client.plans[Int(faultDice.below(Int64(client.plans.count)))].job
    }

    private func order(_ host: Host, _ isTaken: Bool, _ make: (NodeID) -> Command) {
        guard let node = host.node else { return }
        command(isTaken ? make(node) : .uncordonNode(node))
    }

    private func crashAgent(of host: Host, for pause: Int64) {
        guard host.agent != nil, host.suspendedUntil == nil else { return }
        endAgent(of: host, closing: "the agent was killed")
        queue.push(.agentStarts, at: now + pause, host: UInt32(host.index))
    }

    /// The machine will be taken away, and its agent is told: a walltime, or a notice of the cloud.
    func endTime(of host: Host, in pause: Int64) {
        guard host.agent != nil, host.endsAt == nil else { return }
        host.endsAt = now + pause
        drive(host, .endLearned(host.agentTime(now + pause), isNotice: faultDice.chance(50)))
        queue.push(.hostEnds, at: now + pause, host: UInt32(host.index))
    }

    /// What has not ended by then is gone; somebody gets the machine anew.
    func takeAway(_ host: Host) {
        guard host.endsAt != nil else { return }
        if let (launcher, position) = host.allocation {
            endAllocation(position, of: launcher, as: .timedOut)
            return
        }
        host.endsAt = nil
        host.end = nil
        host.suspendedUntil = nil
        makeUp(host)
        reboot(host, for: faultDice.spread(5_000_000, 120_000_000))
    }

    /// Its allocation is over: whoever gets the machine next is another node.
    func takeAwayForGood(_ host: Host) {
        host.endsAt = nil
        host.end = nil
        host.suspendedUntil = nil
        host.postponed = []
        host.isRebooting = false
        host.isAbsent = true
        if let link = host.link, launcherDice.chance(50) { close(link, reason: "the machine is shut down") }
        powerOff(host)
    }

    private func suspend(_ host: Host, for pause: Int64) {
        guard host.suspendedUntil == nil, !host.isRebooting, !host.isAbsent else { return }
        observe(.hostSuspended(host))
        host.suspendedUntil = now + pause
        queue.push(.hostResumes, at: now + pause, host: UInt32(host.index))
    }

    func resume(_ host: Host) {
        if host.isRebooting {
            host.isRebooting = false
            startAgent(of: host)
        } else if let until = host.suspendedUntil, until <= now {
            host.suspendedUntil = nil
            // The timers of the leases run while a machine sleeps: they come before anything else.
            for supervisor in host.supervisors { obeyLease(supervisor, on: host) }
            observe(.hostResumed(host))
            makeUp(host)
            if !host.isAgentStalled { catchUp(host) }
        }
    }

    /// What was due while the machine stood still is due now.
    private func makeUp(_ host: Host) {
        for next in host.postponed {
            if next.kind == .agentWakeup {
                guard next.at == host.wakeupAt else { continue }
                host.wakeupAt = now
            }
            queue.push(next.kind, at: now, host: next.host, subject: next.subject, detail: next.detail)
        }
        host.postponed = []
    }

    /// Power off: everything on the machine is gone, and nobody is told.
    private func reboot(_ host: Host, for pause: Int64) {
        guard !host.isRebooting, !host.isAbsent, host.suspendedUntil == nil, host.node != nil else { return }
        powerOff(host)
        host.boots += 1
        host.isRebooting = true
        queue.push(.hostResumes, at: now + pause, host: UInt32(host.index))
    }

    private func powerOff(_ host: Host) {
        host.agent = nil
        host.isAgentStalled = false
        host.stalledEvents = []
        host.wakeupAt = .max
        host.dial += 1
        // The coordinator's end of the connection stays: no word is not a closed connection.
        host.link?.isOpenAtAgent = false
        host.link = nil
        for supervisor in host.supervisors { killSupervisor(supervisor, on: host) }
        host.leaseAt = nil
    }

    private func loseDevices(of host: Host) {
        guard !host.hardware.devices.isEmpty, host.lostDevices == 0 else { return }
        host.lostDevices = 1 + Int(faultDice.below(Int64(host.hardware.devices.count)))
        drive(host, .hardwareChanged(host.currentHardware))
        queue.push(
            .deviceRecovers, at: now + faultDice.spread(5_000_000, 300_000_000), host: UInt32(host.index))
    }

    func recoverDevices(of host: Host) {
        guard host.lostDevices > 0 else { return }
        host.lostDevices = 0
        drive(host, .hardwareChanged(host.currentHardware))
    }

    // MARK: Healing

    /// Everything works again, and operators take back what they ordered.
    func heal() {
        isHealed = true
        spells = spells.map { _ in Spell() }
        store.commitsFail = false
        healLaunchers()
        healCoordinators()
        for host in hosts where !host.isAbsent {
            unblock(host)
            host.isSlowReader = false
            if host.suspendedUntil != nil {
                host.suspendedUntil = now
                resume(host)
            }
            if host.isRebooting { resume(host) }
            resumeAgent(of: host)
            recoverDevices(of: host)
            startAgent(of: host)
        }
        queue.push(.deadline, at: now + Convergence.pause)
        let limit = launchers.isEmpty ? Convergence.limit : Convergence.limitOfPools
        queue.push(.deadline, at: now + limit.wholeMicroseconds, detail: 1)
    }
}

extension Fault {
    /// It happens at moments; the others are a property of everything that happens while they are on.
    var strikes: Bool {
        switch self {
        case .drift, .clockJump, .tornCommit, .commandHangs, .commandIgnoresTerm, .commandCannotStart,
            .poisonTasks, .lateNodes, .nodesNeverJoin:
            false
        case .delay, .loss, .duplication, .slowCommit, .reset, .partition, .oneWayUp, .oneWayDown, .swizzle,
            .slowReader, .failingCommit,
            .coordinatorCrash, .coordinatorStall, .coordinatorBusy, .agentCrash, .agentReplaced, .agentLeaves,
            .agentStall,
            .hostSuspended, .hostReboot, .supervisorKilled, .massSilence, .drain, .cordon, .cancel, .pause,
            .retry, .remove, .deviceLost, .timeEnds, .coordinatorSuspended, .coordinatorPartition,
            .storePartition, .storeOutage, .handOver, .launcherSoldOut, .launcherUnreachable, .launcherSlow,
            .launcherAnswersLost, .allocationEnds, .poolOrders:
            true
        }
    }

    /// It means something only where several coordinators share a store.
    var needsStandby: Bool {
        switch self {
        case .coordinatorSuspended, .coordinatorPartition, .storePartition, .storeOutage, .handOver: true
        default: false
        }
    }

    /// It means something only where pools are launched.
    var needsPools: Bool {
        switch self {
        case .launcherSoldOut, .launcherUnreachable, .launcherSlow, .launcherAnswersLost, .allocationEnds,
            .poolOrders:
            true
        default: false
        }
    }
}
