import ClusterTypes
import ProtocolMessages

// Black holes: a node, or a device, on which tasks fail fast one after another would eat the whole queue. It is
// quarantined, then shows on probation what it is good for. Each outcome costs the same, however many there are.
extension Coordinator {
    enum Outcome: Equatable {
        case success
        /// Shorter than a task that does anything, or a slot that could not run at all.
        case fastFailure(String)
        /// It says nothing about its node.
        case other
    }

    func outcome(exitCode: Int32?, duration: Duration, reason: String) -> Outcome {
        if exitCode == 0 { return .success }
        guard exitCode == nil || duration < .seconds(Int64(limits.fastFailureSeconds)) else { return .other }
        return .fastFailure(exitCode.map { "exit \($0)" } ?? reason)
    }

    /// How a slot ended, where the end says something about its node: the end of a command, or no start at all.
    func outcome(of report: SlotReport, _ slot: SlotRecord, at now: Instant) -> Outcome {
        guard let job = jobs[slot.job], slot.state != .stopping else { return .other }
        let hasRun = slots[slot.slot]?.hasRunTask ?? false
        if report.state == .finished, job.record.specification.kind != .batch { return .other }
        if report.state == .finished, report.exitCode == nil { return .other }
        if report.state == .failed, hasRun { return .other }
        return outcome(exitCode: report.exitCode, duration: now - slot.since, reason: report.reason)
    }

    // MARK: Outcomes

    /// Of several successes in a row one says it all.
    mutating func note(
        _ rows: [TaskRecord], of slot: SlotRecord, at now: Instant, into output: inout Output
    ) {
        var last: Outcome?
        for row in rows {
            let outcome = outcome(
                exitCode: row.exitCode, duration: .microseconds(row.durationMicroseconds), reason: row.reason)
            if outcome != .success || last != .success { note(outcome, of: slot, at: now, into: &output) }
            last = outcome
        }
    }

    mutating func note(
        _ outcome: Outcome, of slot: SlotRecord, at now: Instant, into output: inout Output
    ) {
        guard let node = slot.node, let known = nodes[node] else { return }
        switch outcome {
        case .other: break
        case .success:
            jobs[slot.job]?.noteSuccess(on: node)
            for place in known.places(of: slot) {
                let watch = known.watch(of: place) ?? Watch()
                if !watch.streak.isEmpty { nodes[node]?.change(place) { $0.streak = Streak() } }
                if watch.probe == slot.slot { endQuarantine(of: place, at: now, into: &output) }
            }
        case .fastFailure(let reason):
            // What still ran when a quarantine began says nothing new.
            if known.taskLimit(of: slot) == 0 { return }
            let jobLimit = limits.blackHoleJobs
            for place in known.places(of: slot) {
                nodes[node]?.change(place) { $0.streak.add(slot.job, jobLimit: jobLimit) }
            }
            judge(slot, on: node, reason, at: now, into: &output)
        }
    }

    /// One more fast failure: the node or its devices are quarantined if it was one too many.
    private mutating func judge(
        _ slot: SlotRecord, on node: NodeID, _ reason: String, at now: Instant, into output: inout Output
    ) {
        guard let known = nodes[node] else { return }
        var guilty = known.places(of: slot).filter { isBlackHole($0, known, probe: slot.slot) }
        if guilty.first?.device == nil {
            // The node first: where it is to blame, its devices need not be as well.
            guilty = Array(guilty.suffix(areOfOneDevice(slot, known) ? 1 : guilty.count).prefix(1))
        }
        for place in guilty {
            let count = known.watch(of: place)?.streak.failures ?? 0
            quarantine(
                place,
                because:
                    "\(count) tasks in a row failed within \(limits.fastFailureSeconds) s (last: \(reason))",
                at: now, into: &output)
        }
        // What is blamed on a device is not held against its node again.
        if !guilty.isEmpty { nodes[node]?.watch.streak = Streak() }
    }

    /// All of the node's failures in a row were on the slot's only device: the rest of the node is not to blame.
    private func areOfOneDevice(_ slot: SlotRecord, _ known: Node) -> Bool {
        guard slot.devices.count == 1, let place = known.places(of: slot).last, known.record.quarantine == nil
        else { return false }
        return (known.watch(of: place)?.streak.failures ?? 0) >= known.watch.streak.failures
    }

    private func isBlackHole(_ place: Place, _ known: Node, probe: SlotID) -> Bool {
        guard let watch = known.watch(of: place) else { return false }
        let counted = watch.streak.counted(jobLimit: limits.blackHoleJobs) {
            jobs[$0]?.succeedsElsewhere(than: place.node) ?? false
        }
        let isOnProbation = known.quarantine(of: place) != nil && watch.probe == probe
        return counted >= (isOnProbation ? 1 : limits.blackHoleFailures)
    }

    // MARK: Quarantine

    private mutating func quarantine(
        _ place: Place, because reason: String, at now: Instant, into output: inout Output
    ) {
        let longest = limits.quarantineLongestSeconds
        let period =
            nodes[place.node]?.quarantine(of: place).map { min($0.periodSeconds * 2, longest) }
            ?? limits.quarantineFirstSeconds
        let until = now + .seconds(Int64(period))
        let reason = "\(place.subject)quarantined until \(until.rfc3339): \(reason)"
        nodes[place.node]?.set(
            Quarantine(until: until, periodSeconds: period, reason: reason), on: place)
        nodes[place.node]?.change(place) { $0 = Watch() }
        quarantineDeadlines.set(place, to: until)
        show(reason, on: place, at: now, into: &output)
    }

