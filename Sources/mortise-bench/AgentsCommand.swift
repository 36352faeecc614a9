import ArgumentParser
import ClusterTypes
import Foundation
import Platform
import Terminal
import UnixSignals

struct AgentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agents",
        abstract: "Hold thousands of real agent sessions, and measure the coordinator under them.",
        discussion: """
            Each agent is the real one, from its decisions to TLS: enrolled, connected, beating, pulling and finishing \
            slots. Only its machine and its slots' processes are pretended. Without --join a coordinator is started for \
            this run alone.

            Memory is the coordinator's after all agents have joined, less what it had before, by their number. Beat lag \
            is the time from sending a beat to its acknowledgement: no less than what it takes to apply one.

            Example:
              mortise-bench agents --count 10000 --identities ids --for 60s
              mortise-bench agents --count 1000 --kill 10 --restart --stall-store 10s --json
              mortise-bench agents --count 500 --join join.token --config client.json --pid 4711
            """)

    @OptionGroup var load: LoadOptions
    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var trials: TrialOptions
    @Flag(help: "Print the results as JSON.")
    var json = false

    func validate() throws {
        if coordinator.join != nil, trials.restart || trials.stallStore != nil {
            throw ValidationError(
                "--restart and --stall-store need a coordinator of this run: leave out --join")
        }
        if coordinator.join != nil, coordinator.config == nil, trials.kill > 0 || load.tasks > 0 {
            throw ValidationError("--kill and --tasks with --join need --config, for the API")
        }
        if coordinator.store != nil, trials.stallStore != nil {
            throw ValidationError("--stall-store holds the lock of an SQLite store: leave out --store")
        }
        if trials.kill > load.count {
            throw ValidationError("--kill takes at most --count (\(load.count)), not \(trials.kill)")
        }
    }

    func run() async throws {
        let run = AgentsRun(load: load, coordinator: coordinator, trials: trials)
        let work = Task { try await run.perform() }
        let watcher = Task {
            for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { work.cancel() }
        }
        defer { watcher.cancel() }
        let result = await work.result
        let report = await run.report
        if report.hasFigures {
            StandardStream.writeOutput(json ? try report.json + "\n" : report.table(for: .of(descriptor: 1)))
        }
        switch result {
        case .success: break
        case .failure(is CancellationError):
            StandardStream.writeError("Interrupted: what was measured until then is all there is.\n")
            throw ExitCode(130)
        case .failure(let error): throw error
        }
    }
}

struct LoadOptions: ParsableArguments {
    @Option(help: "How many agents.")
    var count = 1_000
    @Option(name: .customLong("for"), help: "How long to measure once all are connected: 500ms, 60s, 5m.")
    var window = Span(.seconds(60))
    @Option(help: "GPUs of each agent, with readings that wander.")
    var devices = 8
    @Option(help: "New sessions in a second at the start, at most; 0 dials all at once.")
    var startsPerSecond = 500
    @Option(help: "Tasks to run while measuring, in all jobs together.")
    var tasks: UInt32 = 0
    @Option(help: "Into how many jobs the tasks are divided.")
    var jobs: UInt32 = 1
    @Option(help: "Slots that each of these jobs may have.")
    var slots: UInt32 = 1_000
    @Option(help: "How long a pretended task takes: 0s, 100ms.")
    var taskTime = Span(.seconds(1))
    @Option(help: "Event loops of this process.")
    var loops = 1
    @Option(help: "All chance comes from it.")
    var seed: UInt64 = 1

    func validate() throws {
        func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
            guard range.contains(value) else {
                throw ValidationError(
                    "\(name) takes \(range.lowerBound) to \(range.upperBound), not \(value)")
            }
        }
        try check("--count", count, 1...20_000)
        try check("--devices", devices, 0...64)
        try check("--starts-per-second", startsPerSecond, 0...100_000)
        try check("--loops", loops, 1...64)
        try check("--tasks", Int(tasks), 0...10_000_000)
        try check("--jobs", Int(jobs), 1...10_000)
        try check("--slots", Int(slots), 1...100_000)
        guard window.duration >= .milliseconds(100) else {
            throw ValidationError("--for takes 100ms or more")
        }
    }
}

struct CoordinatorOptions: ParsableArguments {
    @Option(help: "The coordinator's program; default is the one beside this program.", completion: .file())
    var coordinator: String?
    @Option(
        help:
            "A folder for the identities, and for the coordinator that knows them; a later run uses them again.",
        completion: .directory)
    var identities: String?
    @Option(help: "The store of that coordinator, where it is made anew: postgresql://…; default is SQLite.")
    var store: String?
    @Option(help: "Join a coordinator that runs: the file with its join token.", completion: .file())
    var join: String?
    @Option(help: "With --join: the coordinator's client.json, for its API.", completion: .file())
    var config: String?
    @Option(help: "With --join: the coordinator's process, to measure what it costs.")
    var pid: Int32?

    func validate() throws {
        if join == nil, config != nil || pid != nil {
            throw ValidationError("--config and --pid need --join")
        }
        if join != nil, store != nil { throw ValidationError("--store is of a coordinator of this run") }
        if join != nil, coordinator != nil { throw ValidationError("--join takes a coordinator that runs") }
    }

    /// Beside this program.
    var program: String {
        if let coordinator { return coordinator }
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: own).deletingLastPathComponent().path + "/mortise-coordinator"
    }
}

struct TrialOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Then time so many placements: slots of two batch jobs, of a core and of a quarter of a GPU, each placed, stored, pulled, run (for --task-time) and ended.",
            valueName: "slots"))
    var placements: UInt32 = 0
    @Option(
        help: ArgumentHelp(
            "With --placements: once more while so many tasks of another job wait.", valueName: "tasks"))
    var waitingTasks: UInt32 = 0
    @Option(
        help:
            "Then end so many agents without a word, every other one with its connection, and time the notice."
    )
    var kill = 0
    @Flag(help: "Then kill the coordinator, start it again, and time the return of all agents.")
    var restart = false
    @Option(help: "Then hold the store's write lock for so long: does any node become suspect?")
    var stallStore: Span?

    func validate() throws {
        guard placements == 0 || (2...1_000_000).contains(placements) else {
            throw ValidationError("--placements takes 2 to 1000000, not \(placements)")
        }
        guard waitingTasks == 0 || (placements > 0 && waitingTasks <= 10_000_000) else {
            throw ValidationError("--waiting-tasks takes 1 to 10000000, and needs --placements")
        }
        guard kill >= 0 else { throw ValidationError("--kill takes 0 or more, not \(kill)") }
    }
}

/// `500ms`, `60s`, `5m`.
struct Span: ExpressibleByArgument, Sendable {
    let duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        let units: [(String, Int64)] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)]
        guard let (unit, milliseconds) = units.first(where: { argument.hasSuffix($0.0) }),
            let count = Int64(argument.dropLast(unit.count)), count >= 0, count <= 86_400_000 / milliseconds
        else { return nil }
        duration = .milliseconds(count * milliseconds)
    }

    var defaultValueDescription: String {
        let milliseconds = duration.wholeMilliseconds
        return milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000)s" : "\(milliseconds)ms"
    }
}
