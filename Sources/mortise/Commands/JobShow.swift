import ArgumentParser
import ClusterTypes

struct JobShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a job and what it asked for.",
        discussion: "Example: mortise job show 12 --format json")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The job's number.")
    var job: JobID

    func run() async throws {
        try common.show(try await common.client().job(job)) { JobDisplay(view: $0, now: $1) }
    }
}
