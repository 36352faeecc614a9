import APITypes
import ArgumentParser
import ClusterTypes
import Terminal

struct JobUsage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "Show the device and CPU time that jobs have booked, left idle and used.",
        discussion: """
            Idle is what a job had and did not use at all for five minutes. The utilization is that of the rest.

            Example: who left devices idle this month:

              mortise job usage --by user --since 31d
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "Whose sums: job or user.")
    var by: UsageGrouping = .job

    @Option(help: "Only what this user submitted.")
    var user: String?

    @Option(help: "From so long ago: 6h, 7d.")
    var since: TimeSpan = TimeSpan(seconds: 31 * 86_400)

    @Option(help: "Until so long ago.")
    var until: TimeSpan?

    @Option(help: "At most so many, the most booked first.")
    var limit = 100

    @Flag(help: "The same as --format json.")
    var json = false

    @Argument(help: "Only this job.")
    var job: JobID?

    func validate() throws {
        guard (1...1_000).contains(limit) else { throw ValidationError("--limit must be 1 to 1000.") }
        guard since.seconds > until?.seconds ?? 0 else {
            throw ValidationError("--since must be longer ago than --until.")
        }
    }

    func run() async throws {
        let now = Timestamp.now()
        let page = try await common.client().usage(
            by: by, job: job, user: user, from: now - .seconds(since.seconds),
            until: until.map { now - .seconds($0.seconds) }, limit: limit)
        if json {
            StandardStream.writeOutput(try JSONText.pretty(page) + "\n")
        } else {
            try common.show(page) { view, _ in UsageDisplay(view: view) }
        }
    }
}

extension UsageGrouping: ExpressibleByArgument {}
