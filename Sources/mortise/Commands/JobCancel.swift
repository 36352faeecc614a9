import ArgumentParser
import ClusterTypes

struct JobCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancel jobs: what runs is stopped, what waits never starts.",
        discussion: "Example: mortise job cancel 12 13")

    @OptionGroup var common: CommonOptions

    @Argument(help: "The jobs' numbers.")
    var jobs: [JobID]

    func run() async throws {
        let client = try common.client()
        for job in jobs {
            let view = try await client.perform(.cancel, on: job)
            try common.confirm("Job \(job) is canceled.", quietText: "\(job)", json: view)
        }
    }
}
