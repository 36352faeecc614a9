import ArgumentParser

/// Load for a real coordinator, and what it costs; and what its parts cost.
@main
struct MortiseBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mortise-bench",
        abstract: "Put load on a coordinator and measure what it costs; build it with -c release.",
        discussion: """
            Benchmarks/README.md says what was measured with it.

            Example:
              mortise-bench agents --count 1000 --for 60s

            Exit status: 0 success, 1 failure, 64 wrong usage, 130 interrupted.
            """,
        subcommands: [
            AgentsCommand.self, BeatsCommand.self, HistoryBenchmark.self, StoreBenchmark.self,
        ])
}

/// An error whose text is all that a user needs.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
