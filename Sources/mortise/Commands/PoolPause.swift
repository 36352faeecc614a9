import APITypes
import ArgumentParser

struct PoolPause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Neither launch nor release nodes of a pool; those that are there work on.",
        discussion: "Example: mortise pool pause cloud")

    @OptionGroup var common: CommonOptions

    @Argument(help: "Its name.")
    var pool: String

    func run() async throws {
        let view = try await common.client().perform(.pause, on: pool)
        try common.confirm(
            "Pool \(pool) is paused; 'mortise pool resume \(pool)' ends that.", quietText: pool, json: view)
    }
}
