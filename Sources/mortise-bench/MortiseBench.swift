import ArgumentParser

@main
struct MortiseBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mortise-bench",
        abstract: "Load for a Mortise, and what it costs; build it with -c release.",
        discussion: "Benchmarks/README.md says what was measured with it, and how.",
        subcommands: [BeatsCommand.self, HistoryBenchmark.self])
}
