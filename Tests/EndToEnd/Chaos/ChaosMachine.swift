import Foundation
import Platform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One node of a chaos run: its agent in a network namespace, with a small disk, a clock and a boot id of its own.
///
/// Faults of a node follow one another, so one task at a time uses it.
final class ChaosMachine {
    let name: String
    private let cluster: TestCluster
    private let network: NodeNetwork
    let clock: SteppedClock?
    let disk: SmallDisk
    private var boots = 0
    private(set) var agent: ChildProcess?

    init(_ name: String, _ cluster: TestCluster, _ network: NodeNetwork, _ clock: SteppedClock?) throws {
        self.name = name
        self.cluster = cluster
        self.network = network
        self.clock = clock
        disk = try SmallDisk(at: cluster.agentDirectory(name), bytes: 32 << 20)
        try boot()
    }

    private var bootPath: String { cluster.path("boot-" + name) }

    private func boot() throws {
        boots += 1
        try cluster.write(bootPath, "00000000-0000-4000-8000-\(String(format: "%012d", boots))\n")
    }

    /// Starts the agent, in a mount namespace where the kernel's boot id is this machine's.
    func start() async throws {
        let words =
            network.prefix(on: name) + [
                "unshare", "--mount", "sh", "-c",
                "mount --bind \"$0\" /proc/sys/kernel/random/boot_id && exec \"$@\"", bootPath,
                Programs.agent,
            ]
        guard let program = words.first.flatMap(SystemCommand.path) else { throw TestFailure("no nsenter") }
        agent = try await cluster.start(
            program, Array(words.dropFirst()) + (try await cluster.agentArguments(name)),
            environment: clock?.environment ?? [:])
    }

    /// What a service manager does. Nothing that happens here is a reason to end.
    /// - Returns: a sentence where the agent had ended by itself.
    func startIfEnded() async throws -> String? {
        guard let agent else { return nil }
        guard let status = agent.exitStatus else { return nil }
        try await start()
        return "the agent of \(name) ended by itself with \(status): \(agent.errors.suffix(1_000))"
    }

    func kill() async throws { try await agent?.killNow() }

    /// - Returns: its exit status.
    func end() async throws -> Int32 {
        agent?.signal(SIGTERM)
        return try await agent?.waitForExit() ?? 0
    }

    /// Everything that runs on it: agent, supervisors, commands.
    var processes: [Int32] { Leftovers.processes(of: cluster.agentDirectory(name)) }

    var supervisors: [Int32] {
        Leftovers.processes(of: "supervise\0" + cluster.agentDirectory(name) + "/slots/")
    }

    /// Processes of commands: those with a slot's environment.
    var commands: [Int32] {
        Leftovers.processes(of: "MORTISE_DIRECTORY=" + cluster.agentDirectory(name) + "/slots/")
    }

    func losePower() async throws {
        agent?.signal(SIGKILL)
        try await Leftovers.kill(in: cluster.agentDirectory(name))
        _ = try await agent?.waitForExit()
        try boot()
    }

    func remove() { disk.remove() }
}

/// How many files a running process may have open.
enum Descriptors {
    static let usual = 4_096

    /// Not one more than now.
    static func useUp(of process: Int32, folder: String) async throws {
        let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").count
        try await limit(process, to: open, folder: folder)
    }

    static func limit(_ process: Int32, to count: Int, folder: String) async throws {
        try await SystemCommand.run(
            ["prlimit", "--pid", "\(process)", "--nofile=\(count):"], folder: folder)
    }
}
