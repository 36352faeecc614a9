import ClusterTypes
import CoordinatorPlacement
import ProtocolMessages

extension Coordinator {
    /// Why the job is where it is, and what its waiting slot waits for.
    func explain(_ job: JobID) throws(CommandRefusal) -> [String] {
        guard let state = jobs[job] else {
            throw CommandRefusal(
                .notFound, "there is no job \(job), or it ended too long ago to be explained")
        }
        let record = state.record
        let counts = record.counts
        let unit = state.ledger == nil ? "slots" : "tasks"
        var lines = [
            "job \(job) '\(record.specification.job)' is \(record.state.rawValue): \(counts.decided) of "
                + "\(counts.total) \(unit) decided, \(counts.running) running, \(counts.ready) ready"
        ]
        if !record.reason.isEmpty { lines.append(record.reason) }
        let said = state.slots.lazy.compactMap { self.slots[$0]?.record }.first {
            $0.state.isPlaced && !$0.reason.isEmpty
        }
        if let said, let node = said.node {
            lines.append(
                "slot \(said.key) on node '\(nodes[node]?.record.name ?? "\(node)")': \(said.reason)")
        }
        let waiting = state.slots.first { slots[$0]?.record.state == .pending }
        if record.state == .running, let waiting {
            lines += explainPending(waiting, state)
        } else if record.isOpen, counts.ready == 0 {
            lines.append("it is open and waits for more tasks")
        }
        return lines
    }

    func explain(_ index: TaskIndex, of job: JobID) throws(CommandRefusal) -> [String] {
        guard let state = jobs[job], let ledger = state.ledger, let task = ledger.state(of: index) else {
            throw CommandRefusal(
                .notFound, "there is no task \(index) of job \(job), or it ended too long ago")
        }
        var lines = ["task \(index) of job \(job) is \(task.rawValue), attempt \(ledger.attempt(of: index))"]
        let crashes = ledger.crashes(of: index)
        if !crashes.isEmpty {
            lines.append(explain(crashes, limit: state.record.specification.crashLimit))
        }
        switch task {
        case .running:
            let holder = state.slots.first { slots[$0]?.record.tasks.contains { $0.index == index } ?? false }
            if let record = holder.flatMap({ slots[$0]?.record }), let node = record.node {
                lines.append("slot \(record.key) on node '\(nodes[node]?.record.name ?? "\(node)")' holds it")
            }
        case .ready, .waiting:
            lines.append(
                "\(ledger.counts.running) tasks of its job run; tasks are taken in order of submission")
            lines += try explain(job)
        case .succeeded, .failed, .canceled: break
        }
        return lines
    }

    private func explain(_ quarantine: Quarantine, of subject: String) -> String {
        let now =
            quarantine.until.map { "\(subject) is given nothing new until \($0.rfc3339)" }
            ?? "\(subject) is on probation, with one task at a time"
        return "\(now): \(quarantine.reason); uncordon ends it"
    }

    func explain(_ crashes: [NodeID], limit: UInt32) -> String {
        let bound = limit == 0 ? "" : " of at most \(limit)"
        return "crashes: \(crashes.count)\(bound), its node or supervisor went down while it ran "
            + "(\(names(of: crashes)))"
    }

    func explain(_ node: NodeID, at now: Instant) throws(CommandRefusal) -> [String] {
        guard let known = nodes[node] else { throw CommandRefusal(.notFound, "there is no node \(node)") }
        let record = known.record
        let why = record.reason.isEmpty ? "" : ": \(record.reason)"
        var lines = ["node \(node) '\(record.name)' is \(record.state.rawValue)\(why)"]
        if let silence = liveness.silence(of: node, at: now) {
            lines.append(
                "last heard \(silence.wholeMilliseconds) ms ago; suspect after "
                    + "\(pace.milliseconds(limits) * limits.suspectAfterBeats) ms, lost after its lease of "
                    + "\(limits.leaseMilliseconds) ms"
            )
        }
        if let pool = liveness.massSilence.pool(record.pool) {
            lines += [explainSilence(of: pool)].compactMap(\.self)
        }
        if let endsAt = record.endsAt {
            let rest = max(0, (endsAt - now).wholeMilliseconds / 1_000)
            lines.append("its time ends at \(endsAt.rfc3339Seconds), in \(rest) s: it takes only what fits")
        }
        let free = known.placement
        lines.append(
            "free: \(free.free.milliCPU.thousandths) of \(record.capacity.resources.milliCPU.thousandths) CPUs, "
                + "\(free.free.memoryBytes >> 20) of \(record.capacity.resources.memoryBytes >> 20) MiB of memory, "
                + "\(free.freeShares.count { $0 == wholeDeviceShares }) of \(free.freeShares.count) devices untouched"
        )
        lines.append("it runs \(known.slots.count) slots and has asked for \(known.credits) more")
        if known.connection == nil { lines.append("its agent is not connected now") }
        if let quarantine = record.quarantine { lines.append(explain(quarantine, of: "it")) }
        for (position, device) in record.capacity.devices.enumerated() where device.fault != nil {
            lines.append("device \(position) \(device.trouble)")
        }
        for entry in record.deviceQuarantines {
            lines.append(explain(entry.quarantine, of: "device \(entry.device)"))
        }
        return lines
    }

    // MARK: Logs

    func locate(_ subject: LogSubject) throws(CommandRefusal) -> Reply {
        switch subject {
        case .slot(let slot):
            guard let record = slots[slot]?.record else {
                throw CommandRefusal(.notFound, "slot \(slot) does not run")
            }
            guard let node = record.node else {
                throw CommandRefusal(.conflict, "slot \(slot) waits for a node: it has no log yet")
            }
            return .logLocation(try connection(of: node), record.key, nil)
        case .task(let job, let index, let attempt):
            let holder = (jobs[job]?.slots ?? []).compactMap { slots[$0]?.record }.first {
                $0.tasks.contains { $0.index == index && (attempt == nil || attempt == $0.attempt) }
            }
            guard let holder, let task = holder.tasks.first(where: { $0.index == index }),
                let node = holder.node
            else { throw CommandRefusal(.notFound, "task \(index) of job \(job) does not run") }
            return .logLocation(try connection(of: node), holder.key, task)
        }
    }
}
