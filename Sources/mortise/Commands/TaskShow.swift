import ArgumentParser
import ClusterTypes

struct TaskShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a task with its payload.",
        discussion: "Example: mortise task show 12 7")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The job's number.")
    var job: JobID

    @Argument(help: "The task's number.")
    var task: TaskIndex

    func run() async throws {
        try common.show(try await common.client().task(task, of: job)) { TaskDisplay(view: $0, now: $1) }
    }
}
