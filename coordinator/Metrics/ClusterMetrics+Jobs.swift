import ClusterTypes
import CoordinatorCore
import Exposition

extension ClusterMetrics {
    func writeJobs(into exposition: inout Exposition) {
        exposition.begin("mortise_slots", .gauge, "Slots that are not over, by state.")
        for (state, count) in slots.byState {
            exposition.add(Labels(("state", state.rawValue)), Double(count))
        }
        exposition.begin("mortise_jobs", .gauge, "Active jobs, by state.")
        for state in JobState.allCases where !state.isEnded {
            exposition.add(Labels(("state", state.rawValue)), Double(jobs.count { $0.state == state }))
        }
        exposition.begin("mortise_tasks", .gauge, "Tasks of active jobs, by state; ready ones are the queue.")
        for (position, state) in TaskCounts.words.enumerated() {
            let count = jobs.reduce(0.0) { $0 + Double($1.counts.inOrder[position]) }
            exposition.add(Labels(("state", state)), count)
        }
        let newest = jobs.prefix(options.jobsLimit).map { ($0.labels, $0) }
        exposition.begin("mortise_job_tasks", .gauge, "Tasks of an active job, by state.")
        for (labels, job) in newest {
            for (state, count) in zip(TaskCounts.words, job.counts.inOrder) {
                exposition.add(labels.adding("state", state), Double(count))
            }
        }
        exposition.begin(
            "mortise_job_retries_total", .counter,
            "Attempts of an active job's tasks that failed and were tried again.")
        for (labels, job) in newest { exposition.add(labels, Double(job.retried)) }
    }
}

extension JobRecord {
    static let seriesCount = TaskCounts.words.count + 1

    var labels: Labels {
        Labels(
            ("job", job.description), ("app", specification.app), ("name", specification.job),
            ("submitter", submitter))
    }
}

extension TaskCounts {
    static let words = ["ready", "running", "succeeded", "failed", "canceled"]
    /// As `words`.
    var inOrder: [UInt32] { [ready, running, succeeded, failed, canceled] }
}
