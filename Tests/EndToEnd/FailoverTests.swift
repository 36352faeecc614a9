import APITypes
import ClusterTypes
import Foundation
import HTTPSClient
import NIOCore
import NIOPosix
import PostgreSQL
import PostgresServer
import Testing

/// Two coordinators on one PostgreSQL: one leads, the other takes over.
@Suite(.ownThreads, .enabled(if: PostgresServer.isInstalled, "needs Debian's package postgresql"))
struct FailoverTests {
    private static let other = "127.0.0.2"

    private func run(_ body: (TestCluster) async throws -> Void) async throws {
        let server = try PostgresServer.shared()
        let database = try server.createDatabase()
        let store = "postgresql://postgres@/\(database)?host=\(server.directory)&port=\(server.port)"
        try await TestCluster.run {
            $0.store = store
            $0.standbyAddresses = [Self.other]
        } _: {
            try await body($0)
        }
        try server.dropDatabase(database)
    }

    @Test("A leader is killed and the next one hands over during work: nothing is lost or done twice")
    func killedAndHandedOver() async throws {
        try await run { cluster in
            try await cluster.startAgents("birch", "cedar")
            let standby = try await cluster.startStandby(at: Self.other)
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "task", "\(ledger.append("$MORTISE_TASK_INDEX.$MORTISE_ATTEMPT"))\nsleep 0.05")
            let job = try await cluster.submit("--array", "1-300", "--cpus", "0.5", "--", "sh", script)
            let slots = try await eventually("slots run") { () -> [SlotView]? in
                let slots = try await cluster.slots(of: job)
                return slots.contains { $0.state == .running } ? slots : nil
            }
            let waiting = try await cluster.startMortise("job", "wait", "\(job)")

            try await eventually("60 tasks have run") { ledger.lines.count >= 60 }
            try await cluster.killCoordinator()
            try await cluster.lead(standby, at: Self.other)
            // At the first of its addresses nobody is.
            let token = try await cluster.coordinatorCommand("token", "create")
            #expect(token.status == 0 && token.output.hasPrefix("mortise-join-1"), "\(token)")

            try await eventually("160 tasks have run") { ledger.lines.count >= 160 }
            let next = try await cluster.startStandby(at: "127.0.0.1")
            standby.signal(SIGTERM)
            #expect(try await standby.waitForExit() == 0, "\(standby.errors)")
            try await cluster.lead(next, at: "127.0.0.1")

            #expect(try await waiting.waitForExit(within: .seconds(120)) == 0, "\(waiting.errors)")
            #expect(waiting.output.contains("300 of 300 tasks succeeded"), "\(waiting.output)")
            let tasks = try await cluster.tasks(of: job)
            #expect(tasks.map(\.index) == Array(1...300))
            #expect(tasks.allSatisfy { $0.state == .succeeded && $0.attempt == 1 })
            #expect(ledger.lines.sorted() == (1...300).map { "\($0).1" }.sorted())
            // No slot noticed: those that there were are there, in the same generation. More may have come since.
            let after = Dictionary(
                uniqueKeysWithValues: try await cluster.slots(of: job).map { ($0.slot, $0.generation) })
            #expect(slots.allSatisfy { after[$0.slot] == $0.generation }, "\(slots), then \(after)")
        }
    }

    @Test(
        "A leader steps down and stands by; it leads again when the next one is killed, or when there is nobody"
    )
    func stepDown() async throws {
        try await run { cluster in
            let first = try cluster.coordinator
            try await cluster.startAgents("birch")
            let alone = try await cluster.coordinatorCommand("step-down")
            #expect(alone.status == 0 && alone.output.contains("Nobody took over"), "\(alone)")
            let standby = try await cluster.startStandby(at: Self.other)
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "task", "\(ledger.append("$MORTISE_TASK_INDEX.$MORTISE_ATTEMPT"))\nsleep 0.05")
            let job = try await cluster.submit("--array", "1-100", "--cpus", "0.5", "--", "sh", script)
            try await eventually("tasks have run") { ledger.lines.count >= 20 }
            let result = try await cluster.coordinatorCommand("step-down")
            #expect(result.status == 0 && result.output.contains("\(Self.other):"), "\(result)")
            try await cluster.lead(standby, at: Self.other)
            #expect(first.isRunning)
            try await eventually("tasks run on") { ledger.lines.count >= 60 }
            try await cluster.killCoordinator()
            // The first one has led before: it is the same process, and says again that it is ready.
            try await eventually("the first one leads again") {
                first.errors.components(separatedBy: " ready").count > 3
            }
            try await cluster.lead(first, at: "127.0.0.1")
            #expect(try await cluster.mortise("job", "wait", "\(job)").status == 0)
            #expect(ledger.lines.sorted() == (1...100).map { "\($0).1" }.sorted())
        }
    }

    @Test("A second cluster is not made in the database of another one")
    func secondCluster() async throws {
        try await run { cluster in
            try await cluster.stopCoordinator()
            let store = try #require(cluster.settings.store)
            let other = cluster.path("other")
            let result = try await cluster.run(
                Programs.coordinator, ["init", "--directory", other, "--store", store, "--no-client-config"])
            #expect(result.status == 1 && result.errors.contains("copy the directory"), "\(result)")
            #expect(!FileManager.default.fileExists(atPath: other + "/ca/ca.pem"))
        }
    }

    @Test("A standby says so, and sends nobody anywhere but to the leader")
    func standby() async throws {
        try await run { cluster in
            let standby = try await cluster.startStandby(at: Self.other)
            let port = cluster.apiAddress.split(separator: ":").last ?? ""
            let folder = cluster.path("head-" + Self.other)
            func config(_ name: String, _ hosts: [String]) throws -> String {
                let urls = hosts.map { "\"https://\($0):\(port)\"" }.joined(separator: ",")
                let file = try cluster.write(
                    folder + "/" + name,
                    "{\"urls\": [\(urls)], \"ca\": \"ca/ca.pem\", \"token\": \"\(try cluster.apiToken())\"}")
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
                return file
            }
            let alone = try await cluster.mortise(
                "cluster", "show", "--config", try config("alone.json", [Self.other]))
            #expect(alone.status == 5 && alone.errors.contains("stands by"), "\(alone)")
            let both = try config("both.json", [Self.other, "127.0.0.1"])
            #expect(try await cluster.mortise("cluster", "show", "--config", both).status == 0)
            let order = try await cluster.mortise("run", "--quiet", "--config", both, "--", "true")
            #expect(order.status == 0 && order.output == "1\n", "\(order)")
            let https = try HTTPSClient(
                group: MultiThreadedEventLoopGroup.singleton,
                endpoint: try #require(HTTPSEndpoint(hostAndPort: "\(Self.other):\(port)")),
                trustRootsPEM: readText(cluster.head + "/ca/ca.pem"))
            func ask(_ path: String) async throws -> (status: Int, location: String?) {
                let answer = try await https.send(HTTPSRequest(path: path)).get()
                return (answer.status, answer.header("location"))
            }
            // It has looked at the store at least once more by now, or does so soon.
            try await eventually("it sends to the leader") { try await ask("/v1/jobs?limit=3").status == 307 }
            #expect(try await ask("/v1/jobs?limit=3").location == "https://127.0.0.1:\(port)/v1/jobs?limit=3")
            let ready = try await ask("/readyz")
            #expect(ready.status == 503 && ready.location == nil)
            standby.signal(SIGTERM)
            #expect(try await standby.waitForExit() == 0, "\(standby.errors)")
            let jobs: Page<JobView> = try await cluster.get("/v1/jobs")
            #expect(jobs.items.count == 1)
        }
    }

    @Test("A leader whose store is taken from it ends, and its agents go to the one that has it")
    func deposed() async throws {
        try await run { cluster in
            try await cluster.startAgent("birch")
            let leader = try cluster.coordinator
            let standby = try await cluster.startStandby(at: Self.other)
            // As after a partition: its session is gone, and it cannot get another one in time.
            leader.signal(SIGSTOP)
            try await endSessions(of: cluster)
            try await cluster.lead(standby, at: Self.other)
            leader.signal(SIGCONT)
            #expect(try await leader.waitForExit() != 0)
            #expect(leader.errors.contains("another"), "\(leader.errors)")
            try await cluster.waitForNode("birch", .ready)
            #expect(try await cluster.mortise("run", "--wait", "--", "true").status == 0)
        }
    }

    private func endSessions(of cluster: TestCluster) async throws {
        guard let store = cluster.settings.store else { return }
        let database = store.dropFirst("postgresql://postgres@/".count).prefix { $0 != "?" }
        let connection = try PostgresServer.shared().connect()
        defer { connection.close() }
        try connection.execute(
            script: "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(database)'")
    }
}
