import ClusterTypes
import CoordinatorStore

/// When the store drops what it does not keep any more: in small steps, with time for everything else between them.
struct RetentionPace {
    /// Rows of one step.
    static let rows = 1_000
    /// Until somebody looks again whether there is something to drop.
    private static let rest = Duration.seconds(600)
    /// Between two steps, as often as what a step took: a tenth of the store's time at most.
    private static let easing = 9

    private let policy: RetentionPolicy
    private let leastJobs: Int
    /// nil while a step is under way.
    private(set) var nextWakeup: Instant?

    /// - Parameter leastJobs: the ended jobs that the machine remembers.
    init(_ policy: RetentionPolicy, leastJobs: Int, at now: Instant) {
        self.policy = policy
        // Twice as many: the machine may be ahead of the store by some that have ended since.
        self.leastJobs = 2 * leastJobs
        nextWakeup = now
    }

    /// - Returns: what to drop now; one step is under way at a time.
    mutating func begin(at now: Instant) -> Retention? {
        guard let nextWakeup, now >= nextWakeup else { return nil }
        self.nextWakeup = nil
        return policy.retention(at: now, leastJobs: leastJobs)
    }

    /// - Parameter hasMore: also nil where the step failed; then it is left for the next time.
    mutating func ended(hasMore: Bool?, in duration: Duration, at now: Instant) {
        nextWakeup = now + (hasMore == true ? max(duration * Self.easing, .milliseconds(20)) : Self.rest)
    }
}
