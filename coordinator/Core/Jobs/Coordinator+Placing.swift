import ClusterTypes
import CoordinatorPlacement
import ProtocolMessages

extension Coordinator {
    /// One round: slot by slot in the order of `Queues`, of each job as many as it wants, may have and fit. What finds no
    /// place may get one by preemption, or after long waiting by a reservation.
    mutating func placePendingSlots(at now: Instant, into output: inout Output) {
        refreshBoard()
        searchesLeft = limits.searchesPerRound
        for job in holders where slotsWanted(job) == 0 { stopWaiting(job) }
        let before = tally.count
        var areSomeBound = false
        var queues = queues(at: now)
        var turn: Turn?
        while let job = queues.next {
            var current: Turn
            if let begun = turn, begun.job == job { current = begun } else { current = begin(job) }
            turn = nil
            areSomeBound = areSomeBound || current.request.alternatives.contains { !$0.with.isEmpty }
            let isMore =
                jobs[job]?.record.specification.placement.gang == nil
                ? placeOne(&current, at: now, into: &output)
                : placeGang(job, &current.request, at: now, into: &output)
            if isMore { turn = current }
            queues.goOn(isDone: !isMore) { standing(of: $0, at: now) }
        }
        // Those that stand where another job is may have a place now.
        if areSomeBound, tally.count > before { needsPlacement = true }
    }

    /// What is left to do for a job in a round.
    private struct Turn {
        let job: JobID
        var request: PlacementRequest
        var pending: ArraySlice<SlotID>
        var wanted: Int
    }

    private func begin(_ job: JobID) -> Turn {
        Turn(
            job: job, request: request(of: job), pending: pendingSlots(of: job)[...],
            wanted: slotsWanted(job))
    }

    /// - Returns: a slot was placed, and the job wants more.
    private mutating func placeOne(_ turn: inout Turn, at now: Instant, into output: inout Output) -> Bool {
        let job = turn.job
        guard turn.wanted > 0, mayStart(job, at: now) else {
            stopWaiting(job)
            return false
        }
        let pending = turn.pending.popFirst()
        guard let placement = board.place(pending ?? nextSlot, of: &turn.request, at: now) else {
            // What runs everywhere it can wants nothing more.
            if jobs[job]?.record.specification.isEverywhere ?? true { return false }
            let slot = pending ?? addPendingSlot(to: job, at: now, into: &output)
            makeRoom(for: [slot], of: job, turn.request, at: now, into: &output)
            return false
        }
        let slot = pending ?? addPendingSlot(to: job, at: now, into: &output)
        assign(slot, to: placement, at: now, into: &output)
        noteStart(of: job, at: now)
        turn.wanted -= 1
        if turn.wanted == 0 { stopWaiting(job) }
        // What its quotas leave is another amount now.
        if jobs[job]?.record.specification.placement.virtualCluster != nil { turn.request = request(of: job) }
        return turn.wanted > 0
    }

    /// A slot waits only while there are tasks that no other slot has taken.
    mutating func dropPendingSlots(of job: JobID, at now: Instant, into output: inout Output) {
        for slot in pendingSlots(of: job) {
            finish(slot, as: .finished, reason: "no more tasks", at: now, into: &output)
        }
    }

    private func queues(at now: Instant) -> Queues {
        var queues = Queues()
        for job in jobs.values where slotsWanted(job) > 0 {
            queues.add(
                job.record.job, priority(of: job, at: now), of: job.record.submitter,
                in: job.record.specification.placement.virtualCluster)
        }
        queues.sort { standing(of: $0, at: now) }
        return queues
    }

    /// In the order of their submission.
    func jobsThatWantSlots() -> [JobID] { jobs.values.filter { slotsWanted($0) > 0 }.map(\.record.job) }

    func priority(of job: Job, at now: Instant) -> Int32 {
        let own = job.record.specification.priority
        guard let since = job.waitsSince else { return own }
        let hours = max(0, (now - since).wholeMilliseconds / 3_600_000)
        return own + min(limits.largestAging, Int32(clamping: hours * Int64(limits.agingPerHour)))
    }

    /// How many more slots of this job could run now, if they had a place.
    func slotsWanted(_ job: JobID) -> Int { jobs[job].map(slotsWanted) ?? 0 }

    private func slotsWanted(_ state: Job) -> Int {
        guard state.record.state == .running else { return 0 }
        if state.record.specification.isEverywhere { return nodes.count }
        guard let ledger = state.ledger else { return Int(state.record.counts.ready) }
        guard ledger.counts.ready > 0 else { return 0 }
        let working = state.slots.count { slots[$0]?.record.state.isPlaced ?? false }
        return max(0, min(Int(state.record.specification.slots.maximum), ledger.undecided) - working)
    }

