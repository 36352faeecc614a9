import ClusterTypes
import CoordinatorCore

// Who leads, of several coordinators on one store.
extension World {
    private static let pollPause: Int64 = 250_000

    /// The one whose session has the store.
    var leader: CoordinatorProcess? {
        coordinators.first { $0.machine != nil && (!isShared || store.holder?.process === $0) }
    }

    // MARK: Standing by

    func standBy(_ process: CoordinatorProcess) {
        queue.push(.standbyPolls, at: now, host: UInt32(process.index))
    }

    /// Tries the store until it is free.
    func poll(_ process: CoordinatorProcess) {
        guard process.isAlive, process.machine == nil, process.client.session == nil, !process.isStalled
        else { return }
        if store.holder == nil, !store.isAway, !process.isCutFromStore {
            takeStore(process)
            queue.push(
                .leadBegins, at: now + faultDice.spread(5_000, 1_000_000), host: UInt32(process.index),
                subject: process.lead)
        } else {
            if options.plant == .earlySnapshot { process.client.earlySnapshot = try? snapshot(for: process) }
            queue.push(.standbyPolls, at: now + Self.pollPause, host: UInt32(process.index))
        }
    }

    /// With the lock it writes its mark: no lead before it writes any more.
    func takeStore(_ process: CoordinatorProcess) {
        openSession(of: process, isLocked: true)
        store.mark += 1
        process.lead = store.mark
        process.client.revision = store.revision
        observe(.ledBy(process))
    }

    /// Its driver starts, some time after the store was opened.
    func startLead(_ process: CoordinatorProcess, _ lead: UInt64) {
        guard process.isAlive, process.machine == nil, process.lead == lead, !process.isStalled else {
            return
        }
        // It asks the store once more, and reads it.
        guard process.client.session?.isOpen ?? false, !process.isCutFromStore else {
            return giveUpLead(process)
        }
        let lease = options.plant == .outliveLead ? nil : SharedStore.lease
        process.leadership = Leadership(lease: lease, at: process.time(now))
        beginLead(process)
    }

    func resumeStandby(_ process: CoordinatorProcess) {
        if process.client.session == nil { standBy(process) } else { startLead(process, process.lead) }
    }

    // MARK: Leading

    /// What the store's answers say.
    /// - Returns: false when this one does not lead, or cannot be sure.
    func hearStore(_ process: CoordinatorProcess, into output: inout Output) -> Bool {
        guard isShared else { return true }
        let time = process.time(now)
        let answers = process.answers
        process.answers.removeAll(keepingCapacity: true)
        for answer in answers {
            switch answer.outcome {
            case .done: process.leadership.answered(asOf: answer.since, at: time)
            case .failed: process.leadership.answered(asOf: nil, at: time)
            case .inUse: if options.plant != .outliveLead { return false }
            }
        }
        if process.leadership.isOver(at: time) { return false }
        if process.leadership.shouldAsk(at: time) { call(.confirm, of: process) }
        for answer in answers {
            guard case .commit = answer.call else { continue }
            var isWritten = false
            if case .done = answer.outcome { isWritten = true }
            endTransaction(isWritten: isWritten, of: process, into: &output)
        }
        return true
    }

    /// The process ends by itself, and is started again.
    func giveUpLead(_ process: CoordinatorProcess) {
        trace.explain("coordinator \(process.index) ends: it may not lead any more")
        endCoordinator(process)
        queue.push(
            .coordinatorStarts, at: now + 1_000_000 + faultDice.below(10_000_000), host: UInt32(process.index)
        )
    }

    /// `step-down`, or SIGTERM: no agent is connected any more; what is in its queues is handled and written.
    func beginHandOver(_ process: CoordinatorProcess) {
        guard process.isRunning, !process.isStopping else { return }
        process.isStopping = true
        for host in hosts {
            guard let link = host.link, link.coordinator === process else { continue }
            closeAtCoordinator(link, reason: "the coordinator ends")
        }
        scheduleTurn(of: process, at: now)
    }

    func finishHandOver(_ process: CoordinatorProcess) {
        endCoordinator(process)
        // Stepped down, it leaves the store to others for a while, and stands by.
        let pause = faultDice.chance(50) ? 5_000_000 : faultDice.spread(500_000, 60_000_000)
        queue.push(.coordinatorStarts, at: now + pause, host: UInt32(process.index))
    }
}
