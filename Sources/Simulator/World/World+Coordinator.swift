import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import ProtocolMessages

// What a coordinator's driver does: inbox, machine, one transaction, actions.
extension World {
    // MARK: Start and end

    /// The process starts: it leads at once, or stands by where others may lead.
    func startCoordinator(_ process: CoordinatorProcess) {
        guard !process.isAlive else { return }
        process.isAlive = true
        process.isStalled = false
        if isOn(.clockJump) { process.clockOffset = faultDice.below(120_000_000) - 60_000_000 }
        if isShared { standBy(process) } else { beginLead(process) }
    }

    /// Its machine starts from what is in the store.
    func beginLead(_ process: CoordinatorProcess) {
        statistics.coordinatorStarts += 1
        if !isShared { process.lead += 1 }
        do {
            var snapshot = try process.client.earlySnapshot ?? snapshot(for: process)
            options.plant?.spoil(&snapshot)
            process.machine = Coordinator(
                cluster: Self.cluster, limits: process.limits, restoring: snapshot, at: process.time(now),
                formerLead: isShared && options.plant != .forgetFormerLead ? SharedStore.lease : .zero)
        } catch {
            report("store", "the snapshot cannot be read: \(error)")
        }
        process.backlog = Backlog(isShared: isShared && options.plant != .answerUnconfirmed)
        process.listen(true, at: now)
        process.heardAtLeast = process.listened(at: now)
        checkInvariants(of: process, isForced: true)
        describePools(to: process)
        scheduleTurn(of: process, at: now)
    }

    /// Its connections break; what was not committed is gone with it.
    func endCoordinator(_ process: CoordinatorProcess) {
        guard process.isAlive else { return }
        process.listen(false, at: now)
        leaveStore(process)
        orphanCalls(of: process)
        process.clear()
        for host in hosts {
            guard let link = host.link, link.coordinator === process else { continue }
            closeAtCoordinator(link, reason: "the coordinator is gone")
        }
        client.loseRequests(to: process, self)
    }

    /// - Parameter isSuspended: its machine stands still, not the process alone.
    func stallCoordinator(_ process: CoordinatorProcess, for pause: Int64, isSuspended: Bool = false) {
        guard process.isAlive, !process.isStalled else { return }
        process.listen(false, at: now)
        process.isStalled = true
        process.stalledSince = now
        if isSuspended {
            process.isSuspended = true
            noteSilence(of: process)
        }
        queue.push(.coordinatorResumes, at: now + pause, host: UInt32(process.index))
    }

    func resumeCoordinator(_ process: CoordinatorProcess) {
        guard process.isAlive, process.isStalled else { return }
        process.isStalled = false
        if process.isSuspended {
            process.isSuspended = false
            noteSilence(of: process)
        }
        guard process.machine != nil else { return resumeStandby(process) }
        process.listen(true, at: now)
        if options.plant == .blameForStalls { tickThrough(process) }
        perform(process.unfinished, of: process)
        process.unfinished = []
        advanceStore(of: process)
        scheduleTurn(of: process, at: now)
    }

    // MARK: The loop

    func deliver(_ event: CoordinatorCore.Event, to process: CoordinatorProcess) {
        guard process.machine != nil else { return }
        process.inbox.append(event)
        if process.inbox.count > Bounds.inbox {
            report("bounded queues", "\(process.inbox.count) events wait for the coordinator")
        }
        scheduleTurn(of: process, at: now)
    }

    func scheduleTurn(of process: CoordinatorProcess, at moment: Int64) {
        guard moment < process.turnAt else { return }
        process.turnAt = moment
        queue.push(.coordinatorTurn, at: moment, host: UInt32(process.index))
    }

    func takeTurn(of process: CoordinatorProcess, scheduledAt moment: Int64) {
        guard moment == process.turnAt else { return }
        process.turnAt = .max
        guard process.isRunning else { return }
        var output = Output()
        guard hearStore(process, into: &output) else { return giveUpLead(process) }
        let events = process.inbox
        process.inbox.removeAll(keepingCapacity: true)
        for event in events { handle(event, by: process, into: &output) }
        if let wakeup = process.nextWakeup, wakeup <= process.time(now) {
            handle(.wakeup, by: process, into: &output)
        }
        trace.note(writes: output.writes.count, actions: output.actions.count)
        if let plant = options.plant {
            let early = plant.actionsBeforeCommit(output.actions)
            output.actions.removeAll { early.contains($0) }
            perform(early, of: process)
        }
        process.backlog.take(output)
        finishTurn(of: process)
    }

