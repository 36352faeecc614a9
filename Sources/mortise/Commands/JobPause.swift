import ArgumentParser
import ClusterTypes

struct JobPause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Pause jobs: what runs goes on, nothing new starts.",
        discussion: "Example: mortise job pause 12")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The jobs' numbers.")
    var jobs: [JobID]

    func run() async throws {
        let client = try common.client()
        for job in jobs {
            let view = try await client.perform(.pause, on: job)
            try common.confirm("Job \(job) is paused.", quietText: "\(job)", json: view)
        }
    }
}
