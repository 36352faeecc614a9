package import ClusterTypes

/// Whether this coordinator leads, as far as its store has said so lately. For as long as a lease after each time
/// that it did, nobody else does; then this one may not go on, lest agents are told two things.
///
/// A pure value, as the simulator's coordinators go by it as well.
package struct Leadership: Sendable {
    /// nil: nobody else can ever have the store.
    private let lease: Duration?
    private var confirmedAt: Instant
    private var asksAt: Instant
    private var isAsking = false

    package init(lease: Duration?, at now: Instant) {
        self.lease = lease
        confirmedAt = now
        asksAt = now + (lease ?? .zero) / 4
    }

    /// When to ask, or to end.
    package var nextWakeup: Instant? {
        lease.map { isAsking ? confirmedAt + $0 : min(asksAt, confirmedAt + $0) }
    }

    /// - Returns: whether to ask the store now; one question is under way at a time.
    package mutating func shouldAsk(at now: Instant) -> Bool {
        guard lease != nil, !isAsking, now >= asksAt else { return false }
        isAsking = true
        return true
    }

    /// The store has answered, but not that somebody else has it.
    ///
    /// - Parameter moment: when it was asked, or a transaction began; nil where it could not say.
    package mutating func answered(asOf moment: Instant?, at now: Instant) {
        guard let lease else { return }
        isAsking = false
        if let moment { confirmedAt = max(confirmedAt, moment) }
        asksAt = moment == nil ? now + lease / 16 : confirmedAt + lease / 4
    }

    package func isOver(at now: Instant) -> Bool { lease.map { now >= confirmedAt + $0 } ?? false }
}
