import APITypes
import ArgumentParser

struct PoolScale: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale",
        abstract: "Say how many nodes a pool has at least and at most, in place of what the pool file says.",
        discussion: """
            The autoscaler moves between both. The pool file's maximum is never passed.

            Example: four nodes now, whether or not work waits; then as the pool file says again:

              mortise pool scale cloud --min 4
              mortise pool scale cloud --reset
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "So many nodes are there whether or not work waits.")
    var min: UInt32?

    @Option(help: "No more nodes than that.")
    var max: UInt32?

    @Flag(help: "What was ordered before no longer holds.")
    var reset = false

    @Argument(help: "Its name.")
    var pool: String

    func validate() throws {
        guard reset || min != nil || max != nil else {
            throw ValidationError("say --min, --max or --reset")
        }
    }

    func run() async throws {
        let view = try await common.client().scale(
            pool, ScaleRequest(minimum: min, maximum: max, reset: reset ? true : nil))
        let most = view.maximum.map { " and at most \($0)" } ?? ""
        try common.confirm(
            "Pool \(pool) has at least \(view.minimum)\(most) nodes.", quietText: pool, json: view)
    }
}
