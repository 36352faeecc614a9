import APITypes
import ArgumentParser
import ClusterTypes
import JobFile
import Terminal

/// What `run` and `submit` have in common.
struct SubmitOptions: ParsableArguments {
    @Flag(help: "Wait until the job has ended and end with its outcome.")
    var wait = false

    @Flag(help: "Wait, and show progress even where standard error is no terminal.")
    var progress = false

    @Flag(help: "Show what would be submitted and submit nothing.")
    var dryRun = false

    var waits: Bool { wait || progress }
}

/// Every task's payload, checked; says on standard error what was left out.
func loadPayloads(_ source: TaskSource, common: CommonOptions) throws -> PayloadList {
    let payloads = try PayloadList.load(source)
    if payloads.emptyLines > 0 {
        common.note("\(HumanUnits.count(payloads.emptyLines, "empty line")) left out.")
    }
    return payloads
}

/// From a job file or options to a job that runs, or has ended where that is waited for.
func submit(_ submission: Submission, options: SubmitOptions, common: CommonOptions) async throws {
    let payloads = try loadPayloads(submission.tasks, common: common)
    let needsPayloads = submission.specification.kind == .tasks && submission.specification.array == nil
    if needsPayloads, payloads.isEmpty, !submission.specification.isOpen {
        throw CommandFailure(.invalidInput, "There are no tasks: nothing is submitted.")
    }
    if options.dryRun {
        try printDryRun(submission, taskCount: payloads.count, common: common)
        return
    }
    let client = try common.client()
    let submitter = JobSubmitter(client: client, surroundings: .real(report: common.note))
    let job = try await submitter.submit(submission, payloads: payloads)
    func confirm() throws {
        try common.confirm(
            "Job \(job.job) '\(DisplayWidth.printable(job.name))' is submitted\(taskWords(of: job)).",
            quietText: "\(job.job)", json: job)
    }
    guard options.waits else { return try confirm() }
    let watch = JobWatch(client: client, common: common, forcesProgress: options.progress)
    let ended = try await watch.wait(for: job.job) {
        // Told before the waiting; with --quiet the number is all that is printed. JSON is the end's alone.
        if common.format == .table { try confirm() }
    }
    try await watch.printOutcome(of: ended)
    if ended.exitStatus != .success { throw CommandFailure(ended.exitStatus, "") }
}

private func taskWords(of job: JobView) -> String {
    job.kind == .tasks
        ? " with \(HumanUnits.count(job.tasks.total, "task"))\(job.isOpen ? " so far" : "")" : ""
}

private func printDryRun(_ submission: Submission, taskCount: Int, common: CommonOptions) throws {
    let specification = submission.specification
    let count = specification.array?.count ?? taskCount
    let json = try JSONText.pretty(specification)
    StandardStream.writeOutput(
        common.display.text(details: DryRunDisplay(specification: specification, taskCount: count)) { json })
}

/// The specification with the number of its tasks.
private struct DryRunDisplay: DetailDisplayable {
    let specification: JobSpecification
    let taskCount: Int

    var quietText: String { specification.job }

    var details: [(name: String, value: Cell)] {
        var details: [(name: String, value: Cell)] = [
            ("app", Cell(specification.app)), ("job", Cell(specification.job)),
            ("kind", Cell(specification.kind.rawValue)),
        ]
        if specification.kind == .tasks {
            details.append(("tasks", Cell("\(taskCount)\(specification.isOpen ? ", open for more" : "")")))
        }
        details.append(("priority", Cell("\(specification.priority)")))
        return details + SpecificationDisplay(specification: specification).details
    }
}
