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
              mortise-sim placement --nodes nodes.csv --pods pods.csv --timed --scale 121 --load 1.1
              mortise-sim placement --nodes nodes.csv --pods pods.csv --scale 100000 --seed 1 --policy mortise
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

    @Flag(
        help: ArgumentHelp(
            "Pods come at the instants of creation_time, and end (deletion_time) as long after their start as in the "
                + "trace (scheduled_time); who finds no room waits."))
    var timed = false

    @Option(
        help: ArgumentHelp(
            "With --timed: of all GPUs, the part that is asked for on average if none waits. The time between arrivals "
                + "is scaled to that.", valueName: "part"))
    var load = 1.0

    @Option(
        help: ArgumentHelp(
            "So many nodes: those of the file over and over, or some of them; work is drawn for them all.",
            valueName: "nodes"))
    var scale: Int?

    @Flag(help: "Results as JSON.")
    var json = false

    func validate() throws {
        guard seed.allSatisfy({ $0 >= 0 }) else { throw ValidationError("--seed is 0 or more.") }
        guard Set(seed).count == seed.count, Set(policy).count == policy.count else {
            throw ValidationError("A seed or a policy is given twice.")
        }
        guard (0.01...10).contains(load) else { throw ValidationError("--load is 0.01 to 10.") }
        guard let scale else { return }
        guard (1...1_000_000).contains(scale) else { throw ValidationError("--scale is 1 to 1000000.") }
        guard sequence == nil else {
            throw ValidationError("--scale goes without --sequence, which is for the nodes there are.")
        }
    }

    func run() throws {
        do {
            var trace = try PlacementTrace(nodes: nodes, pods: pods)
            if let scale { trace = trace.scaled(to: scale) }
            let orders = try orders(of: trace)
            if timed {
                guard trace.hasTimes else {
                    throw TraceError(
                        "\(pods): --timed needs creation_time, scheduled_time and deletion_time.")
                }
                var report = TimedReport(load: load)
                for policy in policy {
                    for order in orders { report.runs.append(try TimedRun(trace, order, policy, load: load)) }
                }
                return Output.line(try json ? report.json : report.text)
            }
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
        guard let sequence else {
            return (seed.isEmpty ? Array(1...5) : seed).map(timed ? trace.wholeOrder : trace.order)
        }
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
