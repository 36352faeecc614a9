import ArgumentParser
import ClusterTypes

struct JobList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List jobs, the newest first.",
        discussion: """
            Example: the numbers of all running jobs of one app:

              mortise job list --state running --app imaging --quiet
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "Only jobs in this state.")
    var state: JobState?

    @Option(help: "Only jobs of this app.")
    var app: String?

    @Option(help: "Only jobs of this name.")
    var name: String?

    @Option(help: "Only jobs with a smaller number.")
    var before: JobID?

    @Option(help: "At most so many.")
    var limit = 50

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit must be at least 1.") }
    }

    func run() async throws {
        let page = try await common.client().jobs(
            state: state, app: app, name: name, before: before, limit: limit)
        try common.show(page) { JobDisplay(view: $0, now: $1) }
    }
}
