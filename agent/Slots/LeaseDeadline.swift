import ClusterTypes

/// When a slot that must not outlive its lease has to be told to stop, and when it has to be dead.
///
/// Moments are those of `SteadyClock.sinceBoot`.
struct LeaseDeadline: Equatable {
    /// TERM by then.
    let stopAt: Int64
    /// KILL by then; what is left of the lease covers the dying.
    let killAt: Int64

    /// - Parameters:
    ///   - deadline: the lease's end.
    ///   - now: when it was set. A short lease shortens the grace: else a slot with a long one would have to stop
    ///     as soon as it starts.
    init(deadline: Int64, stopGraceSeconds: UInt32, now: Int64) {
        let remaining = max(0, deadline - now)
        killAt = deadline - min(1_000_000, remaining / 6)
        stopAt = killAt - min(Int64(stopGraceSeconds) * 1_000_000, remaining / 3)
    }
}
