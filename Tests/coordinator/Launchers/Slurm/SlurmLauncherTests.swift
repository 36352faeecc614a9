import ClusterTypes
import CoordinatorCore
import CoordinatorLaunchers
import Foundation
import Platform
import LauncherServers
import PostgresServer
import Testing

/// Against a real controller and three real nodes.
@Suite(
    "Slurm launcher", .enabled(if: SlurmCluster.isInstalled, "Slurm and munge are not installed"),
    .serialized,
    .ownThreads)
struct SlurmLauncherTests {
    let cluster: SlurmCluster
    private let scope: LaunchScope
    private let token = "mortise-join-secret-4711"

    init() throws {
        cluster = try SlurmCluster.shared()
        // Jobs that have ended stay known: each test has names of its own.
        scope = LaunchScope(
            cluster: "lab", clusterTag: String(UUID().uuidString.prefix(8)).lowercased(), pool: "cloud")
        try cluster.clear()
    }

    private func options(_ change: (inout SlurmOptions) -> Void = { _ in }) -> SlurmOptions {
        var options = SlurmOptions()
        options.partition = "cloud"
        options.agent = cluster.agent
        options.queryInterval = .zero
        options.configuration = cluster.configuration
        change(&options)
        return options
    }

    private func launcher(_ change: (inout SlurmOptions) -> Void = { _ in }) -> SlurmLauncher {
        SlurmLauncher(options(change), scope)
    }

    private func order(_ count: Int, launch: UInt64 = 12) -> LaunchOrder {
        LaunchOrder(launch: LaunchID(rawValue: launch), pool: "cloud", count: count)
    }

    private var start: AgentStart { AgentStart(joinToken: token) }

    /// Looks until the allocations are as wanted.
    private func allocations(
        _ launcher: SlurmLauncher, _ isSo: ([Allocation]) -> Bool
    ) async throws -> [Allocation] {
        let end = ContinuousClock.now + .seconds(120)
        while true {
            let all = try await launcher.list().sorted { $0.name < $1.name }
            if isSo(all) { return all }
            guard ContinuousClock.now < end else {
                throw ServerFailure(message: "waited in vain; there are \(all)")
            }
            usleep(50_000)
        }
    }

    @Test func `Four nodes are asked for, three start, and none twice`() async throws {
        let launcher = launcher()
        #expect(try await launcher.list().isEmpty)
        let launched = try await launcher.launch(order(4), start)
        #expect(
            launched.count == 4 && launched.allSatisfy { $0.launch.rawValue == 12 && $0.state == .waiting })
        let all = try await allocations(launcher) { all in
            all.count { $0.state == .running } == 3 && all.contains { $0.reason == "Resources" }
        }
        #expect(all.map(\.name) == launched.map(\.name).sorted())
        #expect(Set(all.compactMap(\.host)) == ["n1", "n2", "n3"])
        let waiting = try #require(all.first { $0.state == .waiting })
        #expect(waiting.reason == "Resources" && waiting.host == nil)

