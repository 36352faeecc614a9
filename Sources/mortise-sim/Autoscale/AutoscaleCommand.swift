import ArgumentParser
import ClusterTypes

struct AutoscaleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "autoscale",
        abstract: "What nodes cost, and how long jobs wait, under policies that launch and remove them.",
        discussion: """
            Replays the jobs of a trace in the Standard Workload Format: a job begins when all of its slots are free \
            at once, in the order of submission, on the fullest nodes. A node costs from its launch to its removal \
            and is of use after --boot. No node is removed while a job waits.

            Policies: \(AutoscalePolicyName.allCases.map(\.rawValue).joined(separator: ", ")).

            EXAMPLES
              mortise-sim autoscale --trace LCG.swf.gz
              mortise-sim autoscale --trace NASA.swf --max-nodes 16 --policy ray spare-median --json
            """)

    @Option(
        help: ArgumentHelp("Jobs, in SWF; .gz is unpacked.", valueName: "file"), completion: .file())
    var trace: String

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

    @Flag(help: "Results as JSON.")
    var json = false

    func validate() throws {
        guard (1...100_000).contains(slotsPerNode) else {
            throw ValidationError("--slots-per-node is 1 to 100000.")
        }
        guard (1...100_000).contains(maxNodes) else { throw ValidationError("--max-nodes is 1 to 100000.") }
        guard (Duration.seconds(1)...(.seconds(86_400))).contains(boot.value) else {
            throw ValidationError("--boot is 1s to 24h.")
        }
        if let staticNodes, !(1...maxNodes).contains(staticNodes) {
            throw ValidationError("--static-nodes is 1 to --max-nodes (\(maxNodes)).")
        }
        guard Set(policy).count == policy.count else { throw ValidationError("A policy is given twice.") }
    }

    func run() throws {
        do {
            let jobs = try SWFTrace(trace)
            let options = JobReplay.Options(
                slotsPerNode: slotsPerNode, maxNodes: maxNodes,
                bootSeconds: Int(boot.value.components.seconds), staticNodes: staticNodes)
            var report = AutoscaleReport(
                trace: trace, jobs: jobs.jobs.count, skipped: jobs.skipped, slotsPerNode: slotsPerNode,
                maxNodes: maxNodes, bootSeconds: options.bootSeconds)
            report.policies = policy.map { $0.run(jobs, options) }
            Output.line(try json ? JSONText.of(report) : report.text)
        } catch let error as TraceError {
            Output.error("mortise-sim: \(error)")
            throw ExitCode(1)
        }
    }
}
