import ArgumentParser
import ClusterTypes

struct TaskList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the tasks of a job.",
        discussion: "Example: mortise task list 12 --state failed --limit 1000")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The job's number.")
    var job: JobID

    @Option(help: "Only tasks in this state.")
    var state: TaskState?

    @Option(help: "Only tasks from this number on.")
    var first: TaskIndex?

    @Option(help: "Only tasks up to this number.")
    var last: TaskIndex?

    @Option(help: "At most so many.")
    var limit = 100

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit must be at least 1.") }
    }

    func run() async throws {
        let page = try await common.client().tasks(
            of: job, state: state, first: first, last: last, limit: limit)
        try common.show(page) { TaskDisplay(view: $0, now: $1) }
    }
}