    func pendingSlots(of job: JobID) -> [SlotID] {
        (jobs[job]?.slots ?? []).filter { slots[$0]?.record.state == .pending }
    }

    /// The number that the next one gets.
    private var nextSlot: SlotID { SlotID(lastSlot + 1) }

    mutating func addPendingSlot(to job: JobID, at now: Instant, into output: inout Output) -> SlotID {
        let slot = nextSlot
        lastSlot += 1
        let record = SlotRecord(slot: slot, job: job, createdAt: now, since: now)
        slots[slot] = Slot(record: record)
        jobs[job]?.slots.append(slot)
        output.writes.append(.putSlot(record))
        return slot
    }

    // MARK: The board

    /// Takes in what has happened to nodes since the last round.
    mutating func refreshBoard() {
        for node in nodes.takeTouched() {
            if let known = nodes[node] {
                board.update(known.placement)
            } else {
                board.change(node) { $0.takesWork = false }
            }
        }
        let devices = board.devicesByModel
        if tally.isNews(devices: devices) {
            board.judge(
                by: limits.placementPolicy.score(mixture: tally.mixture(on: board), nodes: board.emptyRooms))
        }
    }

    /// What the job wants of a node now; who else is there is looked up anew each time.
    func request(of job: JobID) -> PlacementRequest {
        guard let state = jobs[job] else { return PlacementRequest(job: job, alternatives: []) }
        let specification = state.record.specification
        var request = PlacementRequest(
            job: job, alternatives: state.demands, spread: specification.placement.spread)
        var with: [[JobID]] = []
        var apart: [JobID] = []
        for constraint in specification.constraints {
            switch constraint {
            case .with(let name):
                with.append(jobs(named: name, of: specification.app) { !$0.record.state.isEnded })
            case .apart(let name):
                // What ends is there until it has ended; what has no slots yet may get some in this round.
                apart += jobs(named: name, of: specification.app) {
                    !$0.record.state.isEnded || !$0.slots.isEmpty
                }
            default: break
            }
        }
        let together = specification.placement.gang == nil ? 1 : state.record.counts.ready
        for position in request.alternatives.indices {
            let demand = request.alternatives[position]
            narrow(&request.alternatives[position], of: state.record, slots: together)
            request.alternatives[position].with = with
            request.alternatives[position].apart = apart
            if demand.countsOnNodes || !state.heldNodes.isEmpty { request.alternatives[position].job = job }
        }
        guard let spread = specification.placement.spread else { return request }
        for slot in state.slots {
            if let node = slots[slot]?.record.node, let value = nodes[node]?.record.capacity.label(spread) {
                request.spreadCounts[value, default: 0] += 1
            }
        }
        return request
    }

    private func jobs(named name: String, of app: String, where isMeant: (Job) -> Bool) -> [JobID] {
        jobs.values.filter {
            $0.record.specification.job == name && $0.record.specification.app == app && isMeant($0)
        }.map(\.record.job)
    }

    // MARK: Starts

    /// Whether another of its slots may start now, by the job's rate: as a bucket of a minute's starts, which is full
    /// after a minute without any.
    private mutating func mayStart(_ job: JobID, at now: Instant) -> Bool {
        guard let state = jobs[job], let interval = state.startInterval else { return true }
        let full = max(state.startsUntil, now) + interval
        if full <= now + .seconds(60) { return true }
        startDeadlines.set(job, to: full - .seconds(60))
        return false
    }

    private mutating func noteStart(of job: JobID, at now: Instant) {
        guard let state = jobs[job], let interval = state.startInterval else { return }
        jobs[job]?.startsUntil = max(state.startsUntil, now) + interval
    }

    /// Deadlines of jobs that wait, and of gangs that start.
    mutating func expireWaits(at now: Instant, into output: inout Output) {
        let starts = startDeadlines.popExpired(at: now)
        let patience = patienceDeadlines.popExpired(at: now)
        if !starts.isEmpty || !patience.isEmpty { needsPlacement = true }
        for job in gangDeadlines.popExpired(at: now) { restartIfIncomplete(job, at: now, into: &output) }
    }
}

extension Job {
    /// Between two starts; nil: as many as one likes.
    fileprivate var startInterval: Duration? {
        record.specification.placement.startsPerMinute.map { .microseconds(60_000_000 / Int64(max(1, $0))) }
    }
}

extension NodeCapacity {
    fileprivate func label(_ key: String) -> String? { labels.first { $0.key == key }?.value }
}
