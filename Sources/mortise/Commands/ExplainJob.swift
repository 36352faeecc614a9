import ArgumentParser
import ClusterTypes

struct ExplainJob: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job",
        abstract: "Say why a job waits, runs or failed.",
        discussion: "Example: mortise explain job 12")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The job's number.")
    var job: JobID

    func run() async throws {
        try common.showExplanation(try await common.client().explanation(of: ["job", "\(job)"]))
    }
}
