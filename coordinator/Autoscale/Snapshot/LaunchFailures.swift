package import ClusterTypes

/// Launches of a pool that failed one after the other.
package struct LaunchFailures: Sendable, Hashable {
    package private(set) var count: Int
    package private(set) var last: Instant?

    package init(count: Int = 0, last: Instant? = nil) {
        self.count = count
        self.last = last
    }

    /// Waiting after the first failure, the second … The first may be an accident and is tried again at once. Then each
    /// wait is at most a few times the one before: what is lost after a recovery is no more than a few times what the
    /// outage took. Half an hour is the most: a trial costs one call, and capacity that sold out comes back in hours.
    package static let ladder: [Duration] = [
        .zero, .seconds(60), .seconds(300), .seconds(900), .seconds(1_800),
    ]

    /// When the pool is tried again; nil: now.
    package var retryAt: Instant? {
        guard count > 0, let last else { return nil }
        return last + Self.ladder[Swift.min(count, Self.ladder.count) - 1]
    }

    package mutating func noteFailure(at now: Instant) {
        count += 1
        last = now
    }

    /// A launch came up: the pool is as good as new.
    package mutating func noteSuccess() { self = LaunchFailures() }
}
