import ClusterTypes
import Foundation
import NIOCore
import NIOPosix
import Platform
import Terminal
import TLSIdentity

/// One run: a coordinator, its agents, the window that is measured, and the trials after it.
///
/// What was measured is in `report` at every moment, so that an interrupted run tells it too.
actor AgentsRun {
    let load: LoadOptions
    let options: CoordinatorOptions
    let trials: TrialOptions
    var report: AgentsReport
    private var coordinator: CoordinatorProcess?
    var client: CoordinatorClient?
    /// Of a coordinator that others have started.
    private let foreignProcess: Int32?
    private let start = ContinuousClock.now

    init(load: LoadOptions, coordinator: CoordinatorOptions, trials: TrialOptions) {
        self.load = load
        options = coordinator
        self.trials = trials
        foreignProcess = coordinator.pid
        report = AgentsReport(agents: load.count, devices: load.devices)
    }

    /// Leaves no process behind, and no folder but `--identities`.
    func perform() async throws {
        try checkOpenFiles()
        let folder = try makeFolder()
        defer { if options.identities == nil { try? FileManager.default.removeItem(atPath: folder) } }
        do {
            try await measure(in: folder)
        } catch {
            await coordinator?.stop()
            throw error
        }
        await coordinator?.stop()
    }

    private func measure(in folder: String) async throws {
        // Files are written there, which takes its time: not on the loops of the agents.
        let helpers = MultiThreadedEventLoopGroup(numberOfThreads: 8)
        let token = try await coordinatorToken(in: folder, helpers)
        let identities = try await identities(Identities(folder: folder + "/agents", token: token), helpers)
        let endpoints =
            coordinator.map { ["127.0.0.1:\($0.agentPort)"] } ?? identities[0].identity.agentEndpoints
        if coordinator != nil {
            // What enrolling has left in its memory is no cost of sessions.
            note("starting the coordinator anew")
            try await restartInOrder()
        }
        let before = try process.map { try ProcessFigures(of: $0).memory }
        let fleet = try await Fleet(
            identities, endpoints: endpoints,
            settings: FleetSettings(
                devices: load.devices, taskTime: load.taskTime.duration, seed: load.seed,
                startsPerSecond: load.startsPerSecond),
            group: MultiThreadedEventLoopGroup(numberOfThreads: load.loops))
        do {
            try await connect(fleet)
            try await measureWindow(fleet, port: port(of: endpoints), memoryBefore: before)
            try await performTrials(fleet)
        } catch {
            try? await fleet.stop()
            throw error
        }
        try await fleet.stop()
    }

    private func performTrials(_ fleet: Fleet) async throws {
        if trials.placements > 0 { try await place(trials.placements, whileTasksWait: trials.waitingTasks) }
        if let stall = trials.stallStore { try await stallStore(fleet, for: stall.duration) }
        if trials.restart { try await restart(fleet) }
        if trials.kill > 0 { try await kill(fleet, trials.kill) }
    }

    // MARK: Before

    private func checkOpenFiles() throws {
        let needed = load.count + 256
        if let limit = OpenFiles.raiseLimit(), limit < needed {
            throw Failure(
                "\(load.count) agents need \(needed) open files, and this process may have \(limit): raise the limit "
                    + "('ulimit -n', or /etc/security/limits.conf), or take a smaller --count.")
        }
    }

    private func makeFolder() throws -> String {
        let path =
            options.identities.map { URL(fileURLWithPath: $0).path }
            ?? FileManager.default.temporaryDirectory.appendingPathComponent(
                "mortise-bench-\(UUID().uuidString)"
            )
            .path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return path
    }

    private func coordinatorToken(in folder: String, _ group: any EventLoopGroup) async throws -> JoinToken {
        if let join = options.join {
            if let config = options.config {
                client = try CoordinatorClient(configuration: config, group: group)
            }
            guard let text = try? String(contentsOfFile: join, encoding: .utf8) else {
                throw Failure("Cannot read the join token from \(join).")
            }
            return try JoinToken(parsing: text)
        }
        let coordinator = try await CoordinatorProcess(
            program: options.program, directory: folder + "/coordinator", store: options.store)
        self.coordinator = coordinator
        note("starting \(options.program)")
        try await coordinator.start()
        client = try CoordinatorClient(
            endpoint: "127.0.0.1:\(coordinator.apiPort)", configuration: coordinator.clientConfiguration,
            group: group)
        try await waitUntilReady()
        return try JoinToken(parsing: try await coordinator.joinToken())
    }

    private func restartInOrder() async throws {
        await coordinator?.stop()
        try await coordinator?.start()
        try await waitUntilReady()
    }

    /// - Throws: `Failure` where the coordinator ends meanwhile.
    func waitUntilReady() async throws {
        guard let client, let coordinator else { return }
        try await wait(upTo: .seconds(120), for: "the coordinator is ready") {
            try coordinator.checkRunning()
            return await client.isReady
        }
    }

    private func identities(
        _ source: Identities, _ group: any EventLoopGroup
    ) async throws -> [(name: String, identity: NodeIdentity)] {
        let began = ContinuousClock.now
        var printer = ProgressPrinter(device: .of(descriptor: 2))
        let count = load.count
        let identities = try await source.ready(count: count, group: group) { done in
            let progress = Progress(
                label: "identities", succeeded: UInt64(done), failed: 0, running: 0, total: UInt64(count))
            StandardStream.writeError(printer.update(progress, elapsed: ContinuousClock.now - began))
        }
        StandardStream.writeError(printer.clear())
        report.identitySeconds = (ContinuousClock.now - began).seconds
        return identities
    }

    private func port(of endpoints: [String]) -> Int {
        endpoints.first?.split(separator: ":").last.flatMap { Int($0) } ?? 0
    }

    // MARK: Connecting

    private func connect(_ fleet: Fleet) async throws {
        note("connecting \(fleet.count) agents")
        let began = ContinuousClock.now
        let cpu = try process.map { try ProcessFigures(of: $0) }
        try await fleet.openWindow()
        try await fleet.start()
        try await waitUntilAllAreWelcome(fleet, hellos: fleet.count)
        let figures = try await fleet.figures()
        report.connecting = AgentsReport.Connecting(
            seconds: (ContinuousClock.now - began).seconds, figures: figures)
        if let cpu, let process {
            let spent = try ProcessFigures(of: process).cpu - cpu.cpu
            report.connecting?.coordinatorMillisecondsPerAgent = spent.seconds * 1_000 / Double(fleet.count)
        }
    }

    /// - Throws: `Failure` with the most frequent reasons where nobody has come for a minute.
    func waitUntilAllAreWelcome(_ fleet: Fleet, hellos: Int) async throws {
        let patience = Duration.seconds(60)
        var most = -1
        var end = ContinuousClock.now + patience
        while true {
            try coordinator?.checkRunning()
            let figures = try await fleet.figures()
            if figures.welcomed == fleet.count, figures.hellos >= hellos { return }
            if figures.welcomed > most {
                most = figures.welcomed
                end = ContinuousClock.now + patience
            }
            guard ContinuousClock.now < end else {
                let reasons = figures.failures.merging(figures.losses, uniquingKeysWith: +)
                    .sorted { $0.value > $1.value }.prefix(3).map { "\($0.value) times: \($0.key)" }
                throw Failure(
                    "Only \(figures.welcomed) of \(fleet.count) agents are connected. "
                        + reasons.joined(separator: " "))
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    // MARK: The window

    private func measureWindow(_ fleet: Fleet, port: Int, memoryBefore: MemoryFigures?) async throws {
        // Beats of agents that came together spread out, and the coordinator gives back what connecting took.
        try await Task.sleep(for: min(.seconds(5), load.window.duration))
        try await submitTasks()
        note("measuring for \(load.window.duration)")
        let began = Instant(microseconds: SteadyClock.now())
        let metrics = try? await client?.metrics()
        let bytes = SocketBytes.toPort(port)
        let own = try ProcessFigures(of: getpid())
        let costs = try process.map { try ProcessFigures(of: $0) }
        try await fleet.openWindow()
        do { try await Task.sleep(for: load.window.duration) } catch {
            // Interrupted: the shorter window is told.
        }
        try await fleet.closeWindow()
        let elapsed = Instant(microseconds: SteadyClock.now()) - began
        if let process, let costs {
            let after = try ProcessFigures(of: process)
            report.coordinator = AgentsReport.Coordinator(
                cores: after.cores(since: costs), before: memoryBefore, after: after.memory,
                agents: fleet.count)
        }
        report.generator = AgentsReport.Generator(
            cores: try ProcessFigures(of: getpid()).cores(since: own), memory: try MemoryFigures(of: getpid())
        )
        report.traffic = AgentsReport.Traffic(
            from: bytes, to: SocketBytes.toPort(port), agents: fleet.count, elapsed: elapsed)
        report.commits = AgentsReport.commits(from: metrics, to: try? await client?.metrics())
        // What was sent at the end is acknowledged by then, or late.
        try? await Task.sleep(for: .seconds(2))
        report.note(try await fleet.figures(), elapsed: elapsed)
        report.suspects = try? await client?.nodes(called: .suspect, since: began)
        try Task.checkCancellation()
    }

    private func submitTasks() async throws {
        guard load.tasks > 0, let client else { return }
        for number in 0..<load.jobs {
            let share = load.tasks / load.jobs + (number < load.tasks % load.jobs ? 1 : 0)
            guard share > 0 else { continue }
            _ = try await client.submit(tasks: share, slots: load.slots, name: "load-\(number + 1)")
        }
    }

    // MARK: For the trials

    var process: Int32? { coordinator?.process ?? foreignProcess }
    var own: CoordinatorProcess? { coordinator }

    /// Asks again and again.
    func wait(
        upTo limit: Duration, for sentence: String, _ isTrue: () async throws -> Bool
    ) async throws {
        let end = ContinuousClock.now + limit
        while try await !isTrue() {
            guard ContinuousClock.now < end else {
                throw Failure("It did not come true within \(limit) that \(sentence).")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    nonisolated func note(_ text: String) { StandardStream.writeError("mortise-bench: \(text)\n") }
}

extension Duration {
    var seconds: Double { Double(wholeMicroseconds) / 1_000_000 }
}
