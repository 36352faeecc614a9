import ArgumentParser

@main
struct MortiseSim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mortise-sim",
        abstract: "Mortise's decisions in virtual time: under faults, and on the traces of real clusters.",
        discussion: """
            EXAMPLES
              mortise-sim --seed 42 --agents 5000 --faults swarm --for 24h
              mortise-sim run --help                        all about runs under faults
              mortise-sim placement --help                  how well places are chosen
              mortise-sim autoscale --help                  what nodes cost, and how long jobs wait
            """,
        subcommands: [RunCommand.self, PlacementCommand.self, AutoscaleCommand.self],
        defaultSubcommand: RunCommand.self)
}
