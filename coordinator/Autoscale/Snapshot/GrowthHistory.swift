package import ClusterTypes
package import CoordinatorPlacement

/// How the slots of each class that run or wait have changed lately: those that came less those that ended. What ends makes
/// room for what comes, so that only the growth needs nodes.
package struct GrowthHistory: Sendable, Hashable {
    private struct Bucket: Sendable, Hashable {
        /// Since the epoch, in `seconds`.
        var number: Int64
        var kind: Int
        var slots: Int
    }

    private static let seconds: Int64 = 30
    private static let kept: Int64 = 36 * 3_600 / seconds
    /// Classes that are told apart; of others nothing is remembered.
    private static let mostKinds = 64

    package private(set) var kinds: [PlacementDemand] = []
    private var buckets: [Bucket] = []
    private var first: Int64?

    package init() {}

    /// - Parameter slots: more than 0 for those that came, less for those that ended.
    package mutating func note(_ demand: PlacementDemand, change slots: Int, at now: Instant) {
        let number = now.microseconds / (Self.seconds * 1_000_000)
        if first == nil { first = number }
        // It is nothing of the class which job asks.
        var kind = demand
        kind.job = nil
        let known = kinds.firstIndex(of: kind)
        guard known != nil || kinds.count < Self.mostKinds else { return }
        if known == nil { kinds.append(kind) }
        let position = known ?? kinds.count - 1
        if let bucket = buckets.indices.reversed().prefix(kinds.count).first(where: {
            buckets[$0].number == number && buckets[$0].kind == position
        }) {
            buckets[bucket].slots += slots
        } else {
            buckets.append(Bucket(number: number, kind: position, slots: slots))
        }
        if buckets[0].number < number - 2 * Self.kept {
            buckets.removeAll { $0.number < number - Self.kept }
        }
    }

    /// By how much was more asked for at the end of each of the last spans of `width`, the latest first, the one that is not over
    /// included.
    ///
    /// - Parameter weight: of one slot of each kind; 0 leaves a kind out.
    /// - Returns: the sum of weights of each window, at most `most` of them, as many as the history knows.
    func windows(of width: Duration, most: Int, at now: Instant, weight: [Double]) -> [Double] {
        let (span, end) = span(width, now)
        guard let first, first <= end else { return [] }
        var sums = [Double](repeating: 0, count: Swift.min(most, Int((end - first) / span) + 1))
        for bucket in buckets.reversed() {
            let window = window(of: bucket, span, end)
            guard window < sums.count else { break }
            sums[window] += weight[bucket.kind] * Double(bucket.slots)
        }
        return sums
    }

    /// - Returns: the change of each kind in one of those windows.
    func slots(in window: Int, of width: Duration, at now: Instant) -> [Int] {
        let (span, end) = span(width, now)
        var slots = [Int](repeating: 0, count: kinds.count)
        for bucket in buckets.reversed() {
            let its = self.window(of: bucket, span, end)
            guard its <= window else { break }
            if its == window { slots[bucket.kind] += bucket.slots }
        }
        return slots
    }

    /// What is told of a later moment than is asked about counts as of now.
    private func window(of bucket: Bucket, _ span: Int64, _ end: Int64) -> Int {
        Int(Swift.max(0, end - bucket.number) / span)
    }

    private func span(_ width: Duration, _ now: Instant) -> (span: Int64, end: Int64) {
        let seconds = Swift.max(Self.seconds, width.components.seconds)
        return ((seconds + Self.seconds - 1) / Self.seconds, now.microseconds / (Self.seconds * 1_000_000))
    }
}
