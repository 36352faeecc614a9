import APITypes
import ClusterTypes
import Terminal

/// Waits for jobs in front of a person: with a progress bar, words for Ctrl-C and the outcome.
struct JobWatch {
    let client: APIClient
    let common: CommonOptions
    /// Progress is shown on a terminal; elsewhere only when it is asked for.
    let forcesProgress: Bool

    /// How many failed tasks or slots are named after a failure.
    private static let failuresShown = 10

    /// - Parameter announce: done first, when Ctrl-C has its words for this job already.
    func wait(for job: JobID, announce: () throws -> Void = {}) async throws -> JobView {
        let words =
            "Job \(job) goes on. See it with 'mortise job show \(job)', wait again with 'mortise job wait \(job)', "
            + "end it with 'mortise job cancel \(job)'."
        return try await Interruption.saying(words) {
            try announce()
            return try await showProgress(of: job)
        }
    }

    private func showProgress(of job: JobID) async throws -> JobView {
        let device = TerminalDevice.of(descriptor: 2)
        let line = ProgressLine(
            device: device, isShown: forcesProgress || (device.isInteractive && !common.quiet))
        let waiter = JobWaiter(client: client, surroundings: .real(report: { line.report($0) }))
        do {
            let ended = try await waiter.wait(for: job) { line.show($0.progress) }
            line.finish()
            return ended
        } catch let error as ClientError where error.isTransient {
            line.finish()
            throw CommandFailure(
                error.status,
                "\(error.message)\nJob \(job) is not affected by that. Wait again with 'mortise job wait \(job)'."
            )
        } catch {
            line.finish()
            throw error
        }
    }

    /// The job's end on standard output, its failures on standard error.
    func printOutcome(of job: JobView) async throws {
        let tasks = job.tasks
        var sentence = "Job \(job.job) \(job.state == .canceled ? "was canceled" : job.state.rawValue): "
        sentence +=
            "\(tasks.succeeded) of \(HumanUnits.count(tasks.total, job.kind == .tasks ? "task" : "slot")) succeeded"
        if tasks.failed > 0 { sentence += ", \(tasks.failed) failed" }
        if tasks.canceled > 0 { sentence += ", \(tasks.canceled) canceled" }
        if let end = job.endedAt.flatMap(Timestamp.parse), let start = Timestamp.parse(job.submittedAt) {
            sentence += ", after \(HumanUnits.duration(end - start))"
        }
        if !job.reason.isEmpty { sentence += " (\(DisplayWidth.printable(job.reason)))" }
        switch common.format {
        case .json: StandardStream.writeOutput(try JSONText.pretty(job) + "\n")
        case .table: if !common.quiet { StandardStream.writeOutput(sentence + ".\n") }
        }
        if job.state == .failed { await printFailures(of: job) }
    }

    /// What cannot be fetched is left out: the outcome is known already.
    private func printFailures(of job: JobView) async {
        guard !common.quiet else { return }
        let display = Display(format: .table, isQuiet: false, device: .of(descriptor: 2))
        let now = Timestamp.now()
        let text: String
        if job.kind == .tasks {
            let page = try? await client.tasks(
                of: job.job, state: .failed, first: nil, last: nil, limit: JobWatch.failuresShown)
            text = display.text(list: (page?.items ?? []).map { TaskDisplay(view: $0, now: now) }) { "" }
        } else {
            let page = try? await client.slots(
                job: job.job, node: nil, state: .failed, limit: JobWatch.failuresShown)
            text = display.text(list: (page?.items ?? []).map { SlotDisplay(view: $0, now: now) }) { "" }
        }
        StandardStream.writeError(text)
        if job.kind == .tasks {
            if job.tasks.failed > UInt32(JobWatch.failuresShown) {
                common.note("and more: mortise task list \(job.job) --state failed")
            }
            common.note("Their output: mortise task logs \(job.job) TASK --stream stderr")
        }
    }
}