    /// What a coordinator would do that takes its own stall for silence of the nodes.
    private func tickThrough(_ process: CoordinatorProcess) {
        var output = Output()
        for moment in stride(from: process.stalledSince, to: now, by: 900_000) {
            process.machine?.handle(.wakeup, at: process.time(moment), into: &output)
        }
        process.backlog.take(output)
    }

    private func handle(
        _ event: CoordinatorCore.Event, by process: CoordinatorProcess, into output: inout Output
    ) {
        if case .agentMessage(let connection, _) = event { process.noteHeard(on: connection, at: now) }
        if case .agentMessage(let connection, .hello) = event {
            links[connection.rawValue]?.helloAfter = lastTransaction
        }
        let event = options.plant?.disguise(event, to: process, in: self) ?? event
        process.machine?.handle(event, at: process.time(now), into: &output)
        // A beat alone changes nothing that could break.
        if case .agentMessage(_, .heartbeat) = event { return }
        checkInvariants(of: process, isForced: false)
    }

    func checkInvariants(of process: CoordinatorProcess, isForced: Bool) {
        process.handled += 1
        guard isForced || process.handled % options.eventsBetweenInvariants == 0 else { return }
        for fault in process.machine?.checkInvariants() ?? [] { report("coordinator invariants", fault) }
    }

    func finishTurn(of process: CoordinatorProcess) {
        if let writes = process.backlog.begin(
            at: process.time(now), isLast: process.isStopping && !process.hasGivenUp)
        {
            begin(writes, of: process)
        }
        let actions = process.backlog.releaseActions()
        if let stall = process.stallsInTurn {
            process.stallsInTurn = nil
            process.unfinished = actions
            return stallCoordinator(process, for: stall.pause, isSuspended: stall.isSuspended)
        }
        perform(actions, of: process)
        if process.isStopping, process.backlog.isWritten || process.hasGivenUp {
            return finishHandOver(process)
        }
        scheduleNextTurn(of: process)
    }

    /// Everything or nothing: what cannot be written is kept, and the machine told to take no new work.
    func endTransaction(isWritten: Bool, of process: CoordinatorProcess, into output: inout Output) {
        process.transaction = nil
        if isWritten {
            if process.backlog.committed() {
                process.machine?.handle(.storeRecovered, at: process.time(now), into: &output)
            }
        } else {
            process.hasGivenUp = process.isStopping
            guard process.backlog.failed(tryAgainAt: process.time(now) + .seconds(1)) else { return }
            process.machine?.handle(.storeFailed(reason: "disk full"), at: process.time(now), into: &output)
        }
    }

    private func scheduleNextTurn(of process: CoordinatorProcess) {
        guard process.machine != nil else { return }
        if !process.inbox.isEmpty { return scheduleTurn(of: process, at: now) }
        let next = Instant.earlier(
            process.leadership.nextWakeup,
            Instant.earlier(process.nextWakeup, process.backlog.nextAttempt))
        guard let next else { return }
        scheduleTurn(of: process, at: max(now, next.microseconds - process.clockOffset))
    }

    // MARK: Actions

    func perform(_ actions: [CoordinatorCore.Action], of process: CoordinatorProcess) {
        for action in actions {
            switch action {
            case .send(let connection, let message):
                if case .welcome = message, let link = links[connection.rawValue] { observe(.welcomes(link)) }
                send(message, over: connection)
                options.plant?.followUp(message, over: connection, in: self)
            case .sendTasks(let connection, let key, let job, let attempts, let hasPayloads):
                let payloads = hasPayloads ? payloads(of: job, attempts) : nil
                let orders = attempts.enumerated().map { TaskOrder(attempt: $1, payload: payloads?[$0]) }
                send(.assignTasks(key, orders), over: connection)
            case .renewCertificate: break
            case .launch(let launch):
                observe(.ordered(.launch(launch), of: launch.pool))
                order(.launch(launch), of: launch.pool, by: process)
            case .listAllocations(let pool): order(.list(asked: process.time(now)), of: pool, by: process)
            case .releaseAllocations(let pool, let names):
                observe(.ordered(.release(names), of: pool))
                let names = options.plant?.spoil(releasing: names, of: pool, self) ?? names
                order(.release(names), of: pool, by: process)
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
            return try store.rows.payloads(job, at: attempts.map(\.index))
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
