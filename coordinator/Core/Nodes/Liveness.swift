import ClusterTypes

/// Who was heard when, on a clock that stands still while the coordinator itself does not run: a stall, a pause or
/// a suspension of the coordinator counts against no node.
struct Liveness: Sendable {
    /// A wakeup at least this often while any node is watched, so that a stall is seen for what it is.
    private static let tick = Duration.seconds(1)
    /// Lateness up to this is load, not a stall.
    private static let tolerance = Duration.seconds(1)
    /// Between the end of a lease by the node's clock and by ours: clock drift and the way of the last beat.
    private static let leaseMargin = Duration.seconds(1)

    /// Until then another coordinator may have heard any node and renewed its lease.
    var renewedElsewhereUntil = Instant.epoch
    private(set) var lastHandled: Instant?
    private var stalled = Duration.zero
    private var deadlines = DeadlineQueue<NodeID>()
    private var watched = OrderedTable<NodeID, Watch>()
    var massSilence = MassSilence()

    struct Watch: Sendable {
        /// On the standing clock.
        var heard: Instant
        /// Between its beats, as its agent was told; nil: the shortest.
        var interval: Duration?
        /// Past the suspect mark.
        var isSilent = false
        /// Heard since it was silent, or since it is watched: its state does not say that it is suspect.
        var isSettled = false
        /// Leaves in order: its silence says nothing about its pool.
        var isLeaving: Bool
        /// Its position in `massSilence`.
        let pool: Int

        /// - Returns: what it was before.
        mutating func hear(at standing: Instant) -> Watch {
            defer {
                heard = standing
                isSilent = false
                isSettled = true
            }
            return self
        }
    }

    var nextWakeup: Instant? {
        guard let lastHandled, let earliest = deadlines.earliest else { return nil }
        return min(earliest + stalled, lastHandled + Self.tick)
    }

    /// - Returns: how long the coordinator did not run, if that is worth a word.
    mutating func noteHandled(at now: Instant) -> Duration? {
        defer { lastHandled = max(now, lastHandled ?? now) }
        guard let lastHandled, !deadlines.isEmpty else { return nil }
        let late = now - (lastHandled + Self.tick)
        guard late > Self.tolerance else { return nil }
        stalled += late
        return late
    }

    /// Begins to watch a node, which is as good as heard from.
    mutating func watch(
        _ node: NodeID, of pool: String, isLeaving: Bool, at now: Instant, _ limits: Limits
    ) {
        if watched[node] == nil {
            let position = massSilence.position(of: pool)
            watched[node] = Watch(heard: now - stalled, isLeaving: isLeaving, pool: position)
            if !isLeaving { count(watched: 1, in: position, at: now, limits) }
        }
        _ = hear(node, at: now, limits)
        watched[node]?.isSettled = false
    }

    /// A node that is not watched stays so.
    /// - Returns: whether its state may still say that it is suspect.
    mutating func hear(_ node: NodeID, at now: Instant, _ limits: Limits) -> Bool {
        let standing = now - stalled
        guard let former = watched[node]?.hear(at: standing) else { return true }
        let interval = former.interval ?? limits.shortestInterval
        deadlines.set(node, to: standing + interval * Int(limits.suspectAfterBeats))
        if former.isSilent, !former.isLeaving { count(silent: -1, in: former.pool, at: now, limits) }
        return !former.isSettled
    }

    /// Counts from the next time that it is heard.
    mutating func setInterval(of node: NodeID, to interval: Duration) { watched[node]?.interval = interval }

    mutating func setLeaving(_ node: NodeID, _ isLeaving: Bool, at now: Instant, _ limits: Limits) {
        guard let watch = watched[node], watch.isLeaving != isLeaving else { return }
        watched[node]?.isLeaving = isLeaving
        let step = isLeaving ? -1 : 1
        count(watched: step, silent: watch.isSilent ? step : 0, in: watch.pool, at: now, limits)
    }

    mutating func forget(_ node: NodeID, at now: Instant, _ limits: Limits) {
        guard let watch = watched[node] else { return }
        watched[node] = nil
        deadlines.remove(node)
        if !watch.isLeaving {
            count(watched: -1, silent: watch.isSilent ? -1 : 0, in: watch.pool, at: now, limits)
        }
    }