    mutating func expireQuarantines(at now: Instant, into output: inout Output) {
        for place in quarantineDeadlines.popExpired(at: now) {
            guard let known = nodes[place.node], var quarantine = known.quarantine(of: place) else {
                continue
            }
            if let until = quarantine.until {
                guard until <= now else { continue }
                quarantine.until = nil
                nodes[place.node]?.set(quarantine, on: place)
                nodes[place.node]?.change(place) { $0 = Watch() }
                show("\(place.subject)on probation: one task at a time", on: place, at: now, into: &output)
                offer(place.node, at: now, into: &output)
            } else if let probe = known.watch(of: place)?.probe, let slot = slots[probe]?.record {
                if hasOutlivedAFastFailure(slot, at: now) {
                    endQuarantine(of: place, at: now, into: &output)
                } else {
                    quarantineDeadlines.set(place, to: now + .seconds(Int64(limits.fastFailureSeconds)))
                }
            }
        }
    }

    /// Services and long tasks have no outcome for a long time; that they run is one.
    private func hasOutlivedAFastFailure(_ slot: SlotRecord, at now: Instant) -> Bool {
        guard slot.state == .running, now - slot.since >= .seconds(Int64(limits.fastFailureSeconds)) else {
            return false
        }
        return jobs[slot.job]?.ledger == nil || !slot.tasks.isEmpty
    }

    private mutating func endQuarantine(of place: Place, at now: Instant, into output: inout Output) {
        guard let quarantine = nodes[place.node]?.quarantine(of: place), quarantine.until == nil else {
            return
        }
        nodes[place.node]?.set(nil, on: place)
        nodes[place.node]?.change(place) { $0 = Watch() }
        quarantineDeadlines.remove(place)
        // The reason was the quarantine's.
        if nodes[place.node]?.record.state == .ready { nodes[place.node]?.record.reason = "" }
        show("", on: place, at: now, into: &output)
        output.writes.append(
            .addEvent(
                EventRecord(
                    at: now, subject: .node(place.node),
                    message: "\(place.subject)quarantined no longer: what it was given worked")))
        offer(place.node, at: now, into: &output)
    }

    /// The operator knows better: what was counted is forgotten with the quarantines in the record.
    mutating func forgetOutcomes(of node: NodeID) {
        nodes[node]?.watch = Watch()
        nodes[node]?.deviceWatches = []
    }

    private mutating func show(
        _ reason: String, on place: Place, at now: Instant, into output: inout Output
    ) {
        guard let former = nodes[place.node] else { return }
        // The operator's reasons stay, and so does the node's where only a device is meant.
        let isShown =
            former.stateWhenHeard == .ready
            || (place.device == nil && former.stateWhenHeard == .cordoned && !former.record.isCordoned)
        settle(place.node, reason: isShown ? reason : "", at: now, into: &output, alwaysWrite: true)
        // A change of the node's state is an event of its own.
        if !reason.isEmpty, nodes[place.node]?.record.state == former.record.state {
            output.writes.append(
                .addEvent(EventRecord(at: now, subject: .node(place.node), message: reason)))
        }
    }

    private mutating func offer(_ node: NodeID, at now: Instant, into output: inout Output) {
        grantWaiting(on: node, at: now, into: &output)
        needsPlacement = true
    }

    // MARK: Probation

    /// The slot was given something: where there is a probation it is the one that shows how it ends.
    mutating func noteGiven(to slot: SlotRecord, at now: Instant) {
        guard let node = slot.node, let known = nodes[node], known.hasQuarantine else { return }
        for place in known.places(of: slot) where known.quarantine(of: place) != nil {
            nodes[node]?.change(place) { $0.probe = slot.slot }
            quarantineDeadlines.set(place, to: now + .seconds(Int64(limits.fastFailureSeconds)))
        }
    }

    /// It is gone, or has nothing to do: another one may show how the probation ends.
    mutating func releaseProbe(_ slot: SlotRecord, at now: Instant, into output: inout Output) {
        guard let node = slot.node, let known = nodes[node], known.hasQuarantine else { return }
        let places = known.places(of: slot).filter { known.watch(of: $0)?.probe == slot.slot }
        guard !places.isEmpty else { return }
        for place in places { nodes[node]?.change(place) { $0.probe = nil } }
        offer(node, at: now, into: &output)
    }

    /// It asked, and there was nothing for it.
    mutating func releaseIdleProbe(_ slot: SlotID, at now: Instant, into output: inout Output) {
        guard let record = slots[slot]?.record, record.tasks.isEmpty else { return }
        releaseProbe(record, at: now, into: &output)
    }

    mutating func restoreQuarantines(of record: NodeRecord) {
        if let until = record.quarantine?.until {
            quarantineDeadlines.set(Place(node: record.node), to: until)
        }
        for entry in record.deviceQuarantines {
            guard let until = entry.quarantine.until else { continue }
            quarantineDeadlines.set(Place(node: record.node, device: entry.device), to: until)
        }
    }
}
