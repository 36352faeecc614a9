import ArgumentParser
import ClusterTypes

struct SlotList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List slots.",
        discussion: "Example: mortise slot list --node n17 --state running")

    @OptionGroup var common: CommonOptions

    @Option(help: "Only slots of this job.")
    var job: JobID?

    @Option(help: "Only slots on this node (name or number).")
    var node: String?

    @Option(help: "Only slots in this state.")
    var state: SlotState?

    @Option(help: "At most so many.")
    var limit = 1_000

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit must be at least 1.") }
    }

    func run() async throws {
        let page = try await common.client().slots(job: job, node: node, state: state, limit: limit)
        try common.show(page) { SlotDisplay(view: $0, now: $1) }
    }
}
