import ClusterTypes
import Foundation
import Testing

/// What `mortise-agent doctor` says beside a real coordinator.
@Suite struct AgentDoctorTests {
    private struct Diagnosis: Decodable {
        struct Check: Decodable {
            var name: String
            var subject: String?
            var state: String
            var found: String
            var mend: String?
            var milliseconds: Double?
        }

        var state: String
        var failed: Int
        var checks: [Check]

        /// Of the API's addresses, or of the agents'.
        func state(_ name: String, ofAPI isAPI: Bool) -> String? {
            checks.first { $0.name == name && $0.subject?.hasPrefix("https://") == isAPI }?.state
        }

        func check(_ name: String) -> Check? { checks.first { $0.name == name } }
    }

    private func doctor(
        _ cluster: TestCluster, _ directory: String, _ more: String..., expecting status: Int32 = 0
    ) async throws -> Diagnosis {
        let result = try await cluster.run(
            Programs.agent, ["doctor", "--json", "--no-tools", "--directory", directory] + more,
            environment: ["https_proxy": "http://ada:hidden@proxy.example:3128"], within: .seconds(60))
        #expect(result.status == status, "\(result)")
        #expect(!result.output.contains("hidden") && !result.errors.contains("hidden"))
        return try result.decoded(as: Diagnosis.self)
    }

    @Test("Before joining it tries the token's addresses, without using the token up or saying it")
    func beforeJoining() async throws {
        try await TestCluster.run { cluster in
            let none = cluster.path("nobody")
            let alone = try await doctor(cluster, none)
            #expect(alone.check("identity")?.state == "skipped")
            #expect(alone.check("identity")?.mend?.contains("--join-file") == true)
            #expect(alone.check("connect") == nil)

            let created = try await cluster.coordinatorCommand("token", "create", "--uses", "1")
            let file = try cluster.write(cluster.path("once.token"), created.output)
            let joining = try await doctor(cluster, none, "--join-file", file)
            #expect(joining.failed == 0 && joining.check("token")?.state == "ok", "\(joining)")
            for step in ["resolve", "connect", "tls", "answer", "clock"] {
                #expect(joining.state(step, ofAPI: true) == "ok", "\(step): \(joining)")
            }
            #expect(joining.check("tls")?.milliseconds ?? 0 > 0)
            #expect(!FileManager.default.fileExists(atPath: none))

            let text = try await cluster.run(
                Programs.agent, ["doctor", "--no-tools", "--directory", none, "--join-file", file])
            #expect(text.status == 0 && text.output.contains("✓ answer "), "\(text)")
            #expect(!text.output.contains(created.output.trimmed.suffix(40)))
            let agent = try await cluster.start(
                Programs.agent,
                ["run", "--no-tools", "--name", "birch", "--directory", none, "--join-file", file])
            try await cluster.waitForNode("birch", .ready)
            agent.signal(SIGKILL)

            try cluster.write(file, "mortise-join-1.cut")
            let damaged = try await doctor(cluster, cluster.path("new"), "--join-file", file, expecting: 1)
            #expect(damaged.check("token")?.state == "failed", "\(damaged)")
            let usage = try await cluster.run(Programs.agent, ["doctor", "--nonsense"])
            #expect(usage.status == 64)
        }
    }

    @Test(
        "A clock that is wrong is told against the coordinator's",
        .enabled(if: SteppedClock.compiler != nil, "there is no C compiler to make a wrong clock with"))
    func wrongClock() async throws {
        let clock = try await SteppedClock.make()
        defer { clock.remove() }
        try clock.set(seconds: -1_000)
        try await TestCluster.run { cluster in
            let result = try await cluster.run(
                Programs.agent,
                [
                    "doctor", "--json", "--no-tools", "--directory", cluster.path("new"), "--join-file",
                    try await cluster.joinFile(),
                ], environment: clock.environment, within: .seconds(60))
            #expect(result.status == 1, "\(result)")
            let diagnosis = try result.decoded(as: Diagnosis.self)
            let check = try #require(diagnosis.check("clock"), "\(diagnosis)")
            #expect(check.state == "failed", "\(check)")
            let found = try #require(check.found.firstMatch(of: /is about (\d+) s behind/))
            #expect((980...1_001).contains(Int(found.output.1) ?? 0), "\(check)")
        }
    }

    @Test("With an identity it tries all addresses and does not disturb the agent that runs")
    func whileRunning() async throws {
        try await TestCluster.run { cluster in
            let agent = try await cluster.startAgent("birch")
            let directory = cluster.agentDirectory("birch")
            let well = try await doctor(cluster, directory)
            #expect(well.failed == 0, "\(well)")
            for step in ["resolve", "connect", "tls", "answer", "clock"] {
                #expect(well.state(step, ofAPI: true) == "ok", "\(step): \(well)")
            }
            for step in ["resolve", "connect", "tls", "link", "seen"] {
                #expect(well.state(step, ofAPI: false) == "ok", "\(step): \(well)")
            }
            for name in ["identity", "key", "certificate", "agent"] {
                #expect(well.check(name)?.state == "ok", "\(name): \(well)")
            }
            #expect(well.check("proxy")?.found.contains("proxy.example:3128") == true)
            let running = try await cluster.run(Programs.agent, ["status", "--directory", directory])
            #expect(running.output.contains("connected to cluster"), "\(running)")
            #expect(!agent.errors.contains("not connected"), "\(agent.errors)")

            let log = try cluster.coordinator.errors
            #expect(!log.contains("turned a connection away"), "\(log)")

            let copy = cluster.path("copy")
            try FileManager.default.copyItem(atPath: directory + "/identity", toPath: copy + "-identity")
            try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: false)
            try FileManager.default.moveItem(atPath: copy + "-identity", toPath: copy + "/identity")
            let foreign = try await cluster.run(
                Programs.coordinator,
                [
                    "init", "--directory", cluster.path("other"), "--cluster", "other", "--address",
                    "127.0.0.1",
                ])
            #expect(foreign.status == 0, "\(foreign)")
            try cluster.write(copy + "/identity/ca.pem", readText(cluster.path("other/ca/ca.pem")))
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o640], ofItemAtPath: copy + "/identity/node.key")
            let other = try await doctor(cluster, copy, expecting: 1)
            #expect(other.state("connect", ofAPI: true) == "ok", "\(other)")
            #expect(other.state("tls", ofAPI: true) == "failed", "\(other)")
            #expect(other.state("tls", ofAPI: false) == "failed", "\(other)")
            #expect(other.state("answer", ofAPI: true) == "skipped" && other.check("clock") == nil)
            #expect(other.check("tls")?.mend?.contains("join again") == true, "\(other)")
            #expect(other.check("key")?.state == "warning", "\(other)")

            try await cluster.killCoordinator()
            let down = try await doctor(cluster, directory, expecting: 1)
            #expect(down.state("connect", ofAPI: true) == "failed", "\(down)")
            #expect(down.state("connect", ofAPI: false) == "failed", "\(down)")
            #expect(down.state("link", ofAPI: false) == "skipped")
            let connect = try #require(down.check("connect"))
            #expect(connect.found.contains("refuses connections"), "\(connect)")
            #expect(connect.mend?.contains("does not use the proxy proxy.example:3128") == true)
            try await eventually("the doctor knows that the agent has lost its coordinator") {
                try await doctor(cluster, directory, expecting: 1).check("agent")?.state == "warning"
            }
        }
    }
}
