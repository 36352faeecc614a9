import APITypes
import ClusterTypes
import Foundation
import HTTPSClient
import NIOCore
import NIOPosix
import Platform
import Synchronization
import Testing

/// A whole cluster of real processes in a temporary directory: a coordinator, agents, the command line.
final class TestCluster: Sendable {
    struct Settings: Sendable {
        var name = "test"
        /// By which agents and users reach the coordinator; it listens on the loopback interface.
        var address = "127.0.0.1"
        /// Of coordinators that stand by.
        var standbyAddresses: [String] = []
        var heartbeatMilliseconds = 500
        /// Long: a loaded machine must not lose a node that a test did not kill.
        var leaseMilliseconds = 30_000
        /// "sqlite:PATH" or a PostgreSQL address.
        var store: String?
        /// More arguments of `serve`.
        var arguments: [String] = []
        /// Of the coordinator and the agents.
        var environment: [String: String] = [:]
        /// Where root runs the tests, programs have none of its privileges if they do not need them: users have none.
        /// Those of a server of PostgreSQL need them, as its socket is another user's.
        var needsPrivileges = false
    }

    let directory: String
    let settings: Settings
    private struct State {
        var coordinator: ChildProcess?
        var starts = 0
        var commands = 0
        /// "host:port".
        var apiAddress = ""
        var agentAddress = ""
        var client: HTTPSClient?
        var children: [ChildProcess] = []
        var joinFile: String?
    }
    private let state = Mutex(State())

    private init(_ settings: Settings, directory: String) {
        self.settings = settings
        self.directory = directory
    }

    /// Makes the cluster, starts its coordinator, and leaves nothing of both behind.
    static func run(
        _ change: (inout Settings) -> Void = { _ in }, _ body: (TestCluster) async throws -> Void
    ) async throws {
        var settings = Settings()
        change(&settings)
        let directory = try makeDirectory()
        let cluster = TestCluster(settings, directory: directory)
        await Gate.shared.enter()
        do {
            try await cluster.initialize()
            try await cluster.startCoordinator()
            try await body(cluster)
        } catch {
            Issue.record("\(error)\n\(cluster.logs)")
        }
        await cluster.tearDown()
        await Gate.shared.leave()
    }

