import ClusterTypes

/// Spreads the hellos of many agents that come at once: after a restart of the coordinator, its stall, or a broken
/// network that is whole again.
///
/// A token bucket that holds a second's worth, so that a few agents never wait. The others are told when to come
/// again, one after the other at the same rate, from a second later on, when the bucket is full again for those
/// that come early or late.
struct HelloAdmission: Sendable {
    private static let firstRetry = Duration.seconds(1)

    /// When the bucket was or will be full: each hello takes one interval of it.
    private var fullAt = Instant.epoch
    /// The latest moment that was told to anybody.
    private var toldUntil = Instant.epoch

    /// - Returns: nil when it is let in, else after how long to try again; never longer than a lease, after which an
    ///   agent has nothing left to keep.
    mutating func admit(at now: Instant, _ limits: Limits) -> Duration? {
        let interval = Duration.microseconds(1_000_000 / Int64(limits.hellosPerSecond))
        let taken = max(fullAt, now) + interval
        if taken <= now + .seconds(1) {
            fullAt = taken
            return nil
        }
        toldUntil = min(max(toldUntil, now + Self.firstRetry) + interval, now + limits.lease)
        return toldUntil - now
    }
}
