/// The history of one node in steps of equal length, made of whatever samples fall into them.
package struct HistoryTimeline: Sendable {
    package struct Series: Sendable, Hashable {
        package let series: HistorySeries
        /// nil for the node itself.
        package let device: Int?
        /// One for each step; nil where nothing was read. Of a counter all are nil.
        package var mean: [Int64?]
        /// The same; nil throughout for what only a mean is kept of.
        package var maximum: [Int64?]
    }

    private struct Sums {
        var sum: Int64 = 0
        var count: Int64 = 0
        var maximum: Int64?
    }

    private struct Key: Hashable {
        let series: HistorySeries
        let device: Int?
    }

    /// Whole seconds since 1970.
    package let from: Int64
    package let stepSeconds: Int64
    package let count: Int
    private var positions: [Key: Int] = [:]
    private var columns: [(key: Key, sums: [Sums])] = []

    /// - Precondition: both are positive.
    package init(from: Int64, stepSeconds: Int64, count: Int) {
        precondition(stepSeconds > 0 && count > 0, "a timeline has steps of some length")
        self.from = from
        self.stepSeconds = stepSeconds
        self.count = count
    }

    /// Samples outside of the timeline are passed over.
    package mutating func add(_ history: NodeHistory) {
        let steps = history.times.map { time -> Int? in
            let (offset, overflows) = time.subtractingReportingOverflow(from)
            let step = floorDivide(offset, stepSeconds)
            return overflows || step < 0 || step >= count ? nil : Int(step)
        }
        guard steps.contains(where: { $0 != nil }) else { return }
        for column in history.columns {
            let position = position(of: Key(series: column.channel.series, device: column.device))
            for (step, value) in zip(steps, column.values) {
                guard let step, let value else { continue }
                add(value, column.channel.aggregate, at: step, to: position)
            }
        }
    }

    private mutating func position(of key: Key) -> Int {
        if let position = positions[key] { return position }
        positions[key] = columns.count
        columns.append((key, Array(repeating: Sums(), count: count)))
        return columns.count - 1
    }

    private mutating func add(_ value: Int64, _ aggregate: HistoryAggregate, at step: Int, to position: Int) {
        if aggregate != .maximum {
            columns[position].sums[step].sum &+= value
            columns[position].sums[step].count += 1
        }
        if aggregate != .mean {
            columns[position].sums[step].maximum = max(columns[position].sums[step].maximum ?? .min, value)
        }
    }

    /// Those with a value, the node's first, then device by device.
    package var series: [Series] {
        columns.sorted { left, right in
            (left.key.device ?? -1, left.key.series.rawValue) < (
                right.key.device ?? -1, right.key.series.rawValue
            )
        }.map { key, sums in
            let aggregates = key.series.coarseAggregates
            return Series(
                series: key.series, device: key.device,
                mean: sums.map { aggregates.contains(.mean) && $0.count > 0 ? $0.sum / $0.count : nil },
                maximum: sums.map { aggregates.contains(.maximum) ? $0.maximum : nil })
        }.filter { series in (series.mean + series.maximum).contains { $0 != nil } }
    }
}
