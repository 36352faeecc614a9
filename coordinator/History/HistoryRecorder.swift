package import ClusterTypes
package import CoordinatorCore
package import ProtocolMessages

/// Gathers heartbeats into windows, steps and accounts, and says what is ready to be encoded and written.
///
/// A window of samples is of one step of five minutes, or shorter where it would take too much memory. A window of
/// steps is of one hour; it is written again, longer, with each step, and so are the hour's accounts: a crash loses
/// no more than the step that it happens in. Each hour, and each life of a coordinator, begins rows of its own.
package struct HistoryRecorder: Sendable {
    /// What one step, or a window that had to end before it, leaves to be written.
    package struct Batch: Sendable, Hashable {
        package var full: HistoryWindow
        /// nil within a step.
        package var coarse: HistoryWindow?
        package var usage: [UsageRecord] = []
        package var retention: HistoryRetention?
    }

    private let settings: HistorySettings
    private let bytesPerWindow: Int
    private var full: HistoryWindow
    private var coarse: HistoryWindow
    private var aggregates = StepAggregates()
    private var usage: UsageLedger
    /// In which a node was sampled last.
    private var lastBuckets: [NodeID: Int64] = [:]
    /// In seconds; nil before the first sample.
    private var stepStart: Int64?
    private var periodFrom = Instant.epoch
    private var ready: [Batch] = []

    package init(_ settings: HistorySettings, bytesPerWindow: Int = HistoryLimits.bytesPerWindow) {
        self.settings = settings
        self.bytesPerWindow = bytesPerWindow
        full = HistoryWindow(.full, stepSeconds: settings.resolutionSeconds)
        coarse = HistoryWindow(.coarse, stepSeconds: HistorySettings.coarseStepSeconds)
        usage = UsageLedger(resolutionSeconds: settings.resolutionSeconds)
    }

    /// When there is something for `take`; nil while nothing is gathered.
    package var nextWakeup: Instant? {
        guard ready.isEmpty else { return .epoch }
        return stepStart.map {
            Instant(microseconds: ($0 + HistorySettings.coarseStepSeconds) * 1_000_000)
        }
    }

    /// Takes a sample of the heartbeat if the node has had none in this stretch of the resolution.
    ///
    /// - Parameter holding: asked for only then.
    package mutating func note(
        _ beat: Heartbeat, of node: NodeID, holding: () -> [SlotHolding], at now: Instant
    ) {
        let bucket = floorDivide(now.wholeSeconds, settings.resolutionSeconds)
        guard settings.isEnabled, lastBuckets[node] != bucket else { return }
        lastBuckets[node] = bucket
        advance(to: now)
        if stepStart == nil { begin(at: now) }
        full.append(beat, of: node, at: now)
        aggregates.add(beat, of: node)
        usage.note(beat, of: node, holding: holding(), at: now)
        if full.byteCount >= bytesPerWindow {
            ready.append(Batch(full: full))
            full = HistoryWindow(.full, stepSeconds: settings.resolutionSeconds)
        }
    }

    private mutating func begin(at now: Instant) {
        let start = start(of: HistorySettings.coarseStepSeconds, at: now)
        stepStart = start
        if coarse.isEmpty { periodFrom = now }
    }

    /// Ends the step that is over by now.
    private mutating func advance(to now: Instant) {
        guard let stepStart, start(of: HistorySettings.coarseStepSeconds, at: now) != stepStart else {
            return
        }
        close(at: now)
    }

    private func start(of seconds: Int64, at now: Instant) -> Int64 {
        floorDivide(now.wholeSeconds, seconds) * seconds
    }

    /// Ends the step now, over or not.
    package mutating func close(at now: Instant) {
        guard let stepStart else { return }
        aggregates.append(to: &coarse, stepStart: stepStart, notBefore: periodFrom)
        ready.append(
            Batch(
                full: full, coarse: coarse, usage: usage.closeStep(periodFrom: periodFrom),
                retention: HistoryRetention(
                    fullBefore: now - .seconds(settings.fullSeconds),
                    coarseBefore: now - .seconds(settings.coarseSeconds),
                    maximumBytesEach: settings.maximumBytes / 2)))
        full = HistoryWindow(.full, stepSeconds: settings.resolutionSeconds)
        aggregates = StepAggregates()
        let period = HistorySettings.periodSeconds
        if start(of: period, at: now) != floorDivide(stepStart, period) * period {
            coarse = HistoryWindow(.coarse, stepSeconds: HistorySettings.coarseStepSeconds)
            usage.closePeriod(at: now)
            let bucket = floorDivide(now.wholeSeconds, settings.resolutionSeconds)
            lastBuckets = lastBuckets.filter { $0.value == bucket }
        }
        self.stepStart = nil
    }

    /// What is over by now, oldest first.
    package mutating func take(at now: Instant) -> [Batch] {
        advance(to: now)
        defer { ready = [] }
        return ready
    }

    /// The samples of a node that are not written yet; nil where there are none.
    package func recent(of node: NodeID) -> NodeHistory? { full.samples(of: node) }
}
