import Platform
import Testing

/// Nothing of Mortise needs root.
@Suite struct PrivilegeTests {
    @Test(
        "A coordinator, an agent and the command line work without any privilege",
        .enabled(if: Host.userID == 0, "only root has privileges to lose"))
    func unprivileged() async throws {
        try await TestCluster.run { cluster in
            let agent = try await cluster.startAgent("a")
            let status = readText("/proc/\(agent.process)/status")
            #expect(status.contains("CapEff:\t0000000000000000"), "\(status)")
            let job = try await cluster.submit("--", "true")
            #expect(try await cluster.mortise("job", "wait", "\(job)").status == 0)
        }
    }
}
