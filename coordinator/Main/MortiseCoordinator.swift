import ArgumentParser

@main
struct MortiseCoordinator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mortise-coordinator",
        abstract: "The head node's service: takes agents in, keeps the truth, places the work.",
        discussion: """
            Example:
              mortise-coordinator init --cluster lab --address head.example.org
              mortise-coordinator serve
              mortise-coordinator token create --pool default --uses 20 --expires 24h

            Everything is kept in one directory (--directory, MORTISE_DIRECTORY, else ~/.local/share/mortise).
            Exit status: 0 success, 1 failure, 64 wrong usage; parse: 65 not understood, 66 not readable.
            """,
        version: mortiseVersion,
        subcommands: [
            InitCommand.self, ServeCommand.self, StepDownCommand.self, TokenCommand.self, StoreCommand.self,
            PoolsCommand.self, LauncherCommand.self, BridgeCommand.self, ParseCommand.self,
        ])
}

let mortiseVersion = "0.1.0"

/// An error whose text is all that a user needs.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

struct DirectoryOption: ParsableArguments {
    @Option(help: "Where the coordinator keeps its CA, store and settings.")
    var directory: String?

    var location: CoordinatorDirectory {
        CoordinatorDirectory(path: directory ?? CoordinatorDirectory.defaultPath)
    }
}
