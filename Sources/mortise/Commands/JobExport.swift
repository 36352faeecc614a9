import APITypes
import ArgumentParser
import ClusterTypes
import Terminal

struct JobExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write all tasks of a job, or its slots where it has no tasks, as JSON lines or CSV.",
        discussion: """
            One line for each, by number, with what 'task list' and 'slot list' say in JSON. Times are UTC.

            Example: keep the results of job 12 in a file:

              mortise job export 12 --as csv > job-12.csv
            """)

    @OptionGroup var common: CommonOptions

    @Option(
        name: .customLong("as"), help: "jsonl (a JSON object in each line) or csv (with a line of names).")
    var form: ExportForm = .jsonl

    @Option(help: "Only tasks in this state.")
    var state: TaskState?

    @Argument(help: "The job's number.")
    var job: JobID

    func run() async throws {
        let client = try common.client()
        let view = try await client.job(job)
        let export = Export(form: form, write: StandardStream.writeOutput)
        let count: Int
        switch view.kind {
        case .tasks:
            count = try await export.rows { next in
                try await client.tasks(
                    of: job, state: state, first: next.map { TaskIndex(clamping: $0) }, last: nil,
                    limit: APIClient.pageItems)
            }
        case .batch, .service:
            guard state == nil else {
                throw CommandFailure(.invalidInput, "Job \(job) has no tasks: leave out --state.")
            }
            count = try await export.rows { next in
                try await client.slots(job: job, after: next, limit: APIClient.pageItems)
            }
        }
        let noun = view.kind == .tasks ? "task" : "slot"
        common.note(
            "\(HumanUnits.count(count, noun)) of job \(job) written"
                + (view.state.isEnded ? "." : "; it has not ended, so that may change."))
    }
}

extension ExportForm: ExpressibleByArgument {}