        // By this launcher, and by one that knows nothing of the first.
        for again in [launcher, self.launcher()] {
            #expect(Set(try await again.launch(order(4), start).map(\.name)) == Set(launched.map(\.name)))
        }
        #expect(try cluster.run("squeue", "-h", "--array", "-o", "%i").split(separator: "\n").count == 4)
    }

    @Test func `An agent gets its token and its allocation, and nobody else sees the token`() async throws {
        let launcher = launcher()
        let name = try #require(try await launcher.launch(order(1), start).first?.name)
        try SlurmCluster.await("the agent") { cluster.wrote(name, "environment") != nil }
        let environment = try #require(cluster.wrote(name, "environment")).split(separator: "\n")
        #expect(environment.contains("MORTISE_JOIN_TOKEN=\(token)"))
        #expect(environment.contains("MORTISE_ALLOCATION=\(name)"))
        let arguments = try #require(cluster.wrote(name, "arguments")).split(separator: "\n")
        #expect(arguments.prefix(3) == ["run", "--stop-slots", "--directory"])
        let state = String(try #require(arguments.last))
        #expect(FileManager.default.fileExists(atPath: state))

        #expect(try !cluster.run("scontrol", "show", "job").contains(token))
        #expect(try !cluster.run("scontrol", "write", "batch_script", name, "-").contains(token))
        for process in ProcessTable.all() {
            let line = (try? AtomicFile.read("/proc/\(process)/cmdline")) ?? []
            #expect(!String(decoding: line, as: UTF8.self).contains(token))
        }
        try await launcher.release([name])
        try SlurmCluster.await("the agent's end") { !FileManager.default.fileExists(atPath: state) }
    }

    @Test(.enabled(if: SSHServers.obstacle == nil))
    func `Slurm's commands run on a login node, through sshd`() async throws {
        let servers = try SSHServers(["login"])
        let launcher = launcher {
            $0.login = "login"
            $0.loginConfiguration = servers.configuration
        }
        let name = try #require(try await launcher.launch(order(1), start).first?.name)
        let running = try await allocations(launcher) { $0.map(\.state) == [.running] }
        #expect(running.map(\.name) == [name])
        try SlurmCluster.await("the agent") { cluster.wrote(name, "environment") != nil }
        #expect(cluster.wrote(name, "environment")?.contains("MORTISE_JOIN_TOKEN=\(token)") == true)

        servers.takeDown("login")
        let failure = await #expect(throws: LaunchFailure.self) { try await launcher.list() }
        #expect(failure?.code == .unavailable)
        #expect(failure?.message.contains("squeue on login, for") == true)
        let inDoubt = await #expect(throws: LaunchFailure.self) {
            try await launcher.launch(order(1, launch: 13), start)
        }
        #expect(inDoubt?.code == .unavailable && inDoubt?.message.contains(token) == false)
        try servers.bringUp("login")
        #expect(try await launcher.launch(order(1), start).map(\.name) == [name], "once, as before")
        try await launcher.release([name])
        _ = try await allocations(launcher) { $0.allSatisfy { $0.state.isOver } }
    }

    @Test func `A released node's agent is asked to leave, and the next one gets its place`() async throws {
        let launcher = launcher()
        _ = try await launcher.launch(order(4), start)
        let all = try await allocations(launcher) { $0.count { $0.state == .running } == 3 }
        let first = try #require(all.first { $0.state == .running }).name
        try SlurmCluster.await("the agent") { cluster.wrote(first, "environment") != nil }
        try await launcher.release([first])
        try SlurmCluster.await("TERM") { cluster.wrote(first, "end") == "TERM\n" }
        let after = try await allocations(launcher) { all in
            all.first { $0.name == first }?.state.isOver == true && all.count { $0.state == .running } == 3
        }
        #expect(after.first { $0.name == first }?.state == .canceled)
        // What is over, and what never was, is released already.
        try await launcher.release([first, "999999_3", "n1", "-1"])
        try await launcher.release(after.map(\.name))
        _ = try await allocations(launcher) { $0.allSatisfy(\.state.isOver) }
    }

    @Test func `An agent that cannot start is a failure, one that ends well is none`() async throws {
        let broken = launcher { $0.agent = "/nowhere/mortise-agent" }
        _ = try await broken.launch(order(1, launch: 1), start)
        let failed = try await allocations(broken) { $0.first?.state.isOver == true }
        #expect(failed.first?.state == .failed && failed.first?.reason.contains("NonZeroExitCode") == true)
        let brief = launcher { $0.agent = "/bin/true" }
        _ = try await brief.launch(order(1, launch: 2), start)
        let ended = try await allocations(brief) {
            $0.contains { $0.launch.rawValue == 2 && $0.state.isOver }
        }
        #expect(ended.first { $0.launch.rawValue == 2 }?.state == .completed)
    }

    @Test func `An agent is asked to leave before its time is over`() async throws {
        let launcher = launcher { $0.arguments = ["--time=1", "--signal=B:TERM@60"] }
        let name = try #require(try await launcher.launch(order(1), start).first?.name)
        try SlurmCluster.await("TERM") { cluster.wrote(name, "end") == "TERM\n" }
        let all = try await allocations(launcher) { $0.first?.state.isOver == true }
        #expect(all.first?.state == .completed)
    }

    @Test func `Other jobs, and those of another pool or cluster, are not listed`() async throws {
        try cluster.run("sbatch", "--hold", "--job-name=my|job", "--wrap=true", "--output=/dev/null")
        let other = SlurmLauncher(
            options(), LaunchScope(cluster: "lab", clusterTag: scope.clusterTag, pool: "cloud-2"))
        _ = try await other.launch(order(1), start)
        #expect(try await launcher().list().isEmpty)
        #expect(try await other.list().count == 1)
    }

    @Test(arguments: [
        ("partition", "nowhere", LaunchFailure.Code.refused), ("partition", "closed", .noCapacity),
        ("gres", "gpu:1", .refused), ("constraint", "fast", .refused), ("memory", "100G", .refused),
        ("arguments", "--no-such-option", .refused), ("arguments", "--array=0-100000", .refused),
    ])
    func `What Slurm refuses is said in its words, with what to do`(
        option: String, value: String, code: LaunchFailure.Code
    ) async throws {
        let launcher = launcher { options in
            switch option {
            case "partition": options.partition = value
            case "gres": options.gres = value
            case "constraint": options.constraint = value
            case "memory": options.memory = value
            default: options.arguments = [value]
            }
        }
        let failure = await #expect(throws: LaunchFailure.self) { try await launcher.launch(order(1), start) }
        #expect(failure?.code == code, "\(failure?.message ?? "")")
        #expect(failure?.message.contains("sbatch") == true && failure?.message.contains("launch 12") == true)
        #expect(failure?.message.contains(token) == false)
        #expect(
            failure?.message.contains(value) == true || failure?.message.contains("pool's") == true
                || failure?.message.contains("sinfo") == true
                || failure?.message.contains("MaxArraySize") == true)
        #expect(try await launcher.list().isEmpty)
    }

    @Test func `A controller that does not answer has no empty list`() async throws {
        let text = try String(contentsOfFile: cluster.configuration, encoding: .utf8)
        let wrong = cluster.directory + "/wrong.conf"
        let port = try PostgresServer.freePort()
        let lines = text.split(separator: "\n").map {
            $0.hasPrefix("SlurmctldPort=") ? "SlurmctldPort=\(port)" : $0
        }
        try lines.joined(separator: "\n").write(toFile: wrong, atomically: true, encoding: .utf8)
        let launcher = launcher { $0.configuration = wrong }
        let failure = await #expect(throws: LaunchFailure.self) { try await launcher.list() }
        #expect(failure?.code == .unavailable)
        #expect(failure?.message.contains("Unable to contact slurm controller") == true)
    }

    @Test func `A job whose answer is lost is found and not started again`() async throws {
        // Submits, and then says what sbatch says when the controller's answer does not come.
        let programs = cluster.directory + "/programs-\(scope.clusterTag)"
        try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: true)
        for tool in ["sbatch", "squeue", "sacct", "scancel"] {
            let real = try #require(ToolRunner.locate(tool))
            let fault =
                "echo 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' >&2; exit 1"
            let body = tool == "sbatch" ? "\(real) \"$@\" >/dev/null\n\(fault)" : "exec \(real) \"$@\""
            let path = programs + "/" + tool
            try "#!/bin/sh\n\(body)\n".write(toFile: path, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        }
        let launcher = launcher { $0.programs = programs }
        let launched = try await launcher.launch(order(2), start)
        #expect(launched.count == 2)
        #expect(Set(try await launcher.launch(order(2), start).map(\.name)) == Set(launched.map(\.name)))
        #expect(try cluster.run("squeue", "-h", "--array", "-o", "%i").split(separator: "\n").count == 2)
    }

    @Test func `Within the interval no second look is taken`() async throws {
        let launcher = launcher { $0.queryInterval = .seconds(3_600) }
        #expect(try await launcher.list().isEmpty)
        let launched = try await launcher.launch(order(1), start)
        #expect(try await launcher.list().map(\.name) == launched.map(\.name), "its own launches it knows")
        try cluster.clear()
        #expect(try await launcher.list().map(\.state) == [.waiting], "what happened since it does not")
    }

    @Test func `The program for a login node's shell submits the same job`() async throws {
        let options = options { $0.login = "head" }
        let command = SlurmCommand.submit(order(2), scope, options)
        let program = LoginShell.script(
            [command.tool] + command.arguments,
            environment: ["MORTISE_JOIN_TOKEN=it's \"quoted\"", "SLURM_CONF=\(cluster.configuration)"],
            input: SlurmScript.text(order(2), scope, options))
        let result = ToolRunner().run(
            "sh", ["-s"], input: .bytes(Array(program.utf8)), deadline: .seconds(60))
        guard case .exited(0, let output, _) = result else {
            Issue.record("\(result)")
            return
        }
        let job = String(decoding: output, as: UTF8.self).split(separator: "\n").last.map(String.init) ?? ""
        try SlurmCluster.await("the agents") {
            cluster.wrote("\(job)_0", "environment") != nil && cluster.wrote("\(job)_1", "environment") != nil
        }
        let environment = try #require(cluster.wrote("\(job)_0", "environment"))
        #expect(environment.contains("MORTISE_JOIN_TOKEN=it's \"quoted\"\n"))
    }

    @Test func `A pool that is wrongly described is refused before anything is done`() async throws {
        let launcher = launcher { $0.stateDirectory = "/tmp/$(reboot)" }
        let failure = await #expect(throws: LaunchFailure.self) { try await launcher.list() }
        #expect(failure?.code == .refused && failure?.message.contains("state_directory") == true)
    }
}
