package import CoreMetrics
package import Exposition
import Synchronization

/// A backend of swift-metrics that keeps everything in memory, to be scraped.
///
/// Counters and meters cost an atomic addition, histograms a lock without waiting. Labels of swift-metrics are the
/// names of the families (`mortise_beats_total`); timers come out in seconds. A handler is made once for a name and its
/// dimensions: whoever asks again gets the same one, and it stays for the life of the process.
package final class Instruments: MetricsFactory, Sendable {
    /// What is known of a family before its first use.
    package struct Description: Sendable {
        package var name: String
        package var help: String
        /// Upper bounds of a histogram's buckets, rising; in seconds for a timer.
        package var bounds: [Double]

        package init(_ name: String, _ help: String, bounds: [Double] = []) {
            self.name = name
            self.help = help
            self.bounds = bounds
        }
    }

    /// Dimensions come from code that may not be ours: more series of one name are counted into none.
    private static let seriesPerFamily = 1_000
    private static let families = 1_000
    /// Of what is not described: 1 ms to 10 s, or powers of ten.
    private static let defaultBounds = [0.001, 0.01, 0.1, 1, 10, 100, 1_000, 10_000]

    private struct Family {
        var kind: Exposition.Kind
        /// In the order in which they were made.
        var series: [(labels: Labels, instrument: any Instrument)] = []
    }

    private let descriptions: [String: Description]
    private let state = Mutex<[String: Family]>([:])

    package init(_ descriptions: [Description]) {
        self.descriptions = Dictionary(descriptions.map { ($0.name, $0) }) { first, _ in first }
    }

    /// All families, by name.
    package func write(into exposition: inout Exposition) {
        for (name, family) in state.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            exposition.begin(name, family.kind, descriptions[name]?.help ?? "No description.")
            for (labels, instrument) in family.series { instrument.write(labels, into: &exposition) }
        }
    }

    /// The instrument of this name and these dimensions; one that nobody reads where there are too many, or where
    /// the name already is of another kind.
    private func instrument<Made: Instrument>(
        _ label: String, _ dimensions: [(String, String)], _ kind: Exposition.Kind, _ make: () -> Made
    ) -> Made {
        let name = MetricName.valid(label)
        let labels = Labels(named: dimensions)
        return state.withLock { state in
            var family = state[name] ?? Family(kind: kind)
            for (known, instrument) in family.series where known == labels {
                if let instrument = instrument as? Made { return instrument }
            }
            let made = make()
            let isFull = state[name] == nil && state.count >= Self.families
            let isOdd = family.kind != kind || family.series.contains { !($0.instrument is Made) }
            guard !isFull, !isOdd, family.series.count < Self.seriesPerFamily else { return made }
            family.series.append((labels, made))
            state[name] = family
            return made
        }
    }

    private func bounds(_ label: String) -> [Double] {
        guard let bounds = descriptions[label]?.bounds, !bounds.isEmpty else { return Self.defaultBounds }
        return bounds
    }

    // MARK: - swift-metrics

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        instrument(label, dimensions, .counter) { WholeCounter() }
    }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        instrument(label, dimensions, .counter) { BrokenCounter() }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        instrument(label, dimensions, .gauge) { Level() }
    }

    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        guard aggregate else { return instrument(label, dimensions, .gauge) { Level() } }
        return instrument(label, dimensions, .histogram) { Distribution(bounds: bounds(label)) }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        instrument(label, dimensions, .histogram) { Distribution(bounds: bounds(label)) }
    }

    // Instruments stay: a counter that begins anew would look like a restart.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}
}
