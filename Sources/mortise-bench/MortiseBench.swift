import ArgumentParser

@main
struct MortiseBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mortise-bench", abstract: "Load for a Mortise, and what it costs.",
        discussion: "Benchmarks/README.md says what was measured with it, and how.",
        subcommands: [BeatsCommand.self])
}
