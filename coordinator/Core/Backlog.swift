package import ClusterTypes

/// Outputs that are not finished: writes to be committed, and the actions that wait for them. The part of every
/// driver that makes "durable before visible" true.
///
/// One transaction is under way at a time; what is handled meanwhile goes into the next one. So nothing that has
/// no need of the store waits for it.
package struct Backlog: Sendable {
    /// The transaction that is under way.
    package private(set) var underWay: [Write]?
    /// For the next transaction.
    private var waiting: [Write] = []
    /// As they came since the last release.
    private var new: [Action] = []
    /// Need what the transaction under way writes.
    private var held: [Action] = []
    /// Need what waits, too.
    private var later: [Action] = []
    private var ready: [Action] = []
    /// Set while commits fail.
    package private(set) var retryAt: Instant?

    /// Another coordinator may have the store by now, and say otherwise: what depends on what is written is told only
    /// after a transaction, if an empty one.
    private let isShared: Bool

    package init(isShared: Bool = false) { self.isShared = isShared }

    /// When a transaction that failed is tried again; nil while that is under way.
    package var nextAttempt: Instant? { underWay == nil ? retryAt : nil }

    /// Nothing is left to be written, or waits for what is.
    package var isWritten: Bool { underWay == nil && !needsTransaction }
    private var needsTransaction: Bool { !waiting.isEmpty || (isShared && !later.isEmpty) }
    package var isEmpty: Bool { isWritten && new.isEmpty && ready.isEmpty && later.isEmpty }

    package mutating func take(_ output: Output) {
        waiting += output.writes
        new += output.actions
    }

    /// - Parameter isLast: an earlier failure is no reason to wait.
    /// - Returns: what to commit now, after which `committed` or `failed` is called; nil while there is nothing, or
    ///   a transaction is under way, or the next attempt is later.
    package mutating func begin(at now: Instant, isLast: Bool = false) -> [Write]? {
        if isShared { sort() }
        guard underWay == nil, needsTransaction, isLast || retryAt.map({ $0 <= now }) ?? true else {
            return nil
        }
        sort()
        swap(&held, &later)
        underWay = waiting.coalesced()
        waiting.removeAll()
        return underWay
    }

    /// The transaction is durable.
    /// - Returns: whether an earlier one had failed.
    package mutating func committed() -> Bool {
        underWay = nil
        ready += held
        held.removeAll(keepingCapacity: true)
        defer { retryAt = nil }
        return retryAt != nil
    }

    /// Its writes are kept, before those that came meanwhile.
    /// - Returns: whether it is the first that failed.
    package mutating func failed(tryAgainAt moment: Instant) -> Bool {
        waiting = (underWay ?? []) + waiting
        underWay = nil
        later = held + later
        held.removeAll()
        defer { retryAt = moment }
        return retryAt == nil
    }

    /// What may be done now, in order: all when nothing is left to write; else what no longer waits for its writes, and
    /// what says nothing about them.
    package mutating func releaseActions() -> [Action] {
        if isWritten, !isShared {
            ready += later
            ready += new
            later.removeAll(keepingCapacity: true)
            new.removeAll(keepingCapacity: true)
        } else {
            sort()
        }
        defer { ready.removeAll(keepingCapacity: true) }
        return ready
    }

    private mutating func sort() {
        for action in new {
            if action.isIndependentOfWrites { ready.append(action) } else { later.append(action) }
        }
        new.removeAll(keepingCapacity: true)
    }
}
