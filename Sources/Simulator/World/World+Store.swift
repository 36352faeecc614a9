import ClusterTypes
import CoordinatorCore
import CoordinatorStore

// Transactions: of a coordinator that has its store to itself, and of several through sessions of a shared one.
extension World {
    var isShared: Bool { coordinators.count > 1 }

    func begin(_ writes: [Write], of process: CoordinatorProcess) {
        lastTransaction += 1
        let transaction = Transaction(
            number: lastTransaction, writes: writes, process: process, lead: process.lead)
        process.transaction = transaction
        if isShared {
            call(.commit(transaction), of: process)
        } else {
            queue.push(.commitEnded, at: now + commitTime(), subject: transaction.number)
        }
    }

    private func commitTime() -> Int64 {
        if hits(.slowCommit, &faultDice) { return faultDice.spread(100_000, 20_000_000) }
        return 500 + networkDice.below(4_500)
    }

    /// It takes effect.
    private func commit(_ transaction: Transaction) {
        statistics.commits += 1
        let writes = options.plant?.spoil(transaction.writes, self) ?? transaction.writes
        do {
            _ = try store.rows.commit(writes)
        } catch {
            report("store", "\(error)")
        }
        store.revision += 1
        transaction.process.lastWritten = transaction.number
        observe(.committed(writes, transaction))
        options.plant?.followUp(writes, of: transaction.process, in: self)
    }

    func snapshot(for process: CoordinatorProcess) throws -> Snapshot {
        try store.rows.snapshot(endedJobs: process.limits.endedJobsKept)
    }

    /// The process ends, with its connection or its file.
    func leaveStore(_ process: CoordinatorProcess) {
        if isShared { return orphanSession(of: process) }
        // The transaction that was under way is in the store or is not: nobody was told.
        if let transaction = process.transaction, isOn(.tornCommit), faultDice.chance(50) {
            commit(transaction)
        }
    }

    // MARK: A store of its own

    func endCommit(_ number: UInt64, of process: CoordinatorProcess) {
        guard let transaction = process.transaction, number == transaction.number else { return }
        if process.isStalled {
            queue.push(.commitEnded, at: now + 100_000, subject: number)
            return
        }
        var output = Output()
        if !store.commitsFail { commit(transaction) }
        endTransaction(isWritten: !store.commitsFail, of: process, into: &output)
        // An error of unknown outcome: the rows may be there all the same.
        if store.commitsFail, isOn(.tornCommit), faultDice.chance(20) { commit(transaction) }
        process.backlog.take(output)
        checkInvariants(of: process, isForced: false)
        finishTurn(of: process)
    }

    // MARK: A coordinator's thread for its store

    func call(_ call: StoreClient.Call, of process: CoordinatorProcess) {
        process.client.waiting.append(call)
        startNextCall(of: process)
    }

    private func startNextCall(of process: CoordinatorProcess) {
        guard process.client.current == nil, let call = process.client.waiting.popFirst() else { return }
        process.client.current = (call, process.time(now))
        process.client.expected = nil
        advanceStore(of: process)
    }

    /// As far as it gets now: it sends, takes the answer, or connects anew. Where it can do nothing, the end of a
    /// partition, of an outage or of a session calls again.
    func advanceStore(of process: CoordinatorProcess) {
        guard process.machine != nil, !process.isStalled, !process.isCutFromStore,
            let (call, _) = process.client.current
        else { return }
        guard let session = process.client.session, session.isOpen else { return reopen(process) }
        switch session.state {
        case .idle: send(call, over: session)
        case .working: break
        case .answered(let isWritten):
            session.state = .idle
            finishCall(of: process, isWritten ? .done : .failed)
        }
    }

    private func send(_ call: StoreClient.Call, over session: StoreSession) {
        switch call {
        case .commit(let transaction):
            session.process.client.expected = session.process.client.revision + 1
            session.state = .working(transaction)
            let time = commitTime()
            queue.push(.sessionWorked, at: now + time, subject: session.number)
            guard let pause = store.leavesInTransaction else { return }
            store.leavesInTransaction = nil
            queue.push(.storeLeaves, at: now + time / 2, subject: UInt64(pause))
        case .confirm:
            session.state = .working(nil)
            queue.push(.sessionWorked, at: now + networkDice.spread(300, 3_000), subject: session.number)
        }
    }

