import ClusterTypes

/// How often agents are told to beat: as `Limits` say, and less often while the coordinator is busy, but never so seldom
/// that a lost node would be noticed later than its lease says.
struct BeatPace: Sendable {
    /// An interval grows and shrinks by this share of the shortest. An eighth: 5 s to 5.625 s.
    private static let step: UInt32 = 125
    /// Above this much of the coordinator's time the interval grows, …
    private static let busyPermille: UInt32 = 700
    /// … below this it shrinks again: what the longest interval saves does not lead from one to the other.
    private static let calmPermille: UInt32 = 350
    /// It shrinks by one step in this time at most: load that comes and goes changes nothing.
    private static let calmTime = Duration.seconds(30)

    /// Of the shortest interval in 1/1000.
    private var stretch: UInt32 = 1_000
    private var changedAt = Instant.epoch

    func milliseconds(_ limits: Limits) -> UInt32 {
        min(
            UInt32(UInt64(limits.heartbeatMilliseconds) * UInt64(stretch) / 1_000),
            limits.heartbeatLongestMilliseconds)
    }

    /// - Parameter permille: of the coordinator's time, busy since it was measured before.
    mutating func note(busyPermille permille: UInt32, at now: Instant, _ limits: Limits) {
        if permille >= Self.busyPermille, milliseconds(limits) < limits.heartbeatLongestMilliseconds {
            stretch += Self.step
            changedAt = now
        } else if permille > Self.calmPermille {
            changedAt = now
        } else if stretch > 1_000, now - changedAt >= Self.calmTime {
            stretch -= Self.step
            changedAt = now
        }
    }
}

extension Limits {
    /// Eight fifths of the shortest interval, while so many silent ones as make a node suspect are over half a second
    /// before its lease is.
    var heartbeatLongestMilliseconds: UInt32 {
        let silent = (leaseMilliseconds - min(leaseMilliseconds, 500)) / max(1, suspectAfterBeats)
        return max(heartbeatMilliseconds, min(heartbeatMilliseconds / 5 * 8, silent))
    }
}
