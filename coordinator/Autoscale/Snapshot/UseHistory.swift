package import ClusterTypes

/// How many nodes of a pool were in use, and for how long those beyond were of no use.
///
/// The first node is used nearly always, the tenth seldom: each of these levels has its own gaps, from which is learned how
/// long it pays to keep a node that is idle. A gap tells most about those that follow one like it, so long and short ones
/// are remembered apart.
package struct UseHistory: Sendable, Hashable {
    private struct Level: Sendable, Hashable {
        /// Since when not so many nodes are in use.
        var unusedSince: Instant?
        var wasLong = false
        /// In seconds, the oldest first.
        var afterShort: [Int64] = []
        var afterLong: [Int64] = []

        var gaps: [Int64] {
            get { wasLong ? afterLong : afterShort }
            set { if wasLong { afterLong = newValue } else { afterShort = newValue } }
        }
    }

    /// Gaps that are remembered of a level, of either sort: some days of a busy one.
    private static let remembered = 100
    /// Fewer tell nothing.
    private static let fewest = 5
    private static let longSeconds: Int64 = 600

    private var levels: [Level] = []
    private var inUse = 0
    private var began: Instant?

    package init() {}

    /// - Parameter count: nodes with slots on them, and those that what waits will use.
    package mutating func note(inUse count: Int, at now: Instant) {
        if began == nil { began = now }
        while levels.count < count { levels.append(Level()) }
        if count < inUse {
            for level in count..<inUse { levels[level].unusedSince = now }
        } else if count > inUse {
            for level in inUse..<count {
                guard let since = levels[level].unusedSince else { continue }
                let gap = (now - since).components.seconds
                levels[level].gaps.append(gap)
                if levels[level].gaps.count > Self.remembered { levels[level].gaps.removeFirst() }
                levels[level].wasLong = gap > Self.longSeconds
                levels[level].unusedSince = nil
            }
        }
        inUse = count
    }

    /// How long a node is kept when it is one more than are in use: the time that would have cost least in the gaps that
    /// are known.
    ///
    /// - Parameter missCost: what it costs if it is gone when it is wanted, in seconds of a node.
    /// - Returns: nil where too few are known.
    func patience(level: Int, missCost: Double) -> Duration? {
        guard level < levels.count else { return nil }
        let gaps = levels[level].gaps.sorted()
        guard gaps.count >= Self.fewest else { return nil }
        var best: (cost: Double, seconds: Int64) = (Double(gaps.count) * missCost, 0)
        var waited = 0.0
        for (index, gap) in gaps.enumerated() {
            waited += Double(gap)
            let cost = waited + Double(gaps.count - index - 1) * (Double(gap) + missCost)
            if cost < best.cost { best = (cost, gap + 1) }
        }
        return .seconds(best.seconds)
    }

    /// Since when not so many nodes are in use; nil: nothing is known, or they are.
    func unusedSince(level: Int) -> Instant? {
        guard level >= inUse else { return nil }
        return level < levels.count ? levels[level].unusedSince ?? began : began
    }
}
