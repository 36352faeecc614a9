import ClusterTypes
import CoordinatorCore
import ProtocolMessages
import Testing

@testable import CoordinatorHistory

@Suite("The recorder")
struct RecorderTests {
    private func beat(_ load: UInt32, utilization: UInt32? = nil) -> Heartbeat {
        Heartbeat(sequence: 1, loadMilli: load, devices: [DeviceSample(utilizationPercent: utilization)])
    }

    @Test("One heartbeat in each stretch of the resolution is a sample")
    func resolution() throws {
        var recorder = HistoryRecorder(.defaults)
        var asked = 0
        for tenth in stride(from: 0, to: 600, by: 33) {
            recorder.note(
                beat(1_000), of: NodeID(1),
                holding: {
                    asked += 1
                    return []
                }, at: .after(Double(tenth) / 10))
        }
        let samples = try #require(recorder.recent(of: NodeID(1)))
        #expect(samples.times.count == 6 && asked == 6)
        #expect(recorder.recent(of: NodeID(2)) == nil)
    }

    @Test("A step's mean and maximum are those of its samples; an hour's steps stand in one block")
    func coarse() throws {
        var recorder = HistoryRecorder(.defaults)
        var batches: [HistoryRecorder.Batch] = []
        for second in stride(from: 0, to: 7_500, by: 10) {
            recorder.note(
                beat(UInt32(second % 300) * 10, utilization: second < 300 ? 30 : nil), of: NodeID(1),
                holding: { [] },
                at: .after(Double(second)))
            batches += recorder.take(at: .after(Double(second)))
        }
        #expect(batches.count == 24)
        #expect(batches.map { $0.coarse?.sampleCount } == (1...12).map { $0 } + (1...12).map { $0 })
        #expect(Set(batches.prefix(12).map { $0.coarse?.from }) == [.after(0)])
        let hour = try #require(batches[11].coarse?.samples(of: NodeID(1)))
        #expect(hour.times == (0..<12).map { 1_799_996_400 + $0 * 300 })
        func values(_ series: HistorySeries, _ aggregate: HistoryAggregate) -> [Int64?]? {
            hour.columns.first { $0.channel == HistoryChannel(series, aggregate) }?.values
        }
        #expect(values(.loadMilli, .mean)?.first == 1_450)
        #expect(values(.loadMilli, .maximum)?.first == 2_900)
        #expect(values(.utilizationPermille, .mean)?.prefix(2) == [300, nil])
    }

    @Test("A step that is over is given out at its end, one that is not at an orderly stop")
    func ends() {
        var recorder = HistoryRecorder(.defaults)
        #expect(recorder.nextWakeup == nil)
        recorder.note(beat(1), of: NodeID(1), holding: { [] }, at: .after(310))
        #expect(recorder.nextWakeup == .after(600))
        #expect(recorder.take(at: .after(599.9)) == [])
        #expect(recorder.take(at: .after(600)).count == 1)
        #expect(recorder.nextWakeup == nil)
        recorder.note(beat(1), of: NodeID(1), holding: { [] }, at: .after(620))
        recorder.close(at: .after(621))
        recorder.close(at: .after(622))
        let batches = recorder.take(at: .after(622))
        #expect(batches.map { $0.full.sampleCount } == [1] && batches.first?.coarse?.sampleCount == 2)
        #expect(
            batches.first?.retention
                == HistoryRetention(
                    fullBefore: .after(621 - 86_400), coarseBefore: .after(621 - 31 * 86_400),
                    maximumBytesEach: 1_000_000_000))
    }

    @Test("A window is closed before it takes too much memory, and loses nothing")
    func bound() {
        var recorder = HistoryRecorder(.defaults, bytesPerWindow: 200_000)
        var wide = Heartbeat(sequence: 1)
        wide.devices = Array(repeating: DeviceSample(utilizationPercent: 3), count: 64)
        var batches: [HistoryRecorder.Batch] = []
        for second in stride(from: 0, to: 300, by: 10) {
            for node in 1...24 as ClosedRange<UInt64> {
                recorder.note(wide, of: NodeID(node), holding: { [] }, at: .after(Double(second)))
            }
            batches += recorder.take(at: .after(Double(second)))
        }
        batches += recorder.take(at: .after(300))
        #expect(batches.count > 1)
        #expect(batches.allSatisfy { $0.full.byteCount < 205_000 })
        #expect(batches.reduce(0) { $0 + $1.full.sampleCount } == 720)
        #expect(Set(batches.map { $0.full.from }).count == batches.count)
        #expect(batches.compactMap(\.coarse).map(\.sampleCount) == [24])
    }

    @Test("Turned off, it keeps nothing")
    func disabled() {
        var settings = HistorySettings.defaults
        settings.isEnabled = false
        var recorder = HistoryRecorder(settings)
        recorder.note(beat(1), of: NodeID(1), holding: { [] }, at: .after(1))
        #expect(recorder.nextWakeup == nil && recorder.take(at: .after(1_000)) == [])
    }

    @Test("Settings out of bounds are named, all at once")
    func settings() {
        #expect(HistorySettings.defaults.validate() == [])
        let wrong = HistorySettings(
            isEnabled: true, resolutionSeconds: 0, fullSeconds: 1, coarseSeconds: 0, maximumBytes: 5)
        #expect(wrong.validate().count == 4)
    }

    @Test("A timeline puts samples into steps: means of means, maxima of maxima")
    func timeline() {
        var recorder = HistoryRecorder(.defaults)
        for (second, load) in [(0, 1_000), (10, 3_000), (30, 500)] as [(Double, UInt32)] {
            recorder.note(beat(load, utilization: 50), of: NodeID(1), holding: { [] }, at: .after(second))
        }
        var timeline = HistoryTimeline(from: 1_799_996_400, stepSeconds: 20, count: 3)
        if let recent = recorder.recent(of: NodeID(1)) { timeline.add(recent) }
        let load = timeline.series.first { $0.series == .loadMilli }
        #expect(load?.mean == [2_000, 500, nil] && load?.maximum == [3_000, 500, nil])
        let used = timeline.series.first { $0.series == .utilizationPermille }
        #expect(used?.device == 0 && used?.maximum == [500, 500, nil])
        #expect(!timeline.series.contains { $0.series == .temperatureCelsius })
    }
}

