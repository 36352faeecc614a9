import ClusterTypes
import Platform

/// How busy the coordinator is: the driver's own thread, or all threads together on the machine's processors, whichever
/// leaves less room.
struct LoadMeter {
    /// Measured once in this time. 1 s.
    private static let period = Duration.seconds(1)

    private var startedAt: Instant
    private var processorTime = ProcessTime.microseconds
    private var idle = Duration.zero

    init(at now: Instant) { startedAt = now }

    mutating func noteIdle(_ time: Duration) { idle += time }

    /// In 1/1000; nil before the period is over.
    mutating func permille(at now: Instant) -> UInt32? {
        let elapsed = (now - startedAt).wholeMicroseconds
        guard elapsed >= Self.period.wholeMicroseconds else { return nil }
        let used = ProcessTime.microseconds
        let all = (used - processorTime) * 1_000 / (elapsed * Int64(ProcessTime.processors))
        let own = 1_000 - min(1_000, idle.wholeMicroseconds * 1_000 / elapsed)
        startedAt = now
        processorTime = used
        idle = .zero
        return UInt32(clamping: max(0, min(1_000, max(all, own))))
    }
}
