import ClusterTypes
import ProtocolMessages

extension Coordinator {
    /// Fills an empty coordinator from what the store holds.
    mutating func restore(_ snapshot: Snapshot, at now: Instant) {
        _ = liveness.noteHandled(at: now)
        for record in snapshot.nodes {
            nodes[record.node] = Node(record: record)
            directory.add(record)
            restoreQuarantines(of: record)
            if let end = record.dampedUntil { dampingEnds.set(record.node, to: end) }
            if record.dampingCount > 0 { nodes[record.node]?.returns.calmSince = now }
            switch record.state {
            case .joining, .lost, .released: break
            case .ready, .suspect, .draining, .drained, .cordoned:
                liveness.watch(
                    record.node, of: record.pool, isLeaving: record.isDraining, at: now, limits)
            }
        }
        restoreSharing(snapshot, at: now)
        for stored in snapshot.jobs.sorted(by: { $0.record.job < $1.record.job }) { restore(stored) }
        for record in snapshot.slots.sorted(by: { $0.slot < $1.slot }) { restore(record) }
        for job in jobs.keys { settleRestored(job) }
        endedJobs = jobs.values.filter(\.record.state.isEnded).sorted {
            ($0.record.endedAt ?? .epoch, $0.record.job) < ($1.record.endedAt ?? .epoch, $1.record.job)
        }.map(\.record.job)
        for record in snapshot.pools { pools.table[record.name] = Pool(record: record) }
        for record in snapshot.launches.sorted(by: { $0.launch < $1.launch }) { pools.put(record) }
        pools.endedLaunches = pools.launches.values.map(\.record).filter(\.state.isOver).sorted {
            ($0.endedAt ?? .epoch, $0.launch) < ($1.endedAt ?? .epoch, $1.launch)
        }.map(\.launch)
        for token in snapshot.tokens { tokens[token.token] = token }
        needsPlacement = true
    }

    private mutating func restore(_ stored: Snapshot.Job) {
        let record = stored.record
        var job = Job(record: record, limits)
        if record.specification.kind == .tasks {
            var ledger = TaskLedger(array: record.specification.array)
            if record.specification.array == nil { ledger.append(count: Int(record.taskCount)) }
            for mark in stored.tasks { ledger.restore(mark) }
            for history in stored.histories { ledger.restore(history) }
            if record.state.isEnded { ledger.cancelReady() }
            job.ledger = ledger
        }
        jobs[record.job] = job
    }

    private mutating func restore(_ record: SlotRecord) {
        guard !record.state.isEnded, jobs[record.job] != nil else { return }
        slots[record.slot] = Slot(record: record)
        slots[record.slot]?.hasRunTask = record.state.isPlaced
        jobs[record.job]?.slots.append(record.slot)
        if let node = record.node, record.state.isPlaced { occupy(node, with: record) }
        for task in record.tasks { jobs[record.job]?.ledger?.restoreRunning(task.index) }
    }

    /// The row's counts may be older than its tasks' rows only in a store that was edited by hand.
    private mutating func settleRestored(_ job: JobID) {
        guard let counts = jobs[job]?.ledger?.counts else { return }
        jobs[job]?.record.counts = counts
    }
}
