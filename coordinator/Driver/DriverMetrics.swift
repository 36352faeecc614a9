import ClusterTypes
package import CoreMetrics
package import Instruments

/// What the driver tells of itself, through swift-metrics. Recorded a few times in a turn, never for each message.
package struct DriverMetrics: Sendable {
    private let inputs: Recorder
    private let beats: Recorder
    private let beatsTotal: Counter
    private let beatLag: Timer
    private let commit: Timer
    private let commitRows: Recorder
    private let commitFailures: Counter
    private let pendingRows: Meter
    private let storeFailing: Meter
    private let inbox: Meter
    private let decodeErrors: Counter
    private let busy: FloatingPointCounter

    package init(factory: any MetricsFactory = MetricsSystem.factory) {
        inputs = Recorder(label: "mortise_driver_batch_inputs", factory: factory)
        beats = Recorder(label: "mortise_driver_batch_beats", factory: factory)
        beatsTotal = Counter(label: "mortise_beats_total", factory: factory)
        beatLag = Timer(label: "mortise_beat_lag_seconds", factory: factory)
        commit = Timer(label: "mortise_commit_seconds", factory: factory)
        commitRows = Recorder(label: "mortise_commit_rows", factory: factory)
        commitFailures = Counter(label: "mortise_commit_failures_total", factory: factory)
        pendingRows = Meter(label: "mortise_store_pending_rows", factory: factory)
        storeFailing = Meter(label: "mortise_store_failing", factory: factory)
        inbox = Meter(label: "mortise_driver_inbox_inputs", factory: factory)
        decodeErrors = Counter(label: "mortise_decode_errors_total", factory: factory)
        busy = FloatingPointCounter(label: "mortise_driver_busy_seconds_total", factory: factory)
        storeFailing.set(0)
        inbox.set(0)
        pendingRows.set(0)
    }

    /// The inbox was emptied.
    ///
    /// - Parameter waiting: since the oldest of them was put in; nil where it was empty.
    package func took(inputs count: Int, beats beatCount: Int, waiting: Duration?) {
        guard count > 0 else { return }
        inputs.record(count)
        guard beatCount > 0 else { return }
        beats.record(beatCount)
        beatsTotal.increment(by: beatCount)
        if let waiting { beatLag.recordNanoseconds(waiting.wholeMicroseconds * 1_000) }
    }

    /// How much waits, where somebody looks.
    package func noteInbox(_ count: Int) { inbox.set(count) }

    /// A turn is over; sleeping is not counted.
    package func worked(_ time: Duration) { busy.increment(by: Double(time.wholeMicroseconds) / 1e6) }

    /// A transaction is over; one that failed is tried again.
    package func ended(_ result: Result<UInt64, any Error>, rows: Int, in time: Duration) {
        switch result {
        case .success:
            commit.recordNanoseconds(time.wholeMicroseconds * 1_000)
            commitRows.record(rows)
            pendingRows.set(0)
            storeFailing.set(0)
        case .failure:
            commitFailures.increment()
            pendingRows.set(rows)
            storeFailing.set(1)
        }
    }

    package func decodingFailed() { decodeErrors.increment() }

    package static let descriptions: [Instruments.Description] = [
        .init("mortise_driver_batch_inputs", "Inputs that the driver takes at once.", bounds: counts),
        .init("mortise_driver_batch_beats", "Heartbeats among them.", bounds: counts),
        .init("mortise_beats_total", "Heartbeats that were applied."),
        .init(
            "mortise_beat_lag_seconds",
            "From the receipt of the oldest heartbeat of a batch to its being applied.", bounds: seconds),
        .init("mortise_commit_seconds", "Time of one transaction, until it is durable.", bounds: seconds),
        .init("mortise_commit_rows", "Rows of one transaction.", bounds: counts),
        .init("mortise_commit_failures_total", "Transactions that failed; each is tried again."),
        .init("mortise_store_pending_rows", "Rows that wait for the store to be written again."),
        .init("mortise_store_failing", "1 while the store cannot be written."),
        .init("mortise_driver_inbox_inputs", "Inputs that wait for the driver."),
        .init("mortise_decode_errors_total", "Messages of agents that could not be read."),
        .init("mortise_driver_busy_seconds_total", "Time that the driver's thread has worked."),
    ]

    private static let counts: [Double] = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000]
    private static let seconds = [0.000_3, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]
}
