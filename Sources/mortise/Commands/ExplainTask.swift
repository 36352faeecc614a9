import ArgumentParser
import ClusterTypes

struct ExplainTask: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "task",
        abstract: "Say what happened to a task.",
        discussion: "Example: mortise explain task 12 7")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The job's number.")
    var job: JobID

    @Argument(help: "The task's number.")
    var task: TaskIndex

    func run() async throws {
        try common.showExplanation(try await common.client().explanation(of: ["task", "\(job)", "\(task)"]))
    }
}
