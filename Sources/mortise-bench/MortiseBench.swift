import ArgumentParser

@main
struct MortiseBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mortise-bench",
        abstract: "Measure parts of Mortise on this machine; build it with -c release.",
        discussion: "Example: mortise-bench history --nodes 100 --hours 1",
        subcommands: [HistoryBenchmark.self])
}
