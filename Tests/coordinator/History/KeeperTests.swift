import ClusterTypes
import CoordinatorCore
import CoordinatorDriver
import CoordinatorHistory
import CoordinatorStore
import Logging
import ProtocolMessages
import Synchronization
import Testing

@Suite("The driver's keeper of history")
struct KeeperTests {
    private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func note(_ seconds: ClosedRange<Int>, with keeper: HistoryKeeper) {
        for second in seconds where second % 10 == 0 {
            let beat = Heartbeat(
                sequence: 1, processorPermille: UInt32(second % 1_000),
                devices: [DeviceSample(utilizationPercent: 0)])
            keeper.note(
                [(NodeID(1), beat)], holdings: { _ in [holding(devices: [0])] }, at: .after(Double(second)))
        }
    }

    /// Everything of node 1, by time.
    private func samples(
        _ resolution: HistoryRecord.Resolution, in store: MemoryStore
    ) async throws -> [Int64: Int64?] {
        let found = Mutex<[Int64: Int64?]>([:])
        try await store.readHistory(resolution, in: .after(-1e6)...(.after(1e6))) { record in
            let block = try HistoryBlock(record.block)
            guard
                let history = try block.samples(
                    of: NodeID(1), [.processorPermille], decompress: decompress),
                let values = history.columns.first?.values
            else { return }
            for (time, value) in zip(history.times, values) {
                found.withLock { $0[time - Instant.after(0).microseconds / 1_000_000] = value }
            }
        }
        return found.withLock { $0 }
    }

    @Test("What is over is encoded and written; an orderly stop writes the rest")
    func orderlyStop() async throws {
        let keeper = HistoryKeeper(logger: Self.silent)
        let store = MemoryStore()
        #expect(keeper.nextWakeup(after: .after(0)) == nil)
        note(0...290, with: keeper)
        #expect(keeper.due(at: .after(299)) == [])
        #expect(keeper.nextWakeup(after: .after(299)) == .after(300))
        note(300...450, with: keeper)
        #expect(keeper.recent(of: NodeID(1))?.times.count == 16)
        _ = try store.commit(keeper.finish(at: .after(455)))
        let full = try await samples(.full, in: store)
        #expect(full.count == 46 && full[450] == .some(450))
        #expect(try await samples(.coarse, in: store) == [0: 145, 300: 375])
        let usage = try await store.usage(UsageFilter(range: .after(0)...(.after(9_999))))
        #expect(usage.first { $0.resource == "H100" }?.idleMicroseconds == 450_000_000)
    }

    @Test("After a crash only the step that it happened in is missing, and nothing is written over")
    func crash() async throws {
        let store = MemoryStore()
        let first = HistoryKeeper(logger: Self.silent)
        note(0...450, with: first)
        // Up to the end of the first step; what came after it dies with the process.
        _ = try store.commit(first.written(at: .after(451)))
        let second = HistoryKeeper(logger: Self.silent)
        note(460...700, with: second)
        _ = try store.commit(second.finish(at: .after(701)))
        let full = try await samples(.full, in: store)
        #expect(
            full.keys.sorted() == Array(stride(from: 0, through: 290, by: 10))
                + Array(stride(from: 460, through: 700, by: 10)))
        let usage = try await store.usage(UsageFilter(range: .after(0)...(.after(9_999))))
        #expect(usage.first { $0.resource == "H100" }?.bookedMicroseconds == 530_000_000)
    }

    @Test("While the store cannot be written, an hour of it waits, and no more")
    func fullStore() {
        let keeper = HistoryKeeper(logger: Self.silent)
        for hour in 0..<3 {
            for step in 0..<12 {
                let start = hour * 3_600 + step * 300
                note(start...start + 290, with: keeper)
                #expect(keeper.due(at: .after(Double(start + 300)), canWrite: false) == [])
            }
        }
        let writes = keeper.finish(at: .after(10_801))
        #expect(writes.count <= 48)
        let blocks = writes.compactMap { if case .putHistory(let record) = $0 { record } else { nil } }
        #expect(blocks.last?.through ?? .epoch >= .after(10_500))
    }
}

extension HistoryKeeper {
    /// What is over by now, encoded.
    fileprivate func written(at now: Instant) -> [Write] {
        var writes = due(at: now)
        while let wakeup = nextWakeup(after: now), wakeup <= now + .milliseconds(50) {
            writes += due(at: now)
        }
        return writes
    }
}
