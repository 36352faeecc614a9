import APITypes
import ArgumentParser
import ClusterTypes
import JobFile
import Terminal
import Testing
import YAMLSections

@testable import mortise

struct CommandTests {
    private func run(_ arguments: [String]) throws -> Run {
        try #require(try Mortise.parseAsRoot(["run"] + arguments) as? Run)
    }

    /// What a wrong command line prints, and its status.
    private func refusal(_ arguments: [String]) -> (message: String, status: Int32) {
        do {
            _ = try Mortise.parseAsRoot(arguments)
            return ("taken", 0)
        } catch {
            return (Mortise.message(for: error), Mortise.exitCode(for: error).rawValue)
        }
    }

    @Test func `The options of run reach the specification`() throws {
        let submission = try run([
            "--array", "1-1000:2", "--name", "sweep", "--app", "physics", "--cpus", "1.5", "--memory", "2GiB",
            "--disk", "500MB", "--gpus", "2:0.25", "--device-memory", "8GiB", "--device-model", "A100",
            "--env",
            "A=b", "--env", "C=d e", "--directory", "/data", "--slots", "1-100", "--timeout", "90s",
            "--retries",
            "91:1,*:2", "--priority", "-10", "--pool", "default", "--node", "n1", "--arch", "arm64",
            "--label",
            "zone=a", "--label", "rack=7", "--on-disconnect", "keep", "--on-lost", "fail", "--stop-grace",
            "10s",
            "--output-limit", "1MiB", "--crash-limit", "9", "--time-request", "30s", "--warn-signal", "USR2",
            "--", "sim", "--seed", "{}",
        ]).submission()
        let file = try JobFileReader.parse(
            """
            app: physics
            job: sweep
            command: [sim, --seed, "{}"]
            tasks: { array: 1-1000:2 }
            env: { A: b, C: d e }
            directory: /data
            resources:
              cpus: 1.5
              memory: 2GiB
              disk: 500MB
              devices: { type: gpu, count: 2, share: 0.25, memory: 8GiB, model: A100 }
            constraints: { arch: arm64, pool: default, node: n1, labels: { zone: a, rack: 7 } }
            slots: { min: 1, max: 100 }
            timeout: 90s
            retries: 91:1, *:2
            priority: -10
            on_disconnect: keep
            on_lost: fail
            stop_grace: 10s
            output_limit: 1MiB
            crash_limit: 9
            time_request: 30s
            warn_signal: USR2
            """, file: "job.yaml")
        #expect(submission == file)
    }

    @Test func `The options of placement reach the specification`() throws {
        let submission = try run([
            "--slots", "4", "--gang", "--gang-port", "7", "--gang-start-timeout", "90s", "--per-node", "1",
            "--nodes", "n-[01]+:4", "--nodes", "h0", "--constraint", "!label:retired", "--constraint",
            "with=db", "--prefer", "label:zone=b", "--spread", "zone", "--virtual-cluster", "physics",
            "--preemptible", "--counted", "license.matlab=2", "--", "train",
        ]).submission()
        let file = try JobFileReader.parse(
            """
            job: train
            command: [train]
            slots: { min: 4, max: 4, per_node: 1 }
            gang: { port: 7, start_timeout: 90s }
            constraints: { nodes: ["n-[01]+:4", h0], labels: { retired: absent }, with: db }
            prefer: { labels: { zone: b } }
            spread: zone
            virtual_cluster: physics
            preemptible: true
            resources: { counted: { license.matlab: 2 } }
            """, file: "job.yaml")
        #expect(submission == file)
        let held = try run([
            "--free-space", "/scratch=50GiB", "--directory-quota", "/a=b=1TiB", "--check", "test -e /go",
            "--check-interval", "1m", "--", "train",
        ]).submission()
        let heldByFile = try JobFileReader.parse(
            """
            job: train
            command: [train]
            admission:
              free_space: { /scratch: 50GiB }
              directory_quota: { "/a=b": 1TiB }
              check: test -e /go
              interval: 1m
            """, file: "job.yaml")
        #expect(held == heldByFile && held.specification.admission?.intervalSeconds == 60)
        #expect(held.specification.admission?.freeSpace == [.init("/scratch", 50 << 30)])
        #expect(held.specification.admission?.directoryQuota == [.init("/a=b", 1 << 40)])
        let paced = try run(["--start-rate", "10/min", "--", "train"]).submission()
        #expect(paced.specification.placement.startsPerMinute == 10)
        let bound = try run(["--bind-cpus", "--priority", "urgent", "--", "train"]).submission().specification
        #expect(bound.bindsProcessors && bound.placement.priorityClass == "urgent")
    }

