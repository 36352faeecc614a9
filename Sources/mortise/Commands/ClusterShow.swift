import ArgumentParser

struct ClusterShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what the cluster has and does.",
        discussion: "Example: mortise cluster show")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try common.show(try await common.client().cluster()) { ClusterDisplay(view: $0, now: $1) }
    }
}
