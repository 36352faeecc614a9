import APITypes
import ArgumentParser
import Terminal

struct VirtualClusterList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the virtual clusters, a line for each type of device.",
        discussion: "Example: mortise virtual-cluster list")

    @OptionGroup var common: CommonOptions

    @Flag(help: "The same as --format json.")
    var json = false

    func run() async throws {
        var common = common
        if json { common.format = .json }
        let page = try await common.client().virtualClusters()
        let rows = page.items.flatMap { VirtualClusterRow.rows(of: $0).prefix(common.quiet ? 1 : .max) }
        StandardStream.writeOutput(try common.display.text(list: rows) { try JSONText.pretty(page) })
    }
}
