import ArgumentParser
import ClusterTypes
import CoordinatorAutoscale

struct AutoscaleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "autoscale",
        abstract: "What nodes cost, and how long jobs wait, under policies that launch and remove them.",
        discussion: """
            Replays the jobs of a trace in the Standard Workload Format: a job begins when all of its slots are free \
            at once, in the order of submission, on the fullest nodes. A node costs from its launch to its removal \
            and is of use after --boot. No node is removed while a job waits.

            With --nodes-demand it tells instead how many nodes could be powered off, and how often they were missing.

            Policies: \(AutoscalePolicyName.allCases.map(\.rawValue).joined(separator: ", ")).

            EXAMPLES
              mortise-sim autoscale --trace LCG.swf.gz
              mortise-sim autoscale --trace NASA.swf --max-nodes 16 --policy ray spare-median --json
              mortise-sim autoscale --nodes-demand nodes.csv.gz --from 2017-12-01 --through 2017-12-14
            """)

    @Option(
        help: ArgumentHelp("Jobs, in SWF; .gz is unpacked.", valueName: "file"), completion: .file())
    var trace: String?

    @Option(
        help: ArgumentHelp(
            "Instead of jobs: nodes in use, as CSV with time, active and total, in slots of ten minutes.",
            valueName: "file"),
        completion: .file())
    var nodesDemand: String?

    @Option(help: ArgumentHelp("With --nodes-demand: the first day that is measured.", valueName: "date"))
    var from: String?

    @Option(help: ArgumentHelp("With --nodes-demand: the last day.", valueName: "date"))
    var through: String?

    @Option(parsing: .upToNextOption, help: ArgumentHelp("By default all.", valueName: "name"))
    var policy = AutoscalePolicyName.allCases

    @Option(help: ArgumentHelp("Slots of each node.", valueName: "number"))
    var slotsPerNode = 16

    @Option(help: ArgumentHelp("Nodes at once.", valueName: "number"))
    var maxNodes = 512

    @Option(help: ArgumentHelp("From the launch of a node until its slots can be used.", valueName: "time"))
    var boot = SpanOfTime(.seconds(180))

    @Option(
        help: ArgumentHelp(
            "Nodes of the policy static-peak; by default as many as are in use at once if nothing waits.",
            valueName: "number"))
    var staticNodes: Int?

    @Option(
        help: ArgumentHelp(
            "Of the policies immediate and ray: how long an idle node is kept.", valueName: "time"))
    var idle = SpanOfTime(.seconds(300))

    @Option(
        help: ArgumentHelp(
            "Of the policy demand: node-seconds that a second of waiting is worth.", valueName: "number"))
    var waitingPrice = DemandPolicy().waitingPrice

    @Option(
        help: ArgumentHelp(
            "Of the policy demand: the part of the nodes in use that may be kept free.", valueName: "part"))
    var headroom = DemandPolicy().headroom

    @Flag(help: "Results as JSON.")
    var json = false

    func validate() throws {
        guard (trace == nil) != (nodesDemand == nil) else {
            throw ValidationError("Give either --trace or --nodes-demand.")
        }
        guard nodesDemand != nil || (from == nil && through == nil) else {
            throw ValidationError("--from and --through go with --nodes-demand.")
        }
        guard (1...100_000).contains(slotsPerNode) else {
            throw ValidationError("--slots-per-node is 1 to 100000.")
        }
        guard (1...100_000).contains(maxNodes) else { throw ValidationError("--max-nodes is 1 to 100000.") }
        guard (Duration.seconds(1)...(.seconds(86_400))).contains(boot.value) else {
            throw ValidationError("--boot is 1s to 24h.")
        }
        guard (Duration.zero...(.seconds(86_400))).contains(idle.value) else {
            throw ValidationError("--idle is 0s to 24h.")
        }
        if let staticNodes, !(1...maxNodes).contains(staticNodes) {
            throw ValidationError("--static-nodes is 1 to --max-nodes (\(maxNodes)).")
        }
        guard (0...1_000).contains(waitingPrice), (0...1).contains(headroom) else {
            throw ValidationError("--waiting-price is 0 to 1000, --headroom 0 to 1.")
        }
        guard Set(policy).count == policy.count else { throw ValidationError("A policy is given twice.") }
    }

    func run() throws {
        do {
            if let trace { try replayJobs(trace) }
            if let nodesDemand { try replayNodes(nodesDemand) }
        } catch let error as TraceError {
            Output.error("mortise-sim: \(error)")
            throw ExitCode(1)
        }
    }

    private var demandPolicy: DemandPolicy {
        var policy = DemandPolicy()
        policy.waitingPrice = waitingPrice
        policy.headroom = headroom
        return policy
    }

    private func replayJobs(_ path: String) throws {
        let jobs = try SWFTrace(path)
        let options = JobReplay.Options(
            slotsPerNode: slotsPerNode, maxNodes: maxNodes, bootSeconds: Int(boot.value.components.seconds),
            staticNodes: staticNodes, idleSeconds: Int(idle.value.components.seconds), demand: demandPolicy)
        var report = AutoscaleReport(
            trace: path, jobs: jobs.jobs.count, skipped: jobs.skipped, slotsPerNode: slotsPerNode,
            maxNodes: maxNodes, bootSeconds: options.bootSeconds)
        report.policies = policy.map { $0.run(jobs, options) }
        Output.line(try json ? JSONText.of(report) : report.text)
    }

    private func replayNodes(_ path: String) throws {
        let replay = try NodeDemandReplay(NodeDemandTrace(path), from: from, through: through)
        let policies: [NodeDemandReplay.Policy] = [
            .demand(demandPolicy), .idleHour(buffer: 20), .idleHour(buffer: 10), .idleHour(buffer: 0),
            .forecast,
        ]
        let report = NodeDemandReport(trace: path, policies: policies.map(replay.run))
        Output.line(try json ? JSONText.of(report) : report.text)
    }
}
