import ArgumentParser
import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The command line. Every command parses, checks, calls the coordinator's API and prints; nothing else.
@main
struct Mortise: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mortise",
        abstract: "Run work on every machine you can reach.",
        discussion: """
            Example: run a program a thousand times, at most as many at once as the cluster holds, and wait:

              mortise run --array 1-1000 --cpus 1 --progress -- ./simulate --seed {}

            The coordinator is found through ~/.config/mortise/client.json, --config or MORTISE_URL; \
            'mortise-coordinator init' writes that file.
            """,
        version: MortiseVersion.current,
        groupedSubcommands: [
            CommandGroup(
                name: "Work", subcommands: [Run.self, Submit.self, Plan.self, Job.self, TaskCommand.self]),
            CommandGroup(
                name: "Cluster",
                subcommands: [
                    Cluster.self, VirtualCluster.self, Pool.self, Launch.self, Node.self, Slot.self,
                    Explain.self, Defrag.self, InventoryCommand.self, Version.self,
                ]),
        ])

    /// Prints what went wrong once, here, and ends with the status that says what kind of failure it was.
    static func main() async {
        Interruption.watch()
        do {
            var command = try await asyncParseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            finish(with: error)
        }
    }

    private static func finish(with error: any Error) -> Never {
        guard let failure = failure(of: error) else { exit(withError: error) }
        if !failure.message.isEmpty { StandardStream.writeError("Error: \(failure.message)\n") }
        systemExit(failure.status)
    }

    private static func systemExit(_ status: CommandStatus) -> Never {
        #if canImport(Glibc)
            Glibc.exit(status.rawValue)
        #elseif canImport(Musl)
            Musl.exit(status.rawValue)
        #else
            Darwin.exit(status.rawValue)
        #endif
    }
}

/// This build's version; the coordinator says its own in `cluster show`.
enum MortiseVersion {
    static let current = "0.1.0"
}
