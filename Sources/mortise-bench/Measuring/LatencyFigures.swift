import ClusterTypes
import Histogram

/// Durations in microseconds, three digits of each: recording costs some nanoseconds and no memory.
struct LatencyFigures: Sendable {
    private var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: .three)

    init() { histogram.autoResize = true }

    var count: UInt64 { histogram.totalCount }

    mutating func record(_ duration: Duration) {
        _ = histogram.record(UInt64(max(0, duration.wholeMicroseconds)))
    }

    mutating func add(_ other: LatencyFigures) {
        guard other.count > 0 else { return }
        histogram.add(other.histogram)
    }

    func count(upTo duration: Duration) -> UInt64 {
        count == 0 ? 0 : histogram.count(within: 0...UInt64(max(0, duration.wholeMicroseconds)))
    }

    /// nil where nothing was recorded.
    var summary: LatencySummary? {
        guard count > 0 else { return nil }
        func milliseconds(_ percentile: Double) -> Double {
            Double(histogram.valueAtPercentile(percentile)) / 1_000
        }
        return LatencySummary(
            count: count, p50: milliseconds(50), p90: milliseconds(90), p99: milliseconds(99),
            p999: milliseconds(99.9), max: Double(histogram.max) / 1_000)
    }
}

/// In milliseconds.
struct LatencySummary: Codable, Sendable, Equatable {
    var count: UInt64
    var p50: Double
    var p90: Double
    var p99: Double
    var p999: Double
    var max: Double
}
