import APITypes
import ArgumentParser
import Terminal

struct PoolList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the pools: how nodes get there, how many there are and how many come.",
        discussion: "Example: mortise pool list")

    @OptionGroup var common: CommonOptions

    @Flag(help: "The same as --format json.")
    var json = false

    func run() async throws {
        var common = common
        if json { common.format = .json }
        let page = try await common.client().pools()
        let rows = page.items.map { PoolRow(view: $0) }
        StandardStream.writeOutput(try common.display.text(list: rows) { try JSONText.pretty(page) })
    }
}
