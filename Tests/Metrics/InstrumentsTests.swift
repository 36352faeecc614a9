import CoreMetrics
import Exposition
import Instruments
import Testing

@Suite("The backend of swift-metrics")
struct InstrumentsTests {
    private let instruments = Instruments([
        .init("lag_seconds", "The lag.", bounds: [0.1, 1]), .init("size", "Sizes.", bounds: [10]),
    ])

    private var text: String {
        var exposition = Exposition(.text)
        instruments.write(into: &exposition)
        return String(decoding: exposition.finish(), as: UTF8.self)
    }

    @Test func `Each kind of instrument is a family of its kind`() {
        let counter = Counter(label: "things_total", factory: instruments)
        counter.increment(by: 2)
        counter.increment(by: 3)
        FloatingPointCounter(label: "busy_seconds_total", factory: instruments).increment(by: 0.5)
        let meter = Meter(label: "open", factory: instruments)
        meter.increment()
        meter.increment()
        meter.decrement()
        Gauge(label: "level", factory: instruments).record(7)
        Timer(label: "lag_seconds", factory: instruments).recordMilliseconds(50)
        Timer(label: "lag_seconds", factory: instruments).recordSeconds(3)
        Recorder(label: "size", factory: instruments).record(10)
        Recorder(label: "size", factory: instruments).record(Double.nan)
        #expect(
            text == #"""
                # HELP busy_seconds_total No description.
                # TYPE busy_seconds_total counter
                busy_seconds_total 0.5
                # HELP lag_seconds The lag.
                # TYPE lag_seconds histogram
                lag_seconds_bucket{le="0.1"} 1
                lag_seconds_bucket{le="1.0"} 1
                lag_seconds_bucket{le="+Inf"} 2
                lag_seconds_sum 3.05
                lag_seconds_count 2
                # HELP level No description.
                # TYPE level gauge
                level 7
                # HELP open No description.
                # TYPE open gauge
                open 1
                # HELP size Sizes.
                # TYPE size histogram
                size_bucket{le="10.0"} 1
                size_bucket{le="+Inf"} 1
                size_sum 10
                size_count 1
                # HELP things_total No description.
                # TYPE things_total counter
                things_total 5

                """#)
    }

    @Test func `Dimensions are labels, and the same ones are the same series`() {
        for code in ["a", "b", "a"] {
            Counter(label: "answers.total", dimensions: [("code", code)], factory: instruments).increment()
        }
        #expect(text.contains("answers_total{code=\"a\"} 2\nanswers_total{code=\"b\"} 1\n"))
    }

    @Test func `A name has one kind and a bounded number of series`() {
        for number in 0..<1_500 {
            Counter(label: "many_total", dimensions: [("n", "\(number)")], factory: instruments).increment()
        }
        Meter(label: "many_total", factory: instruments).set(1)
        Gauge(label: "many_total", factory: instruments).record(1)
        let lines = text.split(separator: "\n")
        #expect(lines.count { $0.hasPrefix("many_total") } == 1_000)
        #expect(lines.count { $0.hasPrefix("# TYPE") } == 1)
    }

    @Test func `Nothing is lost between threads`() async {
        let counter = Counter(label: "c_total", factory: instruments)
        let timer = Timer(label: "lag_seconds", factory: instruments)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1_000 {
                        counter.increment()
                        timer.recordSeconds(1)
                    }
                }
            }
        }
        #expect(text.contains("c_total 8000\n") && text.contains("lag_seconds_sum 8000\n"))
    }
}
