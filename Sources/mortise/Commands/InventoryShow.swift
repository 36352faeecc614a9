import ArgumentParser
import Inventory
import Terminal

struct InventoryShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show the hosts of an inventory in any form.",
        discussion: "Example: mortise inventory show hosts.json")

    @OptionGroup var source: InventorySource
    @OptionGroup var common: CommonOptions

    @Flag(help: "The same as --format json.")
    var json = false

    @Argument(help: "The file; - is standard input.", completion: .file())
    var file: String

    func run() async throws {
        let read = try source.read(file, common)
        var display = common.display
        if json { display.format = .json }
        StandardStream.writeOutput(
            try display.text(list: read.inventory.hosts.map { InventoryHostDisplay(host: $0) }) {
                try JSONText.pretty(InventoryView(read))
            })
    }
}
