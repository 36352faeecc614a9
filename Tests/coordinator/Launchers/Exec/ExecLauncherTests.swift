import ClusterTypes
import CoordinatorCore
import Foundation
import LauncherServers
import PostgresServer
import Testing

@testable import CoordinatorLaunchers

@Suite("Launcher programs", .ownThreads)
struct ExecLauncherTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func launcher(
        _ script: String, environment: [EnvironmentVariable] = [], secrets: [SecretVariable] = [],
        timeout: Duration = .seconds(60)
    ) throws -> ExecLauncher {
        let program = try scratch.program("cloud", "#!/bin/sh\n" + script)
        let options = ExecOptions(
            command: [program, "--region", "north"], environment: environment, secrets: secrets,
            timeout: timeout)
        return ExecLauncher(options, Launching.scope)
    }

    @Test func `A program gets one word more, and the request on its standard input`() async throws {
        let launcher = try launcher(
            """
            echo "$*" > \(scratch.path)/arguments
            cat > \(scratch.path)/input
            echo '{"allocations":[{"name":"i-1","state":"waiting","host":"h1"}]}'
            """)
        let found = try await launcher.launch(Launching.order(12, count: 2), Launching.start)
        #expect(found == [Allocation(name: "i-1", launch: LaunchID(12), host: "h1")])
        #expect(scratch.read("arguments") == "--region north launch\n")
        let request = ExecRequest.launch(Launching.order(12, count: 2), .agent(Launching.start))
        #expect(scratch.read("input") == String(decoding: request.input(Launching.scope), as: UTF8.self))
    }

    @Test func `The variables that are named reach it, secrets from where they are now, and nothing else`()
        async throws
    {
        try scratch.write("key", "from-a-file\r\n\n")
        let launcher = try launcher(
            "env > \(scratch.path)/env; echo '{}'",
            environment: [EnvironmentVariable("REGION", "north = up")],
            secrets: [
                SecretVariable("KEY", .file(scratch.path + "/key")),
                SecretVariable("PLACE", .environment("PATH")),
                SecretVariable("CODE", .command(["sh", "-c", "echo two; echo lines; echo"])),
            ])
        try await launcher.release(["a"])
        let lines = scratch.read("env").split(separator: "\n")
        #expect(lines.contains("REGION=north = up") && lines.contains("KEY=from-a-file"))
        #expect(lines.contains("CODE=two") && lines.contains("lines"))
        #expect(lines.contains("PLACE=\(ProcessInfo.processInfo.environment["PATH"] ?? "")"))
        let others = ProcessInfo.processInfo.environment.keys.filter {
            !["PATH", "HOME", "LD_LIBRARY_PATH", "TMPDIR", "PWD", "LANG", "LC_ALL", "SHLVL", "_", "OLDPWD"]
                .contains($0)
        }
        #expect(!lines.contains { line in others.contains { line.hasPrefix($0 + "=") } })
        try scratch.write("key", "changed")
        try await launcher.release(["a"])
        #expect(scratch.read("env").contains("KEY=changed\n"))
    }

    @Test func `A program that fails is unavailable, with its last words and without secrets`() async throws {
        try scratch.write("key", "hush-hush")
        let launcher = try launcher(
            """
            token=$(sed 's/.*"join_token":"\\([^"]*\\)".*/\\1/')
            i=0; while [ $i -lt 50 ]; do echo "line $i" >&2; i=$((i + 1)); done
            echo "cannot log in with $KEY as $token" >&2
            exit 3
            """, secrets: [SecretVariable("KEY", .file(scratch.path + "/key"))])
        let failure = await Launching.failure { () async throws(LaunchFailure) in
            try await launcher.launch(Launching.order(), Launching.start)
        }
        #expect(failure.code == .unavailable)
        #expect(failure.message.hasPrefix("\(scratch.path)/cloud launch ended with 3: line 43\n"))
        #expect(failure.message.hasSuffix("line 49\ncannot log in with *** as ***."))
    }

    @Test func `Secrets do not stand in what a program answers either`() async throws {
        let launcher = try launcher(
            """
            token=$(sed 's/.*"join_token":"\\([^"]*\\)".*/\\1/')
            echo '{"allocations":[{"name":"a","state":"failed","reason":"bad '$token'"}]}'
            """)
        let found = try await launcher.launch(Launching.order(), Launching.start)
        #expect(found.map(\.reason) == ["bad ***"])
    }

    @Test func `A program that hangs is killed at the deadline with all that it started`() async throws {
        let launcher = try launcher(
            "sleep 600 & echo $! > \(scratch.path)/child; echo stuck >&2; wait", timeout: .seconds(1))
        let failure = await Launching.failure { () async throws(LaunchFailure) in try await launcher.list() }
        #expect(failure.code == .unavailable)
        #expect(
            failure.message
                == "\(scratch.path)/cloud list gave no answer within 1 s and was killed: stuck.")
        let child = try #require(Int32(scratch.read("child").dropLast()))
        #expect(await Self.isGone(child))
    }

    /// KILL takes a moment for a process that is not our own child.
    private static func isGone(_ process: Int32) async -> Bool {
        for _ in 0..<10_000 {
            guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
                !status.contains(") Z")
            else { return true }
            await Task.yield()
        }
        return false
    }

    @Test func `More output than is allowed is no answer`() async throws {
        let launcher = try launcher("head -c 5000000 /dev/zero | tr '\\0' ' '; echo '{}'")
        let failure = await Launching.failure { () async throws(LaunchFailure) in try await launcher.list() }
        #expect(
            failure == LaunchFailure(.invalidAnswer, "\(scratch.path)/cloud list printed more than 4 MiB."))
    }

    @Test func `What it cannot read of an answer names the program and what it was asked`() async throws {
        let launcher = try launcher("echo '{\"allocations\":[{\"name\":\"a\"}]}'")
        let failure = await Launching.failure { () async throws(LaunchFailure) in try await launcher.list() }
        #expect(failure.code == .invalidAnswer)
        #expect(failure.message.hasPrefix("\(scratch.path)/cloud list: The answer cannot be understood: "))
    }

    @Test func `A program that is not there is refused, and one that cannot start is not`() async throws {
        let missing = ExecLauncher(ExecOptions(command: ["/no/such/program"]), Launching.scope)
        let failure = await Launching.failure { () async throws(LaunchFailure) in try await missing.list() }
        #expect(failure.code == .refused && failure.message.contains("/no/such/program is not there"))
        let program = try scratch.program("broken", "#!/no/such/shell\n")
        let broken = ExecLauncher(ExecOptions(command: [program]), Launching.scope)
        let other = await Launching.failure { () async throws(LaunchFailure) in try await broken.list() }
        #expect(other.code == .unavailable && other.message.contains("cannot be started: no such file"))
    }

    @Test(arguments: [
        (
            SecretSource.file("/no/such/file"), LaunchFailure.Code.unavailable,
            "there is no file /no/such/file"
        ),
        (.environment("MORTISE_NO_SUCH_VARIABLE"), .refused, "MORTISE_NO_SUCH_VARIABLE"),
        (
            .command(["sh", "-c", "echo hidden; echo because >&2; exit 1"]), .unavailable,
            "'sh' ended with 1: because."
        ),
        (.command(["true"]), .unavailable, "is empty"),
        (.command(["printf", "a\\000b"]), .refused, "NUL"),
    ])
    func `A secret that cannot be had stops the call and says which`(
        source: SecretSource, code: LaunchFailure.Code, text: String
    ) async throws {
        let launcher = try launcher("touch \(scratch.path)/called", secrets: [SecretVariable("KEY", source)])
        let failure = await Launching.failure { () async throws(LaunchFailure) in try await launcher.list() }
        #expect(failure.code == code)
        #expect(
            failure.message.contains("The secret KEY") && failure.message.contains(text), "\(failure.message)"
        )
        #expect(!failure.message.contains("hidden") && !scratch.exists("called"))
    }

    @Test func `Options that cannot be are told all at once`() {
        let options = ExecOptions(
            command: [], environment: [EnvironmentVariable("A B", ""), EnvironmentVariable("C", "")],
            secrets: [SecretVariable("C", .command([])), SecretVariable("D", .environment("1"))],
            timeout: .milliseconds(1))
        #expect(
            options.faults() == [
                "command: names no program", "timeout: 0.001 s is not 1 s to one hour",
                "environment: 'A B' is no name of a variable", "environment: 'C' is given twice",
                "secrets: 'C' has a command that names no program",
                "secrets: 'D' is to be taken from '1', which is no name of a variable",
            ])
        #expect(ExecOptions(command: ["cloud"]).faults() == [])
    }

    @Test func `Nothing to release asks nobody`() async throws {
        try await ExecLauncher(ExecOptions(command: ["/no/such/program"]), Launching.scope).release([])
    }
}
