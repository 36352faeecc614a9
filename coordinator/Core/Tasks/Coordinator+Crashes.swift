import ClusterTypes
import ProtocolMessages

/// A crash that was counted although its node may only have been cut off.
struct PresumedCrash: Sendable, Hashable {
    let key: SlotKey
    let job: JobID
    /// nil: the command of a batch slot.
    let task: TaskIndex?
}

// Poison: what goes down with its node or supervisor each time it runs is stopped at its job's crash limit.
extension Coordinator {
    // MARK: Counting

    /// The execution went down with its slot: the task is ready again, or has failed at its job's limit.
    mutating func crash(
        _ task: TaskAttempt, of slot: SlotRecord, reason: String, into output: inout Output
    ) {
        // No copy of the ledger is held here: changing a shared one would copy all its states.
        guard let node = slot.node, let former = jobs[slot.job]?.ledger?.crashes(of: task.index) else {
            return
        }
        let crashes = adding(node, to: former)
        let verdict = verdict(on: crashes, in: slot.job)
        jobs[slot.job]?.ledger?.setCrashes(crashes, of: task.index)
        if verdict == nil {
            jobs[slot.job]?.ledger?.giveBack(task.index, hasFailed: false)
        } else {
            jobs[slot.job]?.ledger?.decide(task.index, .failed)
        }
        output.writes.append(
            .putTasks(
                slot.job,
                [
                    TaskRecord(
                        index: task.index, state: verdict == nil ? .ready : .failed,
                        // A lost execution is no failed one: it is counted here only when it was the last.
                        attempt: verdict == nil ? task.attempt - 1 : task.attempt,
                        reason: verdict ?? "crash \(crashes.count): \(reason)", slot: slot.key, node: node,
                        crashes: crashes, pardoned: jobs[slot.job]?.ledger?.pardoned(task.index) ?? 0)
                ]))
    }

    /// The command of a batch slot went down with it.
    /// - Returns: why it is stopped; nil below the job's limit.
    mutating func countCrash(of slot: SlotID) -> String? {
        guard let record = slots[slot]?.record, let node = record.node else { return nil }
        let crashes = adding(node, to: record.crashes)
        slots[slot]?.record.crashes = crashes
        return verdict(on: crashes, in: record.job)
    }

    private func adding(_ node: NodeID, to crashes: [NodeID]) -> [NodeID] {
        (crashes + [node]).suffix(limits.crashesKept)
    }

    private func verdict(on crashes: [NodeID], in job: JobID) -> String? {
        guard let limit = jobs[job]?.record.specification.crashLimit, limit > 0, crashes.count >= limit
        else { return nil }
        return "stopped after \(crashes.count) crashes: its node or supervisor went down each time it ran "
            + "(\(names(of: crashes)))"
    }

    /// `node a`, or `nodes a, b, c`: each once, in order of their first crash.
    func names(of crashes: [NodeID]) -> String {
        var nodes: [NodeID] = []
        for node in crashes where !nodes.contains(node) { nodes.append(node) }
        let names = nodes.map { self.nodes[$0]?.record.name ?? "#\($0)" }.joined(separator: ", ")
        return (nodes.count == 1 ? "node " : "nodes ") + names
    }

    // MARK: Taking back

    /// Remembers whom a silent node's loss is counted against.
    mutating func presumeCrash(of record: SlotRecord, on node: NodeID) {
        guard record.state != .stopping, let specification = jobs[record.job]?.record.specification,
            specification.onLost == .requeue
        else { return }
        switch specification.kind {
        case .batch:
            nodes[node]?.presumedCrashes.append(
                PresumedCrash(key: record.key, job: record.job, task: nil))
        case .tasks:
            guard let suspect = record.tasks.first else { return }
            nodes[node]?.presumedCrashes.append(
                PresumedCrash(key: record.key, job: record.job, task: suspect.index))
        case .service: break
        }
    }

    /// The node is back and says what became of its slots: those that stopped at the end of their lease, or never
    /// arrived, were no crash. What has been decided stays decided.
    mutating func takeBackCrashes(
        of node: NodeID, _ reported: [RunningSlot], isSameProcess: Bool, into output: inout Output
    ) {
        guard let presumed = nodes[node]?.presumedCrashes, !presumed.isEmpty else { return }
        nodes[node]?.presumedCrashes = []
        for crash in presumed {
            let slot = reported.first { $0.key == crash.key }
            // Without a word of the slot: only a process that would know of it can say that there was none.
            guard slot.map({ !$0.hasVanished }) ?? isSameProcess else { continue }
            if let task = crash.task {
                takeBack(from: task, of: crash.job, node, into: &output)
            } else if let crashes = slots[crash.key.slot]?.record.crashes.removing(node) {
                slots[crash.key.slot]?.record.crashes = crashes
                writeSlot(crash.key.slot, into: &output)
            }
        }
    }

    private mutating func takeBack(
        from task: TaskIndex, of job: JobID, _ node: NodeID, into output: inout Output
    ) {
        guard jobs[job]?.ledger?.state(of: task)?.isDecided == false,
            let attempt = jobs[job]?.ledger?.attempt(of: task),
            let crashes = jobs[job]?.ledger?.crashes(of: task).removing(node)
        else { return }
        jobs[job]?.ledger?.setCrashes(crashes, of: task)
        output.writes.append(
            .putTasks(
                job,
                [
                    TaskRecord(
                        index: task, state: .ready, attempt: attempt - 1,
                        reason: "its node was only cut off", node: node, crashes: crashes,
                        pardoned: jobs[job]?.ledger?.pardoned(task) ?? 0)
                ]))
    }
}

extension [NodeID] {
    /// Without the newest entry of this node; nil where there is none.
    fileprivate func removing(_ node: NodeID) -> [NodeID]? {
        guard let position = lastIndex(of: node) else { return nil }
        var rest = self
        rest.remove(at: position)
        return rest
    }
}
