import APITypes
import ClusterTypes
import Foundation
import PostgresServer
import Testing

/// Case 8: no room, no port, no coordinator.
@Suite struct StoreTests {
    @Test(
        "A store that is none, or whose address shows a password, is refused without repeating a secret",
        arguments: [
            ("mysql://host/database", "'mysql' is no store"), ("sqlite", "'sqlite' is no store"),
            ("postgres://[bad", "not a PostgreSQL address"),
            ("postgresql://ada:hunter2@host/d", "PGPASSFILE"),
            ("postgresql://ada@host/d?password=hunter2", "PGPASSFILE"),
        ])
    func refused(store: String, reason: String) async throws {
        try await TestCluster.run { cluster in
            let result = try await cluster.run(
                Programs.coordinator, ["serve", "--directory", cluster.head],
                environment: ["MORTISE_STORE": store])
            #expect(result.status != 0 && result.errors.contains(reason), "\(result)")
            #expect(!result.errors.contains("hunter2"), "\(result)")
        }
    }

    @Test(
        "A cluster moves to PostgreSQL and back, and goes on where it was", .ownThreads,
        .enabled(if: PostgresServer.isInstalled, "needs Debian's package postgresql"))
    func moves() async throws {
        let server = try PostgresServer.shared()
        let database = try server.createDatabase()
        defer { try? server.dropDatabase(database) }
        let address = "postgresql://postgres@/\(database)?host=\(server.directory)&port=\(server.port)"
        try await TestCluster.run {
            $0.needsPrivileges = true
        } _: { cluster in
            try await cluster.startAgent("birch")
            let first = try await cluster.submit("--array", "1-20", "--", "true")
            #expect(try await cluster.mortise("job", "wait", "\(first)").status == 0)
            let running = try await cluster.coordinatorCommand("store", "check")
            #expect(running.status == 1 && running.errors.contains("another coordinator"), "\(running)")

            for (store, next) in [(address, 2), ("sqlite:back.db", 3)] as [(String, UInt64)] {
                try await cluster.stopCoordinator()
                let check = try await cluster.coordinatorCommand("store", "check", "--json")
                #expect(check.status == 0 && check.output.contains("\"faults\" : ["), "\(check)")
                let copy = try await cluster.coordinatorCommand("store", "copy", "--to", store, "--switch")
                #expect(copy.status == 0 && copy.output.contains("Copied and compared."), "\(copy)")
                let migrate = try await cluster.coordinatorCommand("store", "migrate")
                #expect(migrate.status == 0 && migrate.output.contains("already"), "\(migrate)")
                try await cluster.startCoordinator()
                #expect(try await cluster.job(first).tasks.succeeded == 20)
                let job = try await cluster.submit("--array", "1-20", "--", "true")
                #expect(job.rawValue == next)
                #expect(try await cluster.mortise("job", "wait", "\(job)").status == 0)
            }
        }
    }

