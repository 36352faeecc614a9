import APITypes
import ClusterTypes
import Foundation
import Testing

/// Case 7: who is let in.
@Suite struct SecurityTests {
    @Test("A join token that is revoked, expired or used up admits nobody and says so")
    func joinTokens() async throws {
        try await TestCluster.run { cluster in
            let used = try await token(of: cluster, "used", "--uses", "1")
            let revoked = try await token(of: cluster, "revoked")
            let expired = try await token(of: cluster, "expired", "--expires", "1s")
            #expect(try await cluster.coordinatorCommand("token", "revoke", "3").status == 0)
            let list = try await cluster.coordinatorCommand("token", "list")
            #expect(list.output.contains("revoked"), "\(list)")

            let first = try await cluster.start(Programs.agent, arguments(cluster, "first", used))
            try await cluster.waitForNode("first", .ready)
            // Its own second is long over when the agent before has joined; it is read from the token's end anyway.
            let end = try await eventually("the token's end is known") { () -> String? in
                let tokens: Page<TokenView> = try await cluster.get("/v1/tokens")
                return tokens.items.first { $0.name == "expired" }?.expiresAt
            }
            try await eventually("the token has expired") {
                Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1e6)).rfc3339 > end
            }
            for (name, file) in [("used", used), ("revoked", revoked), ("expired", expired)] {
                let result = try await cluster.run(Programs.agent, arguments(cluster, name, file))
                #expect(result.status == 1, "\(name): \(result)")
                #expect(
                    result.errors.contains("the join token is not valid (any more): ask for a new one"),
                    "\(name): \(result)")
                #expect(try await cluster.node(name) == nil)
            }
            let none = try await cluster.run(
                Programs.agent, ["run", "--directory", cluster.agentDirectory("none")])
            #expect(none.status == 1 && none.errors.contains("give a join token"), "\(none)")
            // The one that is in needs its token no more.
            try await first.killNow()
            let again = try await cluster.start(Programs.agent, arguments(cluster, "first", used))
            try await eventually("it is connected again") { again.errors.contains("] connected\n") }
        }
    }

    private func token(of cluster: TestCluster, _ name: String, _ more: String...) async throws -> String {
        let result = try await cluster.run(
            Programs.coordinator, ["token", "create", "--name", name, "--directory", cluster.head] + more)
        #expect(result.status == 0, "\(result)")
        return try cluster.write(cluster.path(name + ".token"), result.output)
    }

    private func arguments(_ cluster: TestCluster, _ name: String, _ file: String) -> [String] {
        [
            "run", "--directory", cluster.agentDirectory(name), "--name", name, "--address", "127.0.0.1",
            "--no-tools", "--join-file", file,
        ]
    }

    @Test("An agent of another cluster gets no further than the handshake, from either side")
    func foreignAuthority() async throws {
        try await TestCluster.run { ours in
            let agent = try await ours.startAgent("birch")
            try await agent.killNow()
            let other = try await ours.start(
                Programs.coordinator,
                [
                    "init", "--directory", ours.path("other"), "--cluster", "test", "--listen", "127.0.0.1",
                    "--address", "127.0.0.1", "--api-port", "0", "--agent-port", "0",
                ])
            #expect(try await other.waitForExit() == 0)
            let serve = try await ours.start(
                Programs.coordinator, ["serve", "--directory", ours.path("other"), "--log-level", "info"])
            let address = try await eventually("the other cluster is ready") {
                serve.errors.firstMatch(of: /agents=(\S+)/).map { String($0.output.1) }
            }
            // Our node's identity, sent to the other coordinator of the same name.
            let identity = ours.agentDirectory("birch") + "/identity"
            let file = identity + "/identity.json"
            try ours.write(
                file, readText(file).replacingOccurrences(of: ours.agentAddress, with: address))
            let astray = try await ours.start(Programs.agent, try await ours.agentArguments("birch"))
            try await eventually("the agent does not trust the other coordinator") {
                astray.errors.contains("not connected") && astray.errors.contains(address)
            }
            #expect(!astray.errors.contains("] connected\n"))
            try await astray.killNow()

            // One that trusts the other's CA is turned away by the coordinator.
            try FileManager.default.removeItem(atPath: identity + "/ca.pem")
            try FileManager.default.copyItem(
                atPath: ours.path("other") + "/ca/ca.pem", toPath: identity + "/ca.pem")
            let foreign = try await ours.start(Programs.agent, try await ours.agentArguments("birch"))
            try await eventually("the other coordinator says why") {
                serve.errors.contains("its certificate is not from this cluster's CA")
            }
            try await eventually("the agent says so too") { foreign.errors.contains("not connected") }
            #expect(!foreign.errors.contains("] connected\n"))
        }
    }

    @Test("The API takes no request without a token, and from a viewer no order")
    func roles() async throws {
        try await TestCluster.run { cluster in
            for token in [nil, "mortise-api-1.AAAA", "nonsense"] {
                let response = try await cluster.send("GET", "/v1/jobs", token: token)
                #expect(response.status == 401)
            }
            let created = try await cluster.coordinatorCommand("token", "create", "--role", "viewer")
            let viewer = created.output.trimmed
            #expect(try await cluster.send("GET", "/v1/jobs", token: viewer).status == 200)
            let list = try await cluster.mortise("job", "list", environment: ["MORTISE_TOKEN": viewer])
            #expect(list.status == 0, "\(list)")
            let submit = try await cluster.mortise(
                "run", "--", "true", environment: ["MORTISE_TOKEN": viewer])
            #expect(submit.status == 4 && submit.errors.contains("operator"), "\(submit)")
            let wrong = try await cluster.mortise("job", "list", environment: ["MORTISE_TOKEN": "nonsense"])
            #expect(wrong.status == 4, "\(wrong)")
            // No secret stands in any log or in what the server keeps readable.
            #expect(!(try cluster.coordinator.errors.contains(viewer)))
            let jobs: Page<JobView> = try await cluster.get("/v1/jobs")
            #expect(jobs.items.isEmpty)
        }
    }

    @Test(
        "Of two agents with one identity the second is refused while the first is heard, then takes its place"
    )
    func copiedIdentity() async throws {
        try await TestCluster.run { cluster in
            let first = try await cluster.startAgent("birch")
            let locked = try await cluster.run(Programs.agent, try await cluster.agentArguments("birch"))
            #expect(locked.status == 1, "\(locked)")
            #expect(
                locked.errors.contains("Another agent uses \(cluster.agentDirectory("birch"))"), "\(locked)")

            try FileManager.default.createDirectory(
                atPath: cluster.agentDirectory("copy"), withIntermediateDirectories: false)
            try FileManager.default.copyItem(
                atPath: cluster.agentDirectory("birch") + "/identity",
                toPath: cluster.agentDirectory("copy") + "/identity")
            let second = try await cluster.start(Programs.agent, try await cluster.agentArguments("copy"))
            try await eventually("the second is refused") {
                second.errors.contains("another agent of node 'birch' is connected")
            }
            #expect(!second.errors.contains("] connected\n"))
            #expect(try await cluster.node("birch")?.state == .ready)
            #expect(!first.errors.contains("not connected"), "\(first.errors)")
            try await first.killNow()
            try await eventually("the second takes its place") { second.errors.contains("] connected\n") }
            #expect(try await cluster.nodes().count == 1)

            // It has brought its own name.
            let namesake = try await cluster.run(
                Programs.agent,
                try await cluster.agentArguments("copy").map {
                    $0 == cluster.agentDirectory("copy") ? cluster.agentDirectory("other") : $0
                })
            #expect(namesake.status == 1, "\(namesake)")
            #expect(namesake.errors.contains("a node named 'copy' is connected"), "\(namesake)")
        }
    }
}
