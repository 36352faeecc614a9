import APITypes
import ArgumentParser

struct PoolResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Launch and release nodes of a paused pool again.",
        discussion: "Example: mortise pool resume cloud")

    @OptionGroup var common: CommonOptions

    @Argument(help: "Its name.")
    var pool: String

    func run() async throws {
        let view = try await common.client().perform(.resume, on: pool)
        try common.confirm("Pool \(pool) is scaled again.", quietText: pool, json: view)
    }
}
