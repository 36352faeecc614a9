import APITypes
import ArgumentParser
import Terminal

struct LaunchList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List launches of nodes, the newest first.",
        discussion: "Example: mortise launch list --pool cloud")

    @OptionGroup var common: CommonOptions

    @Option(help: "Only of this pool.")
    var pool: String?

    @Flag(help: "The same as --format json.")
    var json = false

    func run() async throws {
        var common = common
        if json { common.format = .json }
        let page = try await common.client().launches(of: pool)
        let rows = page.items.map { LaunchRow(view: $0) }
        StandardStream.writeOutput(try common.display.text(list: rows) { try JSONText.pretty(page) })
    }
}
