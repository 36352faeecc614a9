/// What a policy came to on a trace of jobs.
struct ReplayResult: Encodable {
    var policy = ""
    var jobs = 0
    /// Jobs larger than all nodes together: they are left out.
    var unserved = 0
    var nodeHours = 0.0
    /// Busy slot-hours of all that were paid for.
    var utilization = 0.0
    var boots = 0
    /// In seconds, as all waits.
    var waitMean = 0.0
    var waitP50 = 0
    var waitP95 = 0
    var waitP99 = 0
    var waitMax = 0
    /// Mean of (wait + run) / run, where runs of less than 10 s count as 10 s, and not less than 1.
    var boundedSlowdown = 0.0

    enum CodingKeys: String, CodingKey {
        case policy, jobs, unserved, utilization, boots
        case nodeHours = "node_hours"
        case waitMean = "wait_mean_seconds"
        case waitP50 = "wait_p50_seconds"
        case waitP95 = "wait_p95_seconds"
        case waitP99 = "wait_p99_seconds"
        case waitMax = "wait_max_seconds"
        case boundedSlowdown = "bounded_slowdown"
    }

    init(_ replay: JobReplay, nodeSeconds: Int) {
        (jobs, unserved) = (replay.jobs.count, replay.unserved)
        nodeHours = Double(nodeSeconds) / 3_600
        boots = replay.boots
        let served = zip(replay.arrivals, replay.waits)
        let busy = served.reduce(0) { $0 + $1.0.seconds * $1.0.slots }
        if nodeSeconds > 0 {
            utilization = Double(busy) / Double(nodeSeconds * replay.options.slotsPerNode)
        }
        let sorted = replay.waits.sorted()
        guard let last = sorted.last else { return }
        func percentile(_ percent: Int) -> Int { sorted[sorted.count * percent / 100] }
        (waitP50, waitP95, waitP99, waitMax) = (percentile(50), percentile(95), percentile(99), last)
        waitMean = Double(sorted.reduce(0, +)) / Double(sorted.count)
        boundedSlowdown =
            served.reduce(0) { sum, pair in
                let (job, wait) = pair
                return sum + max(1, Double(wait + job.seconds) / Double(max(job.seconds, 10)))
            } / Double(sorted.count)
    }
}
