import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import ProtocolMessages

// The coordinator's side: what its driver does, step by step.
extension World {
    func startCoordinator() {
        do {
            core = Coordinator(
                cluster: Self.cluster,
                restoring: try store.snapshot(endedJobs: Limits.defaults.endedJobsKept), at: now)
        } catch {
            note("BROKEN store: \(error)")
        }
        checkCore()
    }

    /// Its connections break, and what was not committed is gone with it.
    func stopCoordinator() {
        core = nil
        backlog = Output()
        inbox = []
        isStoreFailureKnown = false
        for machine in machines {
            guard let connection = machine.connection else { continue }
            send(.closed(reason: "the coordinator is gone", connection), over: machine)
        }
    }

    func command(_ command: Command) {
        lastRequest += 1
        send(.event(.commandReceived(RequestID(lastRequest), command), from: nil), over: nil)
    }

    func drive(_ event: Event) {
        guard core != nil else { return }
        if isStalled {
            inbox.append(event)
            return
        }
        var output = Output()
        handle(event, into: &output)
        if let wakeup = core?.nextWakeup, wakeup <= now { handle(.wakeup, into: &output) }
        take(output)
        commit()
    }

    private func handle(_ event: Event, into output: inout Output) {
        core?.handle(event, at: now, into: &output)
        checkCore()
    }

    private func checkCore() {
        for fault in core?.checkInvariants() ?? [] { note("BROKEN coordinator: \(fault)") }
    }

    private func take(_ output: Output) {
        backlog.writes += output.writes
        backlog.actions += output.actions
    }

    func commit() {
        while !backlog.writes.isEmpty {
            var output = Output()
            if isStoreFailing {
                if !isStoreFailureKnown {
                    isStoreFailureKnown = true
                    handle(.storeFailed(reason: "disk full"), into: &output)
                    take(output)
                }
                break
            }
            let writes = backlog.writes.coalesced()
            for line in writes.flatMap({ Words.lines($0, self) }) { note(line) }
            do {
                _ = try store.commit(writes)
            } catch {
                note("BROKEN store: \(error)")
            }
            backlog.writes = []
            if isStoreFailureKnown {
                isStoreFailureKnown = false
                handle(.storeRecovered, into: &output)
                if let wakeup = core?.nextWakeup, wakeup <= now { handle(.wakeup, into: &output) }
                take(output)
            }
        }
        let isWritten = backlog.writes.isEmpty
        let released = backlog.actions.filter { isWritten || $0.isIndependentOfWrites }
        backlog.actions = isWritten ? [] : backlog.actions.filter { !$0.isIndependentOfWrites }
        for action in released { perform(action) }
    }

    private func perform(_ action: Action) {
        switch action {
        case .send(let connection, let message):
            send(.message(message, connection), over: machine(of: connection))
        case .sendTasks(let connection, let key, let job, let attempts, let hasPayloads):
            let payloads = hasPayloads ? (try? store.payloads(job, at: attempts.map(\.index))) ?? [] : nil
            let orders = attempts.enumerated().map { TaskOrder(attempt: $1, payload: payloads?[$0]) }
            send(.message(.assignTasks(key, orders), connection), over: machine(of: connection))
        case .renewCertificate, .launch, .listAllocations, .releaseAllocations: break
        case .refuse(let connection, let refusal):
            let machine = machine(of: connection)
            send(.message(.refusal(refusal), connection), over: machine)
            send(.closed(reason: refusal.message, connection), over: machine)
        case .reply(_, let reply):
            if case .enrolled(let node, _) = reply { lastEnrolled = node }
            if case .job(let record) = reply { jobs[record.specification.job] = record.job }
            for line in Words.lines(reply, self) { note(line) }
        }
    }

    private func machine(of connection: ConnectionID) -> Machine? {
        machines.first { $0.connection == connection }
    }
}
