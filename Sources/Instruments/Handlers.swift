import CoreMetrics
import Exposition
import Synchronization

/// What one series is kept in.
protocol Instrument: Sendable {
    func write(_ labels: Labels, into exposition: inout Exposition)
}

final class WholeCounter: CounterHandler, Instrument {
    private let count = Atomic<Int64>(0)

    func increment(by amount: Int64) { count.wrappingAdd(max(0, amount), ordering: .relaxed) }
    func reset() { count.store(0, ordering: .relaxed) }

    func write(_ labels: Labels, into exposition: inout Exposition) {
        exposition.add(labels, Double(count.load(ordering: .relaxed)))
    }
}

final class BrokenCounter: FloatingPointCounterHandler, Instrument {
    private let sum = Mutex(0.0)

    func increment(by amount: Double) {
        guard amount > 0 else { return }
        sum.withLock { $0 += amount }
    }

    func reset() { sum.withLock { $0 = 0 } }

    func write(_ labels: Labels, into exposition: inout Exposition) {
        exposition.add(labels, sum.withLock { $0 })
    }
}

/// A value that goes up and down; nothing until it is set.
final class Level: MeterHandler, RecorderHandler, Instrument {
    private let value = Mutex<Double?>(nil)

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func increment(by amount: Double) { value.withLock { $0 = ($0 ?? 0) + amount } }
    func decrement(by amount: Double) { increment(by: -amount) }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }

    func write(_ labels: Labels, into exposition: inout Exposition) {
        exposition.add(labels, value.withLock { $0 })
    }
}

/// A histogram with fixed buckets.
final class Distribution: RecorderHandler, TimerHandler, Instrument {
    private struct State {
        var counts: [UInt64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    /// What is no number is not counted: it would spoil the sum for ever.
    func record(_ value: Double) {
        guard value.isFinite else { return }
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[bucket] += 1
            state.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func write(_ labels: Labels, into exposition: inout Exposition) {
        let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
        exposition.addHistogram(labels, bounds: bounds, counts: counts, sum: sum)
    }
}
