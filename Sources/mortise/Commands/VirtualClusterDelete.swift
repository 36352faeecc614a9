import ArgumentParser
import Terminal

struct VirtualClusterDelete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete virtual clusters that have no active jobs.",
        discussion: "Example: mortise virtual-cluster delete vision")

    @OptionGroup var common: CommonOptions

    @Flag(help: "The same as --format json.")
    var json = false

    @Argument(help: "Their names.")
    var names: [String]

    func run() async throws {
        var common = common
        if json { common.format = .json }
        let client = try common.client()
        for name in names {
            let view = try await client.deleteVirtualCluster(name)
            try common.confirm("Virtual cluster \(name) is deleted.", quietText: name, json: view)
        }
    }
}
