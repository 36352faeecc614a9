import ArgumentParser
import ClusterTypes
import Terminal

struct TaskLogs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Print what a task wrote, byte for byte.",
        discussion: "Example: mortise task logs -f 12 7 --stream stderr")

    @OptionGroup var options: LogOptions
    @OptionGroup var common: CommonOptions

    @Option(help: "Of this attempt instead of the newest.")
    var attempt: UInt32?

    @Argument(help: "The job's number.")
    var job: JobID

    @Argument(help: "The task's number.")
    var task: TaskIndex

    func run() async throws {
        try await common.client().taskLog(task, of: job, options.query(attempt: attempt)) {
            StandardStream.writeOutput($0)
        }
    }
}