    func silence(of node: NodeID, at now: Instant) -> Duration? {
        watched[node].map { now - stalled - $0.heard }
    }

    enum Verdict: Sendable {
        case suspect, lost
    }

    /// Nodes whose silence has reached the next mark; a suspect one is watched on until its lease is over, and
    /// while its pool is silent as a whole. Who is suspect is counted before anybody is lost.
    mutating func expired(at now: Instant, _ limits: Limits) -> [(NodeID, Verdict)] {
        let nodes = deadlines.popExpired(at: now - stalled)
        var verdicts: [(NodeID, Verdict)] = []
        for node in nodes {
            guard let watch = watched[node], !watch.isSilent else { continue }
            watched[node]?.isSilent = true
            watched[node]?.isSettled = false
            if !watch.isLeaving { count(silent: 1, in: watch.pool, at: now, limits) }
            verdicts.append((node, .suspect))
        }
        for node in nodes {
            guard let watch = watched[node] else { continue }
            let due = lossDue(watch, limits)
            if due > now - stalled {
                deadlines.set(node, to: due)
            } else if let until = massSilence.brake(in: watch.pool, due: due, at: now - stalled, limits) {
                deadlines.set(node, to: until)
                massSilence.hold(node, in: watch.pool)
            } else {
                massSilence.noteLoss(in: watch.pool)
                forget(node, at: now, limits)
                verdicts.append((node, .lost))
            }
        }
        return verdicts
    }

    private func lossDue(_ watch: Watch, _ limits: Limits) -> Instant {
        max(watch.heard, renewedElsewhereUntil) + limits.lease + Self.leaseMargin
    }

    /// Losses that a silence of the pool has held back are looked at again when it ends.
    private mutating func count(
        watched step: Int = 0, silent: Int = 0, in pool: Int, at now: Instant, _ limits: Limits
    ) {
        let standing = now - stalled
        for node in massSilence.count(watched: step, silent: silent, in: pool, at: standing, limits) {
            guard let watch = watched[node], watch.isSilent else { continue }
            let due = lossDue(watch, limits)
            deadlines.set(node, to: massSilence.brake(in: pool, due: due, at: standing, limits) ?? standing)
        }
    }

    /// Whether its pool was silent as a whole at any time from then on: no node is blamed for that.
    func wasPoolSilent(_ pool: String, since: Instant) -> Bool {
        guard let pool = massSilence.pool(pool) else { return false }
        return pool.begunAt != nil || pool.endedAt.map { $0 + stalled >= since } ?? false
    }

    /// - Returns: a sentence for each count that is not the number of nodes that it counts.
    func checkInvariants(of nodes: some Sequence<Node>) -> [String] {
        var faults: [String] = []
        var counts = massSilence.pools.map { _ in (watched: 0, silent: 0) }
        for node in nodes {
            let record = node.record
            guard let watch = watched[record.node] else {
                if node.takesItsPlace { faults.append("node \(record.node) is in its place and not watched") }
                continue
            }
            if !node.takesItsPlace {
                faults.append("node \(record.node) is watched, but \(record.state.rawValue)")
            }
            if watch.isSettled, record.state == .suspect {
                faults.append("node \(record.node) is suspect, and was heard since")
            }
            if watch.isSilent, record.state != .suspect {
                faults.append("node \(record.node) is silent and \(record.state.rawValue)")
            }
            if watch.isLeaving != record.isDraining {
                faults.append("node \(record.node) is not counted as its orders say")
            }
            guard !watch.isLeaving else { continue }
            counts[watch.pool].watched += 1
            counts[watch.pool].silent += watch.isSilent ? 1 : 0
        }
        for (pool, count) in zip(massSilence.pools, counts)
        where count.watched != pool.watched || count.silent != pool.silent {
            faults.append(
                "pool '\(pool.name)' counts \(pool.silent) silent of \(pool.watched) nodes, it has "
                    + "\(count.silent) of \(count.watched)")
        }
        return faults
    }
}

extension Limits {
    var shortestInterval: Duration { .milliseconds(Int64(heartbeatMilliseconds)) }
    var lease: Duration { .milliseconds(Int64(leaseMilliseconds)) }
}
