package import ClusterTypes
package import CoordinatorCore
package import CoordinatorHistory
import Dispatch
package import Logging
package import ProtocolMessages
import Synchronization
import Zstd

/// Keeps the past: notes heartbeats, and gives the driver the writes of what is over. Blocks are encoded on a thread
/// beside the driver's.
package final class HistoryKeeper: Sendable {
    private struct State {
        var recorder: HistoryRecorder
        var written: [Write] = []
        var batchesInWork = 0
    }

    /// Batches that wait while the store cannot be written: about an hour. Older ones are lost.
    private static let batchesKept = 12
    /// Between looks for blocks that are being encoded.
    private static let encodingPause = Duration.milliseconds(50)

    private let state: Mutex<State>
    private let encoder = DispatchQueue(label: "mortise.history", qos: .utility)
    private let logger: Logger

    package init(_ settings: HistorySettings = .defaults, logger: Logger) {
        state = Mutex(State(recorder: HistoryRecorder(settings)))
        self.logger = logger
    }

    /// - Parameter holdings: what a node's slots hold; asked for when a sample is taken.
    package func note(_ beats: [(NodeID, Heartbeat)], holdings: (NodeID) -> [SlotHolding], at now: Instant) {
        state.withLock { state in
            for (node, beat) in beats {
                state.recorder.note(beat, of: node, holding: { holdings(node) }, at: now)
            }
        }
    }

    /// When `due` has something; nil while nothing is gathered. Not to be waited for while nothing can be written.
    package func nextWakeup(after now: Instant) -> Instant? {
        state.withLock { state in
            if !state.written.isEmpty { return now }
            return state.batchesInWork > 0 ? now + Self.encodingPause : state.recorder.nextWakeup
        }
    }

    /// The writes of what is over and encoded; they go into any commit. What comes to be over now is given to
    /// the encoder.
    ///
    /// - Parameter canWrite: false keeps them, for an hour.
    package func due(at now: Instant, canWrite: Bool = true) -> [Write] {
        let (batches, writes) = state.withLock { state in
            let batches = state.recorder.take(at: now)
            state.batchesInWork += batches.count
            guard canWrite else { return (batches, [Write]()) }
            defer { state.written = [] }
            return (batches, state.written)
        }
        for batch in batches { encoder.async { self.encode(batch) } }
        return writes
    }

    /// Ends what is gathered, for an orderly stop: the writes of everything that is not written yet.
    package func finish(at now: Instant) -> [Write] {
        state.withLock { $0.recorder.close(at: now) }
        _ = due(at: now, canWrite: false)
        encoder.sync {}
        return due(at: now)
    }

    /// The samples of a node that are not written yet.
    package func recent(of node: NodeID) -> NodeHistory? { state.withLock { $0.recorder.recent(of: node) } }

    private func encode(_ batch: HistoryRecorder.Batch) {
        let writes = Self.writes(of: batch, logger)
        state.withLock { state in
            state.written += writes
            state.batchesInWork -= 1
            // A batch has four writes at most.
            state.written.removeFirst(max(0, state.written.count - 4 * Self.batchesKept))
        }
    }

    private static func writes(of batch: HistoryRecorder.Batch, _ logger: Logger) -> [Write] {
        let compressor = Compressor(level: HistoryCompression.level)
        var writes: [Write] = []
        for (resolution, window) in [(HistoryRecord.Resolution.full, batch.full), (.coarse, batch.coarse)] {
            guard let window, let from = window.from, let through = window.through else { continue }
            do {
                let block = try HistoryBlock.encode(window) { try compressor.compress($0.span.bytes) }
                writes.append(
                    .putHistory(
                        HistoryRecord(resolution: resolution, from: from, through: through, block: block)))
            } catch {
                logger.error("cannot encode history", metadata: ["error": "\(error)"])
            }
        }
        if !batch.usage.isEmpty { writes.append(.putUsage(batch.usage)) }
        if let retention = batch.retention { writes.append(.dropHistory(retention)) }
        return writes
    }
}
