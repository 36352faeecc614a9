#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// All runs, and what they say together.
struct PlacementReport {
    var runs: [PlacementRun] = []

    private struct Summary: Encodable {
        var policy: String
        var seeds: Int
        var allocationAt100: Spread?
        var allocationAt110: Spread?
        var allocationAt130: Spread?
        var fragmentation: Spread?
        /// Seeds with more allocated at 100 % than under FGD; nil where that did not run, or is this.
        var wonAgainstFGD: Int?

        enum CodingKeys: String, CodingKey {
            case policy, seeds
            case allocationAt100 = "alloc_at100"
            case allocationAt110 = "alloc_at110"
            case allocationAt130 = "alloc_at130"
            case fragmentation = "frag_at100"
            case wonAgainstFGD = "won_against_fgd"
        }
    }

    private var summaries: [Summary] {
        var policies: [String] = []
        for run in runs where !policies.contains(run.policy) { policies.append(run.policy) }
        return policies.map { policy in
            let runs = runs.filter { $0.policy == policy }
            var summary = Summary(
                policy: policy, seeds: runs.count,
                allocationAt100: Spread(runs.compactMap(\.allocationAt100)),
                allocationAt110: Spread(runs.compactMap(\.allocationAt110)),
                allocationAt130: Spread(runs.compactMap(\.allocationAt130)),
                fragmentation: Spread(runs.compactMap(\.fragmentation)))
            let peers = self.runs.filter { $0.policy == "fgd" }
            if policy != "fgd", !peers.isEmpty {
                summary.wonAgainstFGD = runs.count { run in
                    guard let own = run.allocationAt100,
                        let its = peers.first(where: { $0.seed == run.seed })?.allocationAt100
                    else { return false }
                    return own > its
                }
            }
            return summary
        }
    }

    var json: String {
        get throws {
            struct All: Encodable {
                var runs: [PlacementRun]
                var summaries: [Summary]
            }
            return try JSONText.of(All(runs: runs, summaries: summaries))
        }
    }

    var text: String {
        var table = TextTable([
            "policy", "seed", "arrived_pods", "arrived_milli", "used_milli", "failed_pods", "alloc_at100",
            "alloc_at110", "alloc_at130", "frag_at100", "decisions/s", "p50 us", "p99 us", "max us",
        ])
        for run in runs {
            table.add(
                [run.policy, "\(run.seed)", "\(run.arrivedPods)", "\(run.arrivedMilli)", "\(run.usedMilli)"]
                    + ["\(run.failedPods)", run.allocationAt100.digits(2), run.allocationAt110.digits(2)]
                    + [
                        run.allocationAt130.digits(2), run.fragmentation.digits(2),
                        run.time.perSecond.digits(0), run.time.p50.digits(1),
                    ]
                    + [run.time.p99.digits(1), run.time.longest.digits(1)])
        }
        guard runs.contains(where: { $0.seed != runs[0].seed }) else { return table.text }
        var means = TextTable([
            "policy", "seeds", "alloc_at100", "sd", "alloc_at110", "sd", "alloc_at130", "sd", "frag_at100",
            "sd",
            "won against fgd",
        ])
        for summary in summaries {
            let spreads = [
                summary.allocationAt100, summary.allocationAt110, summary.allocationAt130,
                summary.fragmentation,
            ]
            means.add(
                [summary.policy, "\(summary.seeds)"]
                    + spreads.flatMap { [($0?.mean).digits(2), ($0?.deviation).digits(2)] }
                    + [summary.wonAgainstFGD.map { "\($0)" } ?? "-"])
        }
        return table.text + "\n\n" + means.text
    }
}

/// Mean and standard deviation of a sample.
struct Spread: Encodable {
    let mean: Double
    let deviation: Double

    /// nil of nothing.
    init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        let mean = values.reduce(0, +) / Double(values.count)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        self.mean = mean
        deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0
    }
}

enum JSONText {
    static func of(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
