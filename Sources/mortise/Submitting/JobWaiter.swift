import APITypes
import ClusterTypes
import Terminal

/// Waits until a job has ended, through restarts of the coordinator.
struct JobWaiter: Sendable {
    let client: APIClient
    let surroundings: Surroundings
    var schedule = RetrySchedule()
    /// One long poll; the coordinator takes up to 60.
    var pollSeconds = 30
    /// Between two answers: a job whose tasks end by the thousand is not asked for at each.
    var leastInterval = Duration.milliseconds(250)

    /// - Parameter onChange: gets the job at the beginning and whenever it changed.
    /// - Returns: the job as it ended.
    func wait(for job: JobID, onChange: (JobView) -> Void) async throws -> JobView {
        var view = try await schedule.retrying(in: surroundings) { try await client.job(job) }
        while true {
            onChange(view)
            if view.state.isEnded { return view }
            let asked = surroundings.now()
            let revision = view.revision
            view = try await schedule.retrying(in: surroundings) {
                try await client.job(job, since: revision, waitSeconds: pollSeconds)
            }
            let rest = leastInterval - (surroundings.now() - asked)
            if rest > .zero, !view.state.isEnded { try await surroundings.sleep(rest) }
        }
    }
}

extension JobView {
    /// What a command that waited for this job ends with.
    var exitStatus: CommandStatus {
        switch state {
        case .finished: .success
        case .failed: .failed
        case .canceled: .canceled
        case .running, .paused: .success
        }
    }

    /// For the progress bar.
    var progress: Progress {
        Progress(
            label: "job \(job)", succeeded: UInt64(tasks.succeeded),
            failed: UInt64(tasks.failed) + UInt64(tasks.canceled), running: UInt64(tasks.running),
            total: UInt64(tasks.total), isOpen: isOpen)
    }
}
