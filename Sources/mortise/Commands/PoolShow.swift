import ArgumentParser
import Terminal

struct PoolShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a pool: its nodes, its limits, what it has cost and what its launches came to.",
        discussion: "Example: mortise pool show cloud")

    @OptionGroup var common: CommonOptions

    @Flag(help: "The same as --format json.")
    var json = false

    @Argument(help: "Its name.")
    var pool: String

    func run() async throws {
        var common = common
        if json { common.format = .json }
        try common.show(try await common.client().pool(pool)) { PoolDisplay(view: $0, now: $1) }
    }
}
