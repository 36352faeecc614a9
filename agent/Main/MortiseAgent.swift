import ArgumentParser

@main
struct MortiseAgent: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mortise-agent",
        abstract: "Makes this machine a node of a Mortise cluster.",
        subcommands: [StatusCommand.self])
}
