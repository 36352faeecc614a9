import ArgumentParser

struct PoolExplain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say what the autoscaler does in a pool, what keeps it from more, and why launches fail.",
        discussion: "Example: mortise pool explain cloud")

    @OptionGroup var common: CommonOptions

    @Argument(help: "Its name.")
    var pool: String

    func run() async throws {
        try common.showExplanation(try await common.client().explanation(of: ["pool", pool]))
    }
}
