import Platform

/// A moment by which something has to be done.
package struct Deadline: Sendable {
    private let instant: ContinuousClock.Instant

    package static func after(_ duration: Duration) -> Deadline {
        Deadline(instant: ContinuousClock.now.advanced(by: duration))
    }

    package var isOver: Bool { ContinuousClock.now >= instant }

    /// Never negative.
    package var microsecondsLeft: Int64 {
        let (seconds, attoseconds) = ContinuousClock.now.duration(to: instant).components
        return max(0, seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }

    /// Of the two the one that comes first.
    package func orAfter(_ duration: Duration) -> Deadline {
        let other = Self.after(duration)
        return instant < other.instant ? self : other
    }

    /// Blocks the thread for this long, or until the deadline if that comes first.
    package func pause(milliseconds: Int64) {
        var nothing = PollSet(places: 0)
        nothing.wait(microseconds: min(milliseconds * 1_000, microsecondsLeft))
    }
}
