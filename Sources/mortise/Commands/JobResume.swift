import ArgumentParser
import ClusterTypes

struct JobResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let paused jobs go on.",
        discussion: "Example: mortise job resume 12")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The jobs' numbers.")
    var jobs: [JobID]

    func run() async throws {
        let client = try common.client()
        for job in jobs {
            let view = try await client.perform(.resume, on: job)
            try common.confirm("Job \(job) is resumed.", quietText: "\(job)", json: view)
        }
    }
}
