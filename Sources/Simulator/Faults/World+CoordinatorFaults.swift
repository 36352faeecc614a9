import CoordinatorCore

// What goes wrong with coordinators, and the healing after it.
extension World {
    /// The leader more often than a standby.
    func drawCoordinator() -> CoordinatorProcess {
        guard isShared else { return coordinators[0] }
        if let leader, faultDice.chance(70) { return leader }
        return coordinators[Int(faultDice.below(Int64(coordinators.count)))]
    }

    func crash(_ process: CoordinatorProcess) {
        guard !process.isSuspended else { return }
        endCoordinator(process)
        queue.push(
            .coordinatorStarts, at: now + faultDice.spread(500_000, 60_000_000), host: UInt32(process.index))
    }

    func stall(_ process: CoordinatorProcess) {
        let shortest: Int64 = isShared ? 300_000 : 1_000_000
        standStill(process, for: faultDice.spread(shortest, 60_000_000), isSuspended: false)
    }

    /// Its machine stands still, for longer than the server keeps its session or not.
    func suspend(_ process: CoordinatorProcess) {
        standStill(process, for: faultDice.spread(300_000, 120_000_000), isSuspended: true)
    }

    /// At once, or between what its next turn has decided and what comes of it.
    private func standStill(_ process: CoordinatorProcess, for pause: Int64, isSuspended: Bool) {
        if isShared, process.isRunning, faultDice.chance(50) {
            process.stallsInTurn = (pause, isSuspended)
        } else {
            stallCoordinator(process, for: pause, isSuspended: isSuspended)
        }
    }

    /// It goes on, or was switched off meanwhile.
    func wakeCoordinator(_ process: CoordinatorProcess) {
        guard process.isSuspended, faultDice.chance(30) else { return resumeCoordinator(process) }
        process.isSuspended = false
        crash(process)
        for session in store.sessions where session.process === process { endSession(session) }
    }

    /// Its server restarts, or another one takes its place, at once or in the middle of a transaction; or it only ends
    /// the sessions that it has.
    func interruptStore() {
        let pause = faultDice.spread(1_000, 60_000_000)
        if faultDice.chance(50) { store.leavesInTransaction = pause } else { takeStoreAway(for: pause) }
    }

    func cutFromStore(_ process: CoordinatorProcess) {
        process.isCutFromStore = true
        noteSilence(of: process)
        queue.push(
            .storeHeals, at: now + faultDice.spread(500_000, 90_000_000), host: UInt32(process.index))
    }

    func healStorePartition(of process: CoordinatorProcess) {
        process.isCutFromStore = false
        noteSilence(of: process)
    }

    /// From few agents, many or all.
    func cutFromAgents(_ process: CoordinatorProcess) {
        let percent = faultDice.spread(1, 100)
        for host in hosts where faultDice.chance(percent) { host.cutOff |= 1 << process.index }
        queue.push(
            .agentsHeal, at: now + faultDice.spread(500_000, 120_000_000), host: UInt32(process.index))
    }

    func healAgentPartition(of process: CoordinatorProcess) {
        for host in hosts where host.isCutOff(from: process) {
            host.cutOff &= ~(1 << process.index)
            deliverWaiting(of: host)
        }
    }

    func startCoordinators() {
        for process in coordinators { startCoordinator(process) }
        guard isShared else { return }
        // Somebody has to be there for the first word of all.
        takeStore(coordinators[0])
        startLead(coordinators[0], coordinators[0].lead)
    }

    func healCoordinators() {
        returnStore()
        store.leavesInTransaction = nil
        for process in coordinators {
            healStorePartition(of: process)
            healAgentPartition(of: process)
            process.stallsInTurn = nil
            if process.isAlive { resumeCoordinator(process) } else { startCoordinator(process) }
        }
    }
}
