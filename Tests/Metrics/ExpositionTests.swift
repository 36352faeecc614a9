import Exposition
import Testing

@testable import Platform

@Suite("The text of metrics")
struct ExpositionTests {
    private func text(_ format: Exposition.Format, _ fill: (inout Exposition) -> Void) -> String {
        var exposition = Exposition(format)
        fill(&exposition)
        return String(decoding: exposition.finish(), as: UTF8.self)
    }

    @Test(arguments: [
        (0.0, "0"), (-0.0, "0"), (42, "42"), (-3, "-3"), (0.25, "0.25"), (1e15, "1000000000000000"),
        (9_007_199_254_740_992, "9007199254740992.0"), (1e300, "1e+300"), (.nan, "NaN"), (.infinity, "+Inf"),
        (-.infinity, "-Inf"), (0.1 + 0.2, "0.30000000000000004"), (1e-7, "1e-07"),
    ])
    func `Numbers are read back as they were`(value: Double, expected: String) {
        let line = text(.text) { exposition in
            exposition.begin("m", .gauge, "h")
            exposition.add(value)
        }
        #expect(line == "# HELP m h\n# TYPE m gauge\nm \(expected)\n")
    }

    @Test(arguments: [
        ("plain", "plain"), (#"a"b"#, #"a\"b"#), (#"a\b"#, #"a\\b"#), ("a\nb", #"a\nb"#),
        ("a\u{1b}[2J\tb", "a [2J b"),
        ("größe 加速", "größe 加速"), ("", ""), (#"\n"#, #"\\n"#),
    ])
    func `Labels are escaped`(value: String, expected: String) {
        let line = text(.text) { exposition in
            exposition.begin("m", .gauge, "h")
            exposition.add(Labels(("a", value), ("gone", nil)), 1)
        }
        #expect(line.hasSuffix("m{a=\"\(expected)\"} 1\n"))
    }

    @Test func `A family without a sample is not written, nor what is not known`() {
        let all = text(.text) { exposition in
            exposition.begin("empty", .gauge, "h")
            exposition.begin("unknown", .gauge, "h")
            exposition.add(Labels(("a", "b")), nil)
            exposition.begin("known", .gauge, "h")
            exposition.add(1)
        }
        #expect(all == "# HELP known h\n# TYPE known gauge\nknown 1\n")
    }

    @Test func `Both formats have the same samples, under heads of their own`() {
        func fill(_ exposition: inout Exposition) {
            exposition.begin("x_bytes_total", .counter, #"Say "how\much""#)
            exposition.add(3)
            exposition.begin("node_info", .info, "What.")
            exposition.add(Labels(("a", "b")), 1)
            exposition.begin("age_seconds", .gauge, "Age.")
            exposition.add(0.5)
        }
        #expect(
            text(.text, fill) == #"""
                # HELP x_bytes_total Say "how\\much"
                # TYPE x_bytes_total counter
                x_bytes_total 3
                # HELP node_info What.
                # TYPE node_info gauge
                node_info{a="b"} 1
                # HELP age_seconds Age.
                # TYPE age_seconds gauge
                age_seconds 0.5

                """#)
        #expect(
            text(.openMetrics, fill) == #"""
                # HELP x_bytes Say \"how\\much\"
                # TYPE x_bytes counter
                # UNIT x_bytes bytes
                x_bytes_total 3
                # HELP node What.
                # TYPE node info
                node_info{a="b"} 1
                # HELP age_seconds Age.
                # TYPE age_seconds gauge
                # UNIT age_seconds seconds
                age_seconds 0.5
                # EOF

                """#)
    }

    @Test func `A histogram's buckets add up`() {
        let all = text(.text) { exposition in
            exposition.begin("h_seconds", .histogram, "h")
            exposition.addHistogram(Labels(("a", "b")), bounds: [0.5, 1], counts: [1, 0, 2], sum: 7.5)
        }
        #expect(
            all == #"""
                # HELP h_seconds h
                # TYPE h_seconds histogram
                h_seconds_bucket{a="b",le="0.5"} 1
                h_seconds_bucket{a="b",le="1.0"} 1
                h_seconds_bucket{a="b",le="+Inf"} 3
                h_seconds_sum{a="b"} 7.5
                h_seconds_count{a="b"} 3

                """#)
    }

    @Test(arguments: [
        (nil, Exposition.Format.text), ("", .text), ("*/*", .text), ("text/html", .text),
        ("application/openmetrics-text", .openMetrics),
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", .openMetrics),
        ("application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5", .text),
        ("application/openmetrics-text;version=\"1.0.0\";q=0.3,text/plain;q=0.5", .text),
        ("application/openmetrics-text;q=0", .text), ("application/openmetrics-text;q=x", .text),
        (
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .openMetrics
        ),
    ])
    func `The format is the one that is asked for`(accept: String?, expected: Exposition.Format) {
        #expect(Exposition.Format(accept: accept) == expected)
    }

    @Test(arguments: [("a.b-c", "a_b_c"), ("1x", "_1x"), ("", "_"), ("ü", "__"), ("ok_9", "ok_9")])
    func `Names of others become valid ones`(name: String, expected: String) {
        #expect(MetricName.valid(name) == expected)
    }

    @Test func `A process is known by its line of stat`() throws {
        let rest = (3...52).map { field in
            switch field {
            case 4: "1"
            case 14: "250"
            case 15: "50"
            case 22: "1000"
            case 24: "7"
            default: "0"
            }
        }
        let stat = try #require(ProcessStat(parsing: "42 (a (b) c) " + rest.joined(separator: " ")))
        let usage = ProcessUsage(stat, ticksPerSecond: 100, pageBytes: 4_096, bootedSeconds: 1_000)
        #expect(usage.cpuSeconds == 3)
        #expect(usage.residentBytes == 28_672)
        #expect(usage.startedSeconds == 1_010)
        #expect(usage.openFiles == nil)
    }
}