    @Test(
        "While the store is full new work is refused and running work goes on; with room again everything finishes",
        .enabled(if: SmallDisk.isPermitted, "only root may mount a small file system"))
    func full() async throws {
        let disk = try SmallDisk(at: SmallDisk.freshPath(), bytes: 8 << 20)
        defer { disk.remove() }
        try await TestCluster.run {
            $0.store = "sqlite:\(disk.path)/mortise.db"
        } _: { cluster in
            try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "task", "\(ledger.append("$MORTISE_TASK_INDEX.$MORTISE_ATTEMPT"))\nsleep 0.05")
            let job = try await cluster.submit("--array", "1-200", "--cpus", "0.5", "--", "sh", script)
            try await eventually("some tasks have run") { ledger.lines.count >= 20 }
            try disk.fill()
            try await eventually("the coordinator says that it cannot write") {
                try await cluster.send("GET", "/readyz", token: nil).status == 503
            }
            let request = SubmitRequest(
                specification: JobSpecification(app: "a", job: "j", kind: .batch, command: .argv(["true"])))
            let refused = try await cluster.send(
                "POST", "/v1/jobs", body: request, token: try cluster.apiToken())
            #expect(refused.status == 503 && refused.text.contains("store_unavailable"), "\(refused)")
            // The command line waits for better times and says so.
            let patient = try await cluster.startMortise("run", "--wait", "--", "true")
            try await eventually("it says what it waits for") { patient.errors.contains("Trying again") }
            #expect(try await cluster.node("birch")?.state == .ready)

            try disk.makeRoom()
            #expect(try await patient.waitForExit() == 0, "\(patient.errors)")
            #expect(try await cluster.mortise("job", "wait", "\(job)").status == 0)
            #expect(ledger.lines.sorted() == (1...200).map { "\($0).1" }.sorted())
            #expect(try await cluster.job(job).tasks.succeeded == 200)
            try await cluster.killCoordinator()
            try await cluster.startCoordinator()
            #expect(try await cluster.job(job).tasks.succeeded == 200)
        }
    }

    @Test(
        "A coordinator and an agent that are killed while the store is full lose nothing either",
        .enabled(if: SmallDisk.isPermitted, "only root may mount a small file system"))
    func killedWhileFull() async throws {
        let disk = try SmallDisk(at: SmallDisk.freshPath(), bytes: 8 << 20)
        defer { disk.remove() }
        try await TestCluster.run {
            $0.store = "sqlite:\(disk.path)/mortise.db"
        } _: { cluster in
            let agent = try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "task", "\(ledger.append("$MORTISE_TASK_INDEX.$MORTISE_ATTEMPT"))\nsleep 0.05")
            let job = try await cluster.submit("--array", "1-100", "--cpus", "0.5", "--", "sh", script)
            try await eventually("some tasks have run") { ledger.lines.count >= 20 }
            try disk.fill()
            try await eventually("the coordinator says that it cannot write") {
                try await cluster.send("GET", "/readyz", token: nil).status == 503
            }
            try await agent.killNow()
            let next = try await cluster.start(Programs.agent, try await cluster.agentArguments("birch"))
            try await eventually("the next agent is told") {
                next.errors.contains("the store cannot be written now")
            }
            try await cluster.killCoordinator()
            let hopeless = try await cluster.start(Programs.coordinator, cluster.serveArguments())
            try await eventually("the next coordinator says what is wrong") {
                hopeless.errors.contains("no space left") || hopeless.errors.contains("disk is full")
            }
            try disk.makeRoom()
            try await hopeless.killNow()
            try await cluster.startCoordinator()
            #expect(try await cluster.mortise("job", "wait", "\(job)").status == 0)
            #expect(ledger.lines.sorted() == (1...100).map { "\($0).1" }.sorted())
            #expect(try await cluster.job(job).tasks.succeeded == 100)
        }
    }

    @Test("A port in use, a directory in use and a directory without a cluster each end with 1 and a reason")
    func startFailures() async throws {
        try await TestCluster.run { cluster in
            let other = cluster.path("other")
            let made = try await cluster.run(
                Programs.coordinator,
                [
                    "init", "--directory", other, "--listen", "127.0.0.1", "--api-port", "0", "--agent-port",
                    "0",
                ])
            #expect(made.status == 0, "\(made)")
            for (flag, address) in [
                ("--api-port", cluster.apiAddress), ("--agent-port", cluster.agentAddress),
            ] {
                let port = try #require(address.split(separator: ":").last.map(String.init))
                let result = try await cluster.run(
                    Programs.coordinator, ["serve", "--directory", other, flag, port])
                #expect(result.status == 1, "\(flag): \(result)")
                #expect(result.errors.contains(port), "\(flag): \(result)")
                #expect(result.errors.contains("another process uses this"), "\(flag): \(result)")
                #expect(!result.errors.contains("ready"), "\(flag): \(result)")
            }
            let second = try await cluster.run(Programs.coordinator, cluster.serveArguments())
            #expect(second.status == 1 && second.errors.contains("another coordinator uses it"), "\(second)")
            let none = try await cluster.run(
                Programs.coordinator, ["serve", "--directory", cluster.path("none")])
            #expect(
                none.status == 1 && none.errors.contains("run 'mortise-coordinator init' first"), "\(none)")
            let twice = try await cluster.run(Programs.coordinator, ["init", "--directory", other])
            #expect(twice.status == 1 && twice.errors.contains("already"), "\(twice)")
            #expect(try cluster.coordinator.isRunning)
        }
    }
}
