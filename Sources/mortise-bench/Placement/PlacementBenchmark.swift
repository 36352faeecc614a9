import ArgumentParser
import ClusterTypes
import CoordinatorPlacement
import Foundation
import Platform

struct PlacementBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "placement",
        abstract: "How much of a mixed cluster is in use when its work arrives, and what a decision costs.",
        discussion: """
            Replays the experiment of "Beware of Fragmentation" (Weng et al., USENIX ATC'23) on the trace
            cluster-trace-gpu-v2023 of github.com/alibaba/clusterdata: pods arrive one by one, stay, and are dropped where
            no node has room. With --sequence in the artifact's orders, else in orders drawn from seeds. Policies: best-fit,
            fragmentation (FGD, both as in the paper's artifact) and usable (Mortise's).

            Example:
              mortise-bench placement --nodes openb_node_list_gpu_node.csv --pods openb_pod_list_default.csv
            """)

    enum Policy: String, ExpressibleByArgument, CaseIterable, Codable {
        case bestFit = "best-fit"
        case fragmentation, usable
    }

    @Option(help: "Nodes, as CSV with sn, cpu_milli, memory_mib, gpu, model.", completion: .file())
    var nodes: String
    @Option(
        help: "Pods, as CSV with cpu_milli, memory_mib, num_gpu, gpu_milli and maybe gpu_spec.",
        completion: .file())
    var pods: String
    @Option(
        help: "Orders of arrival: lines 'P seed pod…' and 'N seed node…', maybe packed (.gz).",
        completion: .file())
    var sequence: String?
    @Option(help: "Without --sequence: how many orders are drawn.")
    var orders = 5
    @Option(parsing: .upToNextOption, help: "best-fit, fragmentation, usable; all by default.")
    var policy = Policy.allCases
    @Flag(help: "Print the results as JSON.")
    var json = false

    func validate() throws {
        guard (1...1_000).contains(orders) else { throw ValidationError("--orders is 1 to 1000.") }
    }

    func run() throws {
        let trace = try PlacementTrace(nodes: nodes, pods: pods)
        let orders = try sequence.map(trace.orders) ?? (1...orders).map(trace.order)
        let typical = trace.typicalWork
        let reports = policy.map { policy in
            let runs = orders.map { order in
                switch policy {
                case .bestFit: replay(trace, order, BestFit())
                case .fragmentation: replay(trace, order, FragmentationGradient(classes: typical))
                case .usable:
                    replay(trace, order, UsableCapacity(WorkMixture(typical), devices: trace.devices))
                }
            }
            return Report(policy: policy, runs: runs)
        }
        guard json else { return reports.forEach { print($0.line) } }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        print(String(decoding: try encoder.encode(reports), as: UTF8.self))
    }

    private struct Replay: Codable {
        var seed: Int
        var usedMilli = 0
        var failedPods = 0
        /// Percent of all devices, when work for this many percent of them has arrived.
        var allocation: [Int: Double] = [:]
        var seconds = 0.0
        var summary: LatencySummary?
        var pods = 0
    }

    private struct Report: Codable {
        var policy: Policy
        var runs: [Replay]

        var line: String {
            func mean(_ percent: Int) -> Double {
                let values = runs.compactMap { $0.allocation[percent] }
                return values.reduce(0, +) / Double(max(1, values.count))
            }
            let decisions = Double(runs.reduce(0) { $0 + $1.pods }) / runs.reduce(0) { $0 + $1.seconds }
            let p99 = runs.compactMap(\.summary).map(\.p99).max() ?? 0
            return String(
                format:
                    "%-14@ %.2f %% allocated at 100 %% arrived, %.2f at 130; %.0f decisions/s, p99 %.3f ms",
                policy.rawValue as NSString, mean(100), mean(130), decisions, p99)
        }
    }

    private func replay(
        _ trace: PlacementTrace, _ order: PlacementTrace.Order, _ score: some NodeScore
    ) -> Replay {
        var nodes = ScoredNodes(NodeRooms(order.nodes.map { trace.rooms[$0] }), score)
        var replay = Replay(seed: order.seed, pods: order.pods.count)
        var latency = LatencyFigures()
        var arrived = 0
        var buckets: [Int: (sum: Double, count: Int)] = [:]
        let all = Double(trace.deviceShares)
        for pod in order.pods {
            let work = trace.pods[pod]
            let start = ContinuousClock.now
            if let (node, devices) = nodes.best(for: work) {
                nodes.take(work, devices, on: node)
                replay.usedMilli += work.devices * work.shares
            } else {
                replay.failedPods += 1
            }
            let time = ContinuousClock.now - start
            latency.record(time)
            replay.seconds += time / .seconds(1)
            arrived += work.devices * work.shares
            let bucket = Int((Double(arrived) / all * 100).rounded(.toNearestOrEven))
            let used = (Double(replay.usedMilli) / all * 10_000).rounded() / 100
            buckets[bucket, default: (0, 0)].sum += used
            buckets[bucket, default: (0, 0)].count += 1
        }
        replay.summary = latency.summary
        for percent in [95, 100, 110, 120, 130] {
            guard let bucket = buckets[percent] else { continue }
            replay.allocation[percent] = (bucket.sum / Double(bucket.count) * 100).rounded() / 100
        }
        return replay
    }
}