    @Test func `The command is everything after the options, with or without two dashes`() throws {
        func command(_ arguments: [String]) throws -> JobCommand {
            try run(arguments).submission().specification.command
        }
        #expect(try command(["--cpus", "2", "--", "ls", "-l", "--", "x"]) == .argv(["ls", "-l", "--", "x"]))
        #expect(try command(["--cpus", "2", "ls", "--cpus", "3"]) == .argv(["ls", "--cpus", "3"]))
        #expect(try command(["--", "--odd-name"]) == .argv(["--odd-name"]))
    }

    @Test func `An option that does not exist is no command`() {
        let refusal = refusal(["run", "--cpu", "1", "ls"])
        #expect(refusal.message.hasPrefix("Unknown option '--cpu'."))
        #expect(refusal.status == CommandStatus.usage.rawValue)
    }

    @Test func `Everything wrong with the options of run is told at once`() {
        let refusal = refusal(["run", "--memory", "2", "--cpus", "0", "--", "ls"])
        #expect(
            refusal.message
                == "--cpus: '0' cores: the least is 0.001\n--memory: '2' has no unit; write for example 2MB or 2GiB"
        )
        #expect(refusal.status == 64)
    }

    @Test(arguments: [
        ["frobnicate"], ["job", "show"], ["job", "show", "x"], ["job", "list", "--state", "done"],
        ["job", "list", "--limit", "0"], ["task", "show", "1"], ["task", "retry", "1", "5-2"],
        ["task", "logs", "1", "2", "--stream", "stdin"], ["task", "logs", "1", "2", "--tail", "5"],
        ["task", "append", "1"], ["task", "append", "1", "a", "--stdin"], ["job", "list", "--format", "xml"],
        ["run"], ["run", "--array", "1-5", "--stdin", "--", "ls"], ["submit"],
    ])
    func `A wrong command line ends with 64`(arguments: [String]) {
        #expect(refusal(arguments).status == 64, "\(refusal(arguments).message)")
    }

    @Test func `Progress waits too`() throws {
        #expect(try run(["--progress", "--", "ls"]).options.waits)
        #expect(try run(["--wait", "--", "ls"]).options.waits)
        #expect(try !run(["--", "ls"]).options.waits)
    }

    @Test(arguments: [
        ["run", "--help"], ["run", "-h"], ["job", "list", "--help"], ["help", "task", "logs"], ["--version"],
    ])
    func `Asking for help is no mistake`(arguments: [String]) {
        #expect(refusal(arguments).status == 0)
    }

    /// The whole tree with the words that lead to each command.
    private func allCommands(
        _ command: any ParsableCommand.Type, path: [String]
    ) -> [(path: [String], type: any ParsableCommand.Type)] {
        [(path, command)]
            + command.configuration.subcommands.flatMap { child in
                allCommands(child, path: path + [child._commandName])
            }
    }

    @Test func `Every command says what it does and shows an example of itself`() {
        for (path, type) in allCommands(Mortise.self, path: ["mortise"]) {
            let words = path.joined(separator: " ")
            #expect(type.configuration.abstract.hasSuffix("."), "\(words)")
            #expect(type.configuration.discussion.contains("Example"), "\(words)")
            #expect(
                type.configuration.discussion.contains("mortise \(path.dropFirst().first ?? "run")"),
                "\(words)")
            #expect(type.helpMessage().contains("USAGE"), "\(words)")
        }
    }

    @Test func `Every leaf of the tree takes format, quiet and config`() {
        for (path, type) in allCommands(Mortise.self, path: ["mortise"])
        where type.configuration.subcommands.isEmpty {
            for option in ["--format", "--quiet", "--config"] {
                #expect(type.helpMessage().contains(option), "\(path.joined(separator: " ")) \(option)")
            }
        }
    }

    @Test func `Faults of a job file are told without the parser's usage`() throws {
        let error = FileError([
            Fault(file: "a.yaml", line: 2, column: 1, message: "x"),
            Fault(file: "a.yaml", line: 3, column: 4, message: "y"),
        ])
        #expect(
            failure(of: error)
                == CommandFailure(.invalidInput, "2 things are wrong:\na.yaml:2:1: x\na.yaml:3:4: y"))
        #expect(
            failure(of: ClientError(.notFound, "no job"))
                == CommandFailure(.notFound, "no job"))
        #expect(failure(of: ValidationError("usage")) == nil)
    }
}
