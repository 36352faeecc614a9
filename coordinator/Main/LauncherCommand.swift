import ArgumentParser
import CoordinatorCore
import CoordinatorLaunchers
import Foundation

struct LauncherCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "launcher", abstract: "Programs that get nodes for a pool.",
        subcommands: [TestCommand.self])

    struct TestCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "test", abstract: "Hold a launcher program of your own against its protocol.",
            discussion: """
                It really starts three nodes, which may cost money, with a token that lets no agent join, and releases \
                them at the end, after a failure and after Ctrl-C too. It needs no coordinator.

                Exit status: 0 all checks passed, 1 one did not, 64 wrong usage.

                Example:
                  mortise-coordinator launcher test --yes --environment AWS_REGION=eu-west-1 -- ./aws-ec2
                """)

        @Option(help: "The pool that the nodes are launched for.")
        var pool = "conformance"
        @Option(
            name: .customLong("environment"),
            help: ArgumentHelp("Given to the program; repeat it. No secrets here.", valueName: "NAME=VALUE"))
        var environment: [String] = []
        @Option(
            name: .customLong("pass"),
            help: ArgumentHelp(
                "A variable of this environment that the program gets, such as a secret; repeat it.",
                valueName: "NAME"))
        var passed: [String] = []
        @Option(help: "Seconds for one call of the program.")
        var timeout = 120
        @Option(help: "Seconds within which nodes have to be listed, and released ones to be gone.")
        var patience = 600
        @Option(help: "Seconds between two looks at the list.")
        var interval = 2.0
        @Flag(help: "Print one JSON object.")
        var json = false
        @Flag(help: "Yes, start nodes.")
        var yes = false
        @Argument(
            parsing: .postTerminator,
            help: "The program and its arguments, after '--'; a word is added to them.")
        var command: [String] = []

        func validate() throws {
            guard !command.isEmpty else { throw ValidationError("name the program after '--'") }
            guard (1...3_600).contains(timeout), (1...86_400).contains(patience),
                (0.01...3_600).contains(interval)
            else {
                throw ValidationError(
                    "--timeout is 1 to 3600, --patience 1 to 86400 and --interval 0.01 to 3600 seconds")
            }
            if let wrong = environment.first(where: { !$0.dropFirst().contains("=") }) {
                throw ValidationError("--environment takes NAME=VALUE, not '\(wrong)'")
            }
            if let fault = options.faults().first { throw ValidationError(fault) }
            guard yes else {
                throw ValidationError(
                    "this starts three nodes for the pool '\(pool)' with '\(command[0])', and releases them at the "
                        + "end; say --yes if that is what you want")
            }
        }

        private var options: ExecOptions {
            ExecOptions(
                command: command,
                environment: environment.map { text in
                    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                    return EnvironmentVariable(String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
                },
                secrets: passed.map { SecretVariable($0, .environment($0)) }, timeout: .seconds(timeout))
        }

        func run() async throws {
            let tag = (0..<8).map { _ in String("0123456789abcdef".randomElement() ?? "0") }.joined()
            let scope = LaunchScope(cluster: "conformance", clusterTag: tag, pool: pool)
            let work = Task { [self] in
                await ExecLauncher(options, scope).conformance(
                    scope, AgentStart(joinToken: "made-up-token-that-lets-nobody-join-\(tag)"),
                    patience: .seconds(patience), interval: .seconds(interval)
                ) { check in
                    if !json { print(Self.line(check)) }
                }
            }
            // The default would end this process and leave the nodes behind.
            signal(SIGINT, SIG_IGN)
            let interrupts = DispatchSource.makeSignalSource(signal: SIGINT)
            interrupts.setEventHandler { work.cancel() }
            interrupts.resume()
            let checks = await work.value
            interrupts.cancel()
            if json { print(try Self.report(checks)) }
            let isComplete = !work.isCancelled && checks.allSatisfy { $0.failure == nil }
            if !isComplete { throw ExitCode.failure }
        }

        static func line(_ check: LauncherConformance.Check) -> String {
            guard let failure = check.failure else { return "ok      \(check.name)" }
            return "failed  \(check.name): \(failure)"
        }

        private static func report(_ checks: [LauncherConformance.Check]) throws -> String {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(["checks": checks]), as: UTF8.self)
        }
    }
}