@Suite("Usage")
struct UsageTests {
    /// The rows after one step of samples each ten seconds from 0 to 290.
    private func rows(
        _ holdings: [SlotHolding], from first: Int = 0, beat: (_ second: Int) -> Heartbeat
    ) -> [UsageRecord] {
        var recorder = HistoryRecorder(.defaults)
        for second in stride(from: first, through: 290, by: 10) {
            recorder.note(beat(second), of: NodeID(1), holding: { holdings }, at: .after(Double(second)))
        }
        return recorder.take(at: .after(300)).flatMap(\.usage)
    }

    private func beat(_ utilizations: UInt32?..., milliCPU: UInt32? = nil) -> Heartbeat {
        Heartbeat(
            sequence: 1, devices: utilizations.map { DeviceSample(utilizationPercent: $0) },
            slots: milliCPU.map {
                [
                    SlotSample(
                        key: SlotKey(SlotID(1), Generation(1)), state: .running, milliCPU: $0,
                        memoryBytes: 512 << 20)
                ]
            } ?? [])
    }

    @Test("A device that is used, one that is not, and one that says nothing")
    func devices() throws {
        let found = rows([holding(devices: [0, 1, 2])]) { _ in beat(80, 0, nil) }
        let row = try #require(found.first { $0.resource == "H100" })
        #expect(row.job == JobID(1) && row.user == "ada" && row.from == .after(0))
        // Time counts between samples: 29 times ten seconds.
        #expect(row.bookedMicroseconds == 3 * 290_000_000)
        #expect(row.idleMicroseconds == 290_000_000)
        #expect(row.unknownMicroseconds == 290_000_000)
        #expect(row.usedMicroseconds == 232_000_000)
    }

    @Test("A device that was used once in a step is not idle in it")
    func burst() throws {
        let found = rows([holding(devices: [0])]) { beat($0 == 100 ? 50 : 0) }
        let row = try #require(found.first { $0.resource == "H100" })
        #expect(row.idleMicroseconds == 0 && row.usedMicroseconds == 5_000_000)
    }

    @Test("A share of a device counts as its part")
    func shares() throws {
        let found = rows([
            holding(1, job: 1, devices: [0], shares: 250),
            holding(2, job: 2, user: "bob", devices: [0], shares: 500),
        ]) { _ in beat(40) }
        let booked = found.filter { $0.resource == "H100" }.map(\.bookedMicroseconds)
        #expect(booked == [72_500_000, 145_000_000])
        #expect(found.filter { $0.resource == "H100" }.map(\.usedMicroseconds) == [29_000_000, 58_000_000])
    }

    @Test("Processors and memory are those that the slot's processes use")
    func processors() throws {
        let row = try #require(rows([holding()]) { _ in beat(milliCPU: 500) }.first)
        #expect(row.resource == UsageRecord.processors)
        #expect(row.bookedMicroseconds == 580_000_000 && row.usedMicroseconds == 145_000_000)
        #expect(row.idleMicroseconds == 0 && row.unknownMicroseconds == 0)
        #expect(row.memoryBookedMebibyteSeconds == 1_024 * 290)
        #expect(row.memoryUsedMebibyteSeconds == 512 * 290)
        let silent = try #require(rows([holding()]) { _ in beat() }.first)
        #expect(silent.unknownMicroseconds == silent.bookedMicroseconds)
    }

    @Test("A node that was silent has what it has, and nobody knows what it did with it")
    func silence() throws {
        let found = rows([holding(devices: [0])]) { beat($0 == 0 ? 0 : 100) }
        let gap = {
            var recorder = HistoryRecorder(.defaults)
            for second in [0.0, 200, 210] {
                recorder.note(
                    beat(100), of: NodeID(1), holding: { [holding(devices: [0])] }, at: .after(second))
            }
            return recorder.take(at: .after(300)).flatMap(\.usage)
        }()
        #expect(found.first { $0.resource == "H100" }?.unknownMicroseconds == 0)
        let row = try #require(gap.first { $0.resource == "H100" })
        #expect(row.bookedMicroseconds == 210_000_000 && row.unknownMicroseconds == 200_000_000)
    }

    @Test("Steps of an hour add up in one row; the next hour begins another")
    func periods() throws {
        var recorder = HistoryRecorder(.defaults)
        var last: [Instant: Int64] = [:]
        for second in stride(from: 0, through: 5_400, by: 10) {
            recorder.note(
                beat(100), of: NodeID(1), holding: { [holding(devices: [0])] }, at: .after(Double(second)))
            for row in recorder.take(at: .after(Double(second))).flatMap(\.usage) where row.resource == "H100"
            {
                last[row.from] = row.bookedMicroseconds
            }
        }
        #expect(last == [.after(0): 3_590_000_000, .after(3_600): 1_800_000_000])
    }
}
