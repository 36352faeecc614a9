import ArgumentParser
import ClusterTypes
import Terminal

struct LaunchShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a launch: why it was made, and what became of each of its allocations.",
        discussion: "Example: mortise launch show 12")

    @OptionGroup var common: CommonOptions

    @Flag(help: "The same as --format json.")
    var json = false

    @Argument(help: "Its number.")
    var launch: UInt64

    func run() async throws {
        var common = common
        if json { common.format = .json }
        try common.show(try await common.client().launch(LaunchID(launch))) {
            LaunchDisplay(view: $0, now: $1)
        }
    }
}
