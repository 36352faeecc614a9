/// All runs in which pods come and go, and what they say together.
struct TimedReport {
    let load: Double
    var runs: [TimedRun] = []

    private struct Summary: Encodable {
        var policy: String
        var waitMean: Spread?
        var waitP95: Spread?
        var allocation: Spread?

        enum CodingKeys: String, CodingKey {
            case policy
            case waitMean = "wait_mean_s"
            case waitP95 = "wait_p95_s"
            case allocation = "alloc_mean"
        }
    }

    private var summaries: [Summary] {
        var policies: [String] = []
        for run in runs where !policies.contains(run.policy) { policies.append(run.policy) }
        return policies.map { policy in
            let runs = runs.filter { $0.policy == policy }
            return Summary(
                policy: policy, waitMean: Spread(runs.map(\.waitMean)),
                waitP95: Spread(runs.map(\.waitP95)), allocation: Spread(runs.map(\.allocation)))
        }
    }

    var json: String {
        get throws {
            struct All: Encodable {
                var load: Double
                var runs: [TimedRun]
                var summaries: [Summary]
            }
            return try JSONText.of(All(load: load, runs: runs, summaries: summaries))
        }
    }

    var text: String {
        var table = TextTable([
            "policy", "seed", "pods", "waited", "hopeless", "wait mean s", "wait p95 s", "alloc mean",
            "decisions/s", "p99 us",
        ])
        for run in runs {
            table.add([
                run.policy, "\(run.seed)", "\(run.pods)", "\(run.waited)", "\(run.hopeless)",
                run.waitMean.digits(1), run.waitP95.digits(1), run.allocation.digits(2),
                run.time.perSecond.digits(0), run.time.p99.digits(1),
            ])
        }
        guard runs.contains(where: { $0.seed != runs[0].seed }) else { return table.text }
        var means = TextTable(["policy", "wait mean s", "sd", "wait p95 s", "sd", "alloc mean", "sd"])
        for summary in summaries {
            let spreads = [(summary.waitMean, 1), (summary.waitP95, 1), (summary.allocation, 2)]
            means.add(
                [summary.policy]
                    + spreads.flatMap { [($0.0?.mean).digits($0.1), ($0.0?.deviation).digits($0.1)] })
        }
        return table.text + "\n\n" + means.text
    }
}
