import ArgumentParser
import Terminal

struct VirtualClusterShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a virtual cluster: its quotas, what of them is used, and by whom.",
        discussion: "Example: mortise virtual-cluster show vision")

    @OptionGroup var common: CommonOptions

    @Flag(help: "The same as --format json.")
    var json = false

    @Argument(help: "Its name.")
    var name: String

    func run() async throws {
        var common = common
        if json { common.format = .json }
        try common.show(try await common.client().virtualCluster(name)) {
            VirtualClusterDisplay(view: $0, now: $1)
        }
    }
}