    /// A new session: only with the lock is it certain that the one before has ended, and its transaction with it.
    private func reopen(_ process: CoordinatorProcess) {
        guard !store.isAway else { return }
        let isFenced = options.plant != .unfencedCommit
        if isFenced {
            guard store.holder == nil else {
                queue.push(.storeAttempt, at: now + 200_000, host: UInt32(process.index))
                return
            }
            guard store.mark == process.lead else { return finishCall(of: process, .inUse) }
        }
        openSession(of: process, isLocked: isFenced)
        var isIn = process.client.expected.map { $0 == store.revision } ?? false
        if process.client.expected != nil {
            if options.plant == .repeatCommit { isIn = false }
            if options.plant == .assumeCommit { isIn = true }
        }
        process.client.revision = store.revision
        if isIn { finishCall(of: process, .done) } else { advanceStore(of: process) }
    }

    private func finishCall(of process: CoordinatorProcess, _ outcome: StoreClient.Outcome) {
        guard let (call, since) = process.client.current else { return }
        if case .commit = call, case .done = outcome { process.client.revision = store.revision }
        process.client.current = nil
        process.answers.append(StoreClient.Answer(call: call, since: since, outcome: outcome))
        scheduleTurn(of: process, at: now)
        startNextCall(of: process)
    }

    // MARK: The server

    func openSession(of process: CoordinatorProcess, isLocked: Bool) {
        store.lastSession += 1
        let session = StoreSession(number: store.lastSession, process: process)
        store.sessions.append(session)
        process.client.session = session
        if isLocked { store.holder = session }
        trace.explain("coordinator \(process.index) has session \(session.number) of the store")
    }

    private func session(_ number: UInt64) -> StoreSession? { store.sessions.first { $0.number == number } }

    func workSession(_ number: UInt64) {
        guard let session = session(number), case .working(let transaction) = session.state else { return }
        if let transaction, !store.commitsFail { commit(transaction) }
        session.state = .answered(transaction == nil || !store.commitsFail)
        if session.isOrphaned { endSession(session) } else { advanceStore(of: session.process) }
    }

    /// A transaction that it works on is in by then, or never.
    func endSession(_ session: StoreSession) {
        guard session.isOpen else { return }
        if case .working(let transaction?) = session.state, faultDice.chance(50), !store.commitsFail {
            commit(transaction)
        }
        session.isOpen = false
        store.sessions.removeAll { $0 === session }
        if store.holder === session { store.holder = nil }
        trace.explain("session \(session.number) of the store ends")
        if session.process.client.session === session { advanceStore(of: session.process) }
    }

    /// The server sees the end of the process at once, or when it gives up the connection; what it has received it
    /// goes on with.
    private func orphanSession(of process: CoordinatorProcess) {
        let session = process.client.session
        process.client = StoreClient()
        guard let session, session.isOpen else { return }
        session.isOrphaned = true
        guard !process.isSilentToStore else { return }
        if case .working(_?) = session.state, faultDice.chance(50) { return }
        session.state = .idle
        endSession(session)
    }

    /// After a silence has begun or ended: the server gives up a session some time after the last word.
    func noteSilence(of process: CoordinatorProcess) {
        for session in store.sessions where session.process === process {
            if !process.isSilentToStore {
                session.silentSince = nil
                if session.isOrphaned { endSession(session) }
            } else if session.silentSince == nil {
                session.silentSince = now
                queue.push(.sessionExpires, at: now + SharedStore.keepalive, subject: session.number)
            }
        }
        advanceStore(of: process)
    }

    func expireSession(_ number: UInt64) {
        guard let session = session(number), let silentSince = session.silentSince,
            silentSince + SharedStore.keepalive <= now
        else { return }
        endSession(session)
    }

    /// The server restarts, or another one takes its place: all sessions end.
    func takeStoreAway(for pause: Int64) {
        guard !store.isAway else { return }
        store.awaySince = now
        for session in store.sessions { endSession(session) }
        queue.push(.storeReturns, at: now + pause)
    }

    func returnStore() {
        guard let since = store.awaySince else { return }
        store.awaySince = nil
        // Who tries again does so after pauses that double, up to a second.
        let longest = min(1_000_000, max(10_000, now - since))
        for process in coordinators {
            queue.push(.storeAttempt, at: now + faultDice.below(longest), host: UInt32(process.index))
        }
    }
}