    private static func makeDirectory() throws -> String {
        let path = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
            .appendingPathComponent("mortise-e2e-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(atPath: path + "/home", withIntermediateDirectories: true)
        return path
    }

    private func tearDown() async {
        for child in state.withLock({ $0.children }) { child.signal(SIGKILL) }
        do {
            for child in state.withLock({ $0.children }) { _ = try await child.waitForExit() }
            try await Leftovers.kill(in: directory)
        } catch {
            Issue.record("\(error)")
        }
        if ProcessInfo.processInfo.environment["MORTISE_KEEP_TESTS"] == nil {
            try? FileManager.default.removeItem(atPath: directory)
        }
    }

    /// The ends of the last logs, for a test that fails.
    private var logs: String {
        state.withLock { $0.children }.suffix(30).filter { !$0.errors.isEmpty }.map { child in
            "--- \(child.errorPath)\n" + child.errors.suffix(3_000)
        }.joined(separator: "\n")
    }

    func path(_ name: String) -> String { directory + "/" + name }
    var head: String { path("head") }

    /// A script for `/bin/sh`, kept in a file.
    func script(_ name: String, _ text: String) throws -> String {
        try write(path(name + ".sh"), "#!/bin/sh\n" + text + "\n")
    }

    @discardableResult
    func write(_ path: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    func touch(_ name: String) throws { try write(path(name), "") }

    private static let withoutPrivileges = [
        "/usr/bin/setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs",
    ]

    // MARK: - Programs

    /// Starts a program of this cluster; it ends with the cluster at the latest.
    func start(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], input: String? = nil
    ) async throws -> ChildProcess {
        let number = state.withLock { state in
            state.commands += 1
            return state.commands
        }
        let label = "\(number)-" + (program.split(separator: "/").last ?? "")
        let isRoot = Host.userID == 0 && !settings.needsPrivileges && settings.store == nil
        let command = (isRoot ? Self.withoutPrivileges : []) + [program] + arguments
        let child = try await ChildProcess.start(
            command[0], Array(command.dropFirst()),
            environment: Programs.environment(
                home: path("home"),
                ["MORTISE_CONFIG": head + "/client.json"].merging(environment) { $1 }),
            folder: directory, files: path(label), input: input)
        state.withLock { $0.children.append(child) }
        return child
    }

    /// Runs a program to its end.
    func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], input: String? = nil,
        within limit: Duration = .seconds(120)
    ) async throws -> CommandResult {
        let child = try await start(program, arguments, environment: environment, input: input)
        let status = try await child.waitForExit(within: limit)
        return CommandResult(status: status, output: child.output, errors: child.errors)
    }

    /// The command line.
    func mortise(_ arguments: String..., environment: [String: String] = [:]) async throws -> CommandResult {
        try await run(Programs.commandLine, arguments, environment: environment)
    }

    /// A command line that is to go on while the test does.
    func startMortise(_ arguments: String...) async throws -> ChildProcess {
        try await start(Programs.commandLine, arguments)
    }

    /// `mortise-coordinator` with this cluster's directory.
    func coordinatorCommand(_ arguments: String...) async throws -> CommandResult {
        try await run(Programs.coordinator, arguments + ["--directory", head])
    }

    // MARK: - The coordinator

    private func initialize() async throws {
        var arguments = [
            "init", "--directory", head, "--cluster", settings.name, "--address", settings.address,
            "--listen",
            "127.0.0.1", "--api-port", "0", "--agent-port", "0",
        ]
        for address in settings.standbyAddresses { arguments += ["--address", address] }
        if let store = settings.store { arguments += ["--store", store] }
        let result = try await run(Programs.coordinator, arguments)
        guard result.status == 0 else { throw TestFailure("init failed: \(result)") }
    }

    var coordinator: ChildProcess {
        get throws {
            guard let child = state.withLock({ $0.coordinator }) else {
                throw TestFailure("no coordinator was started")
            }
            return child
        }
    }

    /// Where agents dial: the same after each start, as they know it from their enrollment.
    var agentAddress: String { state.withLock { $0.agentAddress } }
    var apiAddress: String { state.withLock { $0.apiAddress } }

    private func port(_ address: String) -> String { String(address.split(separator: ":").last ?? "0") }

    func serveArguments() -> [String] {
        let (api, agent) = state.withLock { ($0.apiAddress, $0.agentAddress) }
        return [
            "serve", "--directory", head, "--heartbeat-milliseconds", "\(settings.heartbeatMilliseconds)",
            "--lease-milliseconds", "\(settings.leaseMilliseconds)", "--api-port", port(api), "--agent-port",
            port(agent),
        ] + settings.arguments
    }

    /// Starts it, or starts it again with the same ports, and waits until it says that it is ready.
    func startCoordinator() async throws {
        let child = try await start(
            Programs.coordinator, serveArguments(), environment: settings.environment)
        try await lead(child)
    }

    /// Starts one more coordinator, with the same files and ports at another address, and waits until it stands by.
    func startStandby(at address: String) async throws -> ChildProcess {
        let folder = path("head-" + address)
        if !FileManager.default.fileExists(atPath: folder) {
            try FileManager.default.copyItem(atPath: head, toPath: folder)
        }
        let child = try await start(
            Programs.coordinator, serveArguments() + ["--directory", folder, "--listen", address],
            environment: settings.environment)
        try await eventually("the coordinator at \(address) stands by") {
            if let status = child.exitStatus {
                throw TestFailure("the standby ended with \(status): \(child.errors)")
            }
            return child.errors.contains("standing by")
        }
        return child
    }

    /// Waits until this coordinator says that it is ready, and talks to it from then on.
    ///
    /// - Parameter address: where it listens, if not at its first address.
    func lead(_ child: ChildProcess, at address: String? = nil) async throws {
        state.withLock { $0.coordinator = child }
        let line = try await eventually("the coordinator is ready") { () -> String? in
            if let status = child.exitStatus {
                throw TestFailure("the coordinator ended with \(status): \(child.errors)")
            }
            return child.errors.split(separator: "\n").first { $0.hasSuffix(" ready") }.map(String.init)
        }
        let words = line.split(separator: " ")
        func value(_ name: String) -> String {
            words.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) } ?? ""
        }
        var api = value("api").replacingOccurrences(of: "https://", with: "")
        if let address { api = address + ":" + port(api) }
        let client = try HTTPSClient(
            group: MultiThreadedEventLoopGroup.singleton,
            endpoint: try #require(HTTPSEndpoint(hostAndPort: api)),
            trustRootsPEM: readText(head + "/ca/ca.pem"))
        state.withLock { state in
            state.apiAddress = api
            state.agentAddress = value("agents")
            state.client = client
        }
    }

    /// SIGTERM.
    func stopCoordinator() async throws {
        let child = try coordinator
        child.signal(SIGTERM)
        let status = try await child.waitForExit()
        guard status == 0 else { throw TestFailure("the coordinator ended with \(status): \(child.errors)") }
    }

    /// kill -9.
    func killCoordinator() async throws { try await coordinator.killNow() }

    // MARK: - The API

    /// The administrator's.
    func apiToken() throws -> String {
        struct File: Decodable { var token: String }
        return try JSONDecoder().decode(File.self, from: Data(readText(head + "/client.json").utf8)).token
    }

    func send(
        _ method: String, _ path: String, body: (any Encodable & Sendable)? = nil, token: String?
    ) async throws -> APIReply {
        var request = HTTPSRequest(method: method, path: path)
        if let token { request.headers = [("Authorization", "Bearer \(token)")] }
        if let body {
            request.headers.append(("Content-Type", "application/json"))
            request.body = Array(try JSONEncoder().encode(body))
        }
        guard let client = state.withLock({ $0.client }) else { throw TestFailure("no coordinator runs") }
        let response = try await client.send(request).get()
        return APIReply(status: response.status, text: String(decoding: response.body, as: UTF8.self))
    }

    func get<Answer: Decodable>(_ path: String) async throws -> Answer {
        let reply = try await send("GET", path, token: try apiToken())
        guard reply.status == 200 else { throw TestFailure("\(path): \(reply)") }
        return try JSONDecoder().decode(Answer.self, from: Data(reply.text.utf8))
    }

    func job(_ job: JobID) async throws -> JobView { try await get("/v1/jobs/\(job)") }

    func tasks(of job: JobID) async throws -> [TaskView] {
        let page: Page<TaskView> = try await get("/v1/jobs/\(job)/tasks?limit=1000")
        return page.items
    }

    func task(_ index: TaskIndex, of job: JobID) async throws -> TaskView {
        try await get("/v1/jobs/\(job)/tasks/\(index)")
    }

    func slots(of job: JobID) async throws -> [SlotView] {
        let page: Page<SlotView> = try await get("/v1/slots?job=\(job)&limit=1000")
        return page.items
    }

    func nodes() async throws -> [NodeView] {
        let page: Page<NodeView> = try await get("/v1/nodes?released=true")
        return page.items
    }

    func node(_ name: String) async throws -> NodeView? { try await nodes().first { $0.name == name } }

    func waitForNode(_ name: String, _ state: NodeState) async throws {
        try await eventually("node \(name) is \(state)") { try await self.node(name)?.state == state }
    }

    /// Submits with `mortise run` and the given options; they end with `--` and the command.
    func submit(_ arguments: String...) async throws -> JobID {
        let result = try await run(Programs.commandLine, ["run", "--quiet"] + arguments)
        guard result.status == 0, let job = UInt64(result.output.trimmed) else {
            throw TestFailure("run was not accepted: \(result)")
        }
        return JobID(job)
    }

    // MARK: - Agents

    /// A file with a token by which any number of agents may join.
    func joinFile() async throws -> String {
        if let file = state.withLock({ $0.joinFile }) { return file }
        let result = try await coordinatorCommand("token", "create")
        guard result.status == 0 else { throw TestFailure("no token: \(result)") }
        let file = try write(path("join.token"), result.output)
        state.withLock { $0.joinFile = file }
        return file
    }

    func agentDirectory(_ name: String) -> String { path("agent-" + name) }

    func agentArguments(_ name: String) async throws -> [String] {
        [
            "run", "--directory", agentDirectory(name), "--name", name, "--address", "127.0.0.1",
            "--no-tools",
            "--join-file", try await joinFile(),
        ]
    }

    /// Starts an agent, or the next one in the same directory, and waits until the coordinator calls it ready.
    @discardableResult
    func startAgent(_ name: String, _ more: String...) async throws -> ChildProcess {
        let child = try await start(
            Programs.agent, try await agentArguments(name) + more, environment: settings.environment)
        try await eventually("agent \(name) is connected") {
            if let status = child.exitStatus {
                throw TestFailure("agent \(name) ended with \(status): \(child.errors)")
            }
            return child.errors.contains("] connected\n")
        }
        try await waitForNode(name, .ready)
        return child
    }

    func startAgents(_ names: String...) async throws {
        _ = try await joinFile()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for name in names { group.addTask { try await self.startAgent(name) } }
            try await group.waitForAll()
        }
    }
}

/// What the API answered.
struct APIReply {
    var status: Int
    var text: String
}

/// How a program that has ended did.
struct CommandResult: CustomStringConvertible {
    var status: Int32
    var output: String
    var errors: String

    var description: String { "status \(status)\noutput: \(output)\nerrors: \(errors)" }

    func decoded<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(output.utf8))
    }
}

extension String {
    var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
