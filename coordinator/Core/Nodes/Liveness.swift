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

    private(set) var lastHandled: Instant?
    private var stalled = Duration.zero
    private var deadlines = DeadlineQueue<NodeID>()
    /// On the standing clock.
    private var heard = OrderedTable<NodeID, Instant>()

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

    mutating func hear(_ node: NodeID, at now: Instant, _ limits: Limits) {
        heard[node] = now - stalled
        deadlines.set(node, to: now - stalled + limits.suspectAfter)
    }

    mutating func forget(_ node: NodeID) {
        heard[node] = nil
        deadlines.remove(node)
    }

    func silence(of node: NodeID, at now: Instant) -> Duration? { heard[node].map { now - stalled - $0 } }

    enum Verdict: Sendable {
        case suspect, lost
    }

    /// Nodes whose silence has reached the next mark; a suspect one is watched on until its lease is over.
    mutating func expired(at now: Instant, _ limits: Limits) -> [(NodeID, Verdict)] {
        let standing = now - stalled
        return deadlines.popExpired(at: standing).compactMap { node in
            guard let last = heard[node] else { return nil }
            let lostAt = last + limits.lease + Self.leaseMargin
            if lostAt <= standing {
                heard[node] = nil
                return (node, .lost)
            }
            deadlines.set(node, to: lostAt)
            return (node, .suspect)
        }
    }
}

extension Limits {
    var suspectAfter: Duration { .milliseconds(Int64(heartbeatMilliseconds) * Int64(suspectAfterBeats)) }
    var lease: Duration { .milliseconds(Int64(leaseMilliseconds)) }
}
