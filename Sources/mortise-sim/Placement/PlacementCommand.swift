import ArgumentParser
import CoordinatorPlacement

struct PlacementCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "placement",
        abstract: "How much of a mixed cluster is in use when its work arrives, and what a decision costs.",
        discussion: """
            Replays the experiment of "Beware of Fragmentation" (Weng et al., USENIX ATC'23) on the trace \
            cluster-trace-gpu-v2023 of github.com/alibaba/clusterdata: pods arrive one by one, stay, and are dropped \
            where no node has room. Allocation is percent of all GPUs that are in use when work for 100, 110 and \
            130 % of them has arrived; fragmentation is what is free and of no use to the mixture. The order of \
            arrival is the artifact's, from a file, or drawn from seeds.

            Policies: \(PlacementPolicy.allCases.map(\.rawValue).joined(separator: ", ")). Those with gpu-, fgd, \
            bestfit and dot-product are as in the paper's artifact.

            EXAMPLES
              mortise-sim placement --nodes openb_node_list_gpu_node.csv --pods openb_pod_list_default.csv
              mortise-sim placement --nodes nodes.csv --pods pods.csv --sequence orders.txt.gz --seed 42 43 \
            --policy mortise fgd --json
            """)

    @Option(
        help: ArgumentHelp("CSV with cpu_milli, memory_mib, gpu (how many) and model.", valueName: "file"),
        completion: .file())
    var nodes: String

    @Option(
        help: ArgumentHelp(
            "CSV with cpu_milli, memory_mib, num_gpu, gpu_milli and maybe gpu_spec (models, with | between).",
            valueName: "file"),
        completion: .file())
    var pods: String

    @Option(
        help: ArgumentHelp(
            "Orders of arrival: lines 'P seed pod…' and 'N seed node…', rows counted from 0; .gz is unpacked.",
            valueName: "file"),
        completion: .file())
    var sequence: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Orders to run: by default all of the sequence, or 1 to 5 without one.", valueName: "number"))
    var seed: [Int] = []

    @Option(parsing: .upToNextOption, help: ArgumentHelp("By default all.", valueName: "name"))
    var policy = PlacementPolicy.allCases

    @Flag(help: "Results as JSON.")
    var json = false

    func validate() throws {
        guard seed.allSatisfy({ $0 >= 0 }) else { throw ValidationError("--seed is 0 or more.") }
        guard Set(seed).count == seed.count, Set(policy).count == policy.count else {
            throw ValidationError("A seed or a policy is given twice.")
        }
    }

    func run() throws {
        do {
            let trace = try PlacementTrace(nodes: nodes, pods: pods)
            let orders = try orders(of: trace)
            var report = PlacementReport()
            for policy in policy {
                for order in orders { report.runs.append(PlacementRun(trace, order, policy)) }
            }
            Output.line(try json ? report.json : report.text)
        } catch let error as TraceError {
            Output.error("mortise-sim: \(error)")
            throw ExitCode(1)
        }
    }

    private func orders(of trace: PlacementTrace) throws -> [PlacementTrace.Order] {
        guard let sequence else { return (seed.isEmpty ? Array(1...5) : seed).map(trace.order) }
        let orders = try trace.orders(in: sequence)
        guard !seed.isEmpty else { return orders }
        return try seed.map { seed in
            guard let order = orders.first(where: { $0.seed == seed }) else {
                let there = orders.map { "\($0.seed)" }.joined(separator: ", ")
                throw TraceError("\(sequence) has no seed \(seed); it has \(there).")
            }
            return order
        }
    }
}

extension PlacementPolicy: ExpressibleByArgument {}
