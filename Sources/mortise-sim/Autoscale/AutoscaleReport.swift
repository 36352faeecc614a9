/// What all policies came to on a trace of jobs.
struct AutoscaleReport: Encodable {
    var trace: String
    var jobs: Int
    var skipped: Int
    var slotsPerNode: Int
    var maxNodes: Int
    var bootSeconds: Int
    var policies: [ReplayResult] = []

    enum CodingKeys: String, CodingKey {
        case trace, jobs, skipped, policies
        case slotsPerNode = "slots_per_node"
        case maxNodes = "max_nodes"
        case bootSeconds = "boot_seconds"
    }

    var text: String {
        var table = TextTable([
            "policy", "node-hours", "util %", "wait mean", "p50", "p95", "p99", "max s", "slowdown", "boots",
            "unserved",
        ])
        for run in policies {
            table.add([
                run.policy, run.nodeHours.digits(0), (run.utilization * 100).digits(1),
                run.waitMean.digits(1),
                "\(run.waitP50)", "\(run.waitP95)", "\(run.waitP99)", "\(run.waitMax)",
                run.boundedSlowdown.digits(2), "\(run.boots)", "\(run.unserved)",
            ])
        }
        return
            "\(jobs) jobs, \(slotsPerNode) slots a node, at most \(maxNodes) nodes, boot \(bootSeconds) s\n\n"
            + table.text
    }
}
