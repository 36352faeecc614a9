import APITypes
import ClusterTypes
import CoordinatorCore
import CoordinatorHistory
import CoordinatorStore
import Synchronization
import Zstd

extension APIHandlers {
    /// Steps of one answer at most; what is asked for by default has fewer.
    private static let stepLimit = 10_000
    private static let stepsByDefault: Int64 = 240

    func showNodeHistory(_ call: Call) async throws -> Answer {
        let record = try await node(try call.parameter("node"))
        let range = try range(call, byDefault: .seconds(3_600))
        let asked = try call.query.number("step", in: 1...86_400 as ClosedRange<Int64>)
        let series = try series(call)
        let histories = try await histories(of: record.node, in: range, step: asked, series)
        let native = histories.map(\.stepSeconds).max() ?? 1
        let step = max(asked ?? Self.step(of: range), native)
        let from = Self.floor(range.lowerBound.microseconds / 1_000_000, to: step)
        let count = (range.upperBound.microseconds / 1_000_000 - from) / step + 1
        guard count <= Self.stepLimit else {
            throw APIError.invalid(
                "that is \(count) steps of \(step) s; at most \(Self.stepLimit) are given: take a longer 'step' "
                    + "or a shorter time")
        }
        var timeline = HistoryTimeline(from: from, stepSeconds: step, count: Int(count))
        for history in histories { timeline.add(history) }
        return try .json(
            NodeHistoryView(
                node: record.node, name: record.name,
                from: Instant(microseconds: from * 1_000_000).rfc3339, stepSeconds: step, steps: Int(count),
                series: timeline.series.map { HistorySeriesView($0) }))
    }

    func listUsage(_ call: Call) async throws -> Answer {
        let grouping: UsageGrouping = try call.query.word("by") ?? .job
        let job = try call.query.number("job", in: 1...UInt64.max).map { JobID($0) }
        let range = try range(call, byDefault: .seconds(31 * 86_400))
        // Rows are of up to an hour: with the one that the range begins in.
        let period = HistorySettings.periodSeconds
        let from = Self.floor(range.lowerBound.microseconds / 1_000_000, to: period) * 1_000_000
        let filter = UsageFilter(
            range: Instant(microseconds: from)...range.upperBound, job: job, user: call.query.text("user"),
            isByUser: grouping == .user, limit: try call.query.limit())
        let revision = try await service.reader.revision()
        let usage = try await service.reader.usage(filter)
        return try .json(Page(items: usage.map { UsageView($0) }, revision: revision))
    }

    /// Full samples for up to a day where there are any; means and maxima of steps before them, or for more.
    private func histories(
        of node: NodeID, in range: ClosedRange<Instant>, step: Int64?, _ series: Set<HistorySeries>
    ) async throws -> [NodeHistory] {
        let coarseStep = HistorySettings.coarseStepSeconds
        let wantsFull = range.upperBound - range.lowerBound <= .seconds(86_400) && step ?? 0 < coarseStep
        // Taken before the store is read: what is written in between is seen twice, which changes no mean, and
        // not missed.
        let recent = service.recentHistory(of: node).map { $0.only(series) }
        var found = wantsFull ? try await read(.full, of: node, in: range, series) : []
        if let recent, found.last?.times.last.map({ $0 < recent.times.first ?? .max }) ?? true {
            found.append(recent)
        }
        let first = found.compactMap(\.times.first).min() ?? .max
        if !wantsFull || first > range.lowerBound.microseconds / 1_000_000 + 2 * coarseStep {
            let start = range.lowerBound - .seconds(coarseStep)
            let steps = try await read(.coarse, of: node, in: start...range.upperBound, series)
            found =
                steps.map { $0.before(Self.floor(first, to: coarseStep)) }.filter { !$0.times.isEmpty }
                + found
        }
        return found
    }

