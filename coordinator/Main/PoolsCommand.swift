import ArgumentParser
import CoordinatorAutoscale
import CoordinatorCore
import CoordinatorLaunchers
import PoolFile
import YAMLSections

struct PoolsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pools", abstract: "The file that describes pools.", subcommands: [Check.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Read a pool file, and say what it describes or all that is wrong in it.",
            discussion: """
                Nothing is launched, and no coordinator is needed.

                Example:
                  mortise-coordinator pools check pools.yaml && kill -HUP "$(pidof mortise-coordinator)"
                """)

        @Argument(help: "The pool file.")
        var file: String

        func run() async throws {
            let pools: [DescribedPool]
            do {
                pools = try PoolFileReader.read(path: file)
            } catch {
                throw Failure(error.description)
            }
            for pool in pools {
                let limits = pool.configuration.limits
                let nodes =
                    pool.launcher == nil
                    ? "its agents come by themselves"
                    : "\(limits.min) to \(limits.max) nodes"
                        + (pool.configuration.isDryRun ? ", dry run" : "")
                print("pool '\(pool.configuration.name)': \(pool.launcher?.kind ?? "static"), \(nodes)")
            }
        }
    }
}