    private func read(
        _ resolution: HistoryRecord.Resolution, of node: NodeID, in range: ClosedRange<Instant>,
        _ series: Set<HistorySeries>
    ) async throws -> [NodeHistory] {
        let found = Found()
        try await service.reader.readHistory(resolution, in: range) { record in
            let decompressor = Decompressor()
            do {
                let samples = try HistoryBlock(record.block).samples(of: node, series) {
                    try decompressor.decompress($0.span.bytes, limitBytes: HistoryLimits.frameBytes)
                }
                if let samples { found.add(samples) }
            } catch {
                throw StoreError(
                    .corrupt,
                    "the \(resolution.rawValue) history from \(record.from.rfc3339Seconds) cannot be read: \(error)"
                )
            }
        }
        return found.all
    }

    /// What a reader's visitor gathers.
    private final class Found: Sendable {
        private let histories = Mutex<[NodeHistory]>([])
        func add(_ history: NodeHistory) { histories.withLock { $0.append(history) } }
        var all: [NodeHistory] { histories.withLock { $0 } }
    }

    // MARK: - What is asked for

    private func range(_ call: Call, byDefault length: Duration) throws -> ClosedRange<Instant> {
        let until = try call.query.instant("until") ?? service.now()
        let from = try call.query.instant("from") ?? until - length
        guard from < until else { throw APIError.invalid("'from' must be before 'until'") }
        return from...until
    }

    private func series(_ call: Call) throws -> Set<HistorySeries> {
        guard let text = call.query.text("series"), !text.isEmpty else { return Set(HistorySeries.allCases) }
        return Set(
            try text.split(separator: ",").map { name in
                guard let series = HistorySeries.allCases.first(where: { $0.name == name }) else {
                    let names = HistorySeries.allCases.map(\.name).joined(separator: ", ")
                    throw APIError.invalid("query parameter 'series': '\(name)' is none of \(names)")
                }
                return series
            })
    }

    /// So that a terminal or a page can show all of it.
    private static func step(of range: ClosedRange<Instant>) -> Int64 {
        let seconds = (range.upperBound - range.lowerBound).wholeMilliseconds / 1_000
        let steps: [Int64] = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600]
        return steps.first { seconds / $0 <= stepsByDefault } ?? 86_400
    }

    private static func floor(_ seconds: Int64, to step: Int64) -> Int64 {
        let rest = seconds % step
        return seconds - (rest < 0 ? rest + step : rest)
    }
}

extension HistorySeriesView {
    fileprivate init(_ series: HistoryTimeline.Series) {
        let aggregates = series.series.coarseAggregates
        self.init(
            name: series.series.name, device: series.device,
            mean: aggregates.contains(.mean) ? series.mean : nil,
            maximum: aggregates.contains(.maximum) ? series.maximum : nil)
    }
}

extension UsageView {
    init(_ record: UsageRecord) {
        func seconds(_ microseconds: Int64) -> Double { Double(microseconds) / 1e6 }
        let atWork =
            record.bookedMicroseconds &- record.idleMicroseconds &- record.unknownMicroseconds
        let isProcessors = record.resource == UsageRecord.processors
        self.init(
            user: record.user, job: record.job.rawValue == 0 ? nil : record.job, resource: record.resource,
            bookedSeconds: seconds(record.bookedMicroseconds),
            idleSeconds: seconds(record.idleMicroseconds),
            unknownSeconds: seconds(record.unknownMicroseconds),
            usedSeconds: seconds(record.usedMicroseconds),
            nonidleUtilizationPercent: atWork > 0
                ? (Double(record.usedMicroseconds) / Double(atWork) * 10_000).rounded() / 100 : nil,
            memoryBookedByteSeconds: isProcessors
                ? Double(record.memoryBookedMebibyteSeconds) * 1_048_576 : nil,
            memoryUsedByteSeconds: isProcessors ? Double(record.memoryUsedMebibyteSeconds) * 1_048_576 : nil)
    }
}
