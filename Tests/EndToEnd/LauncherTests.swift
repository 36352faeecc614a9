import APITypes
import ClusterTypes
import Foundation
import HTTPSClient
import LauncherServers
import PostgresServer
import Testing

/// Real agents, started by what starts them at a site: a scheduler, ssh, a container engine.
@Suite struct LauncherTests {
    private func describe(_ cluster: TestCluster, _ launcher: String, nodes: Int) async throws {
        try cluster.write(
            cluster.path("head/pools.yaml"),
            """
            pools:
              burst:
                launcher:
            \(launcher.split(separator: "\n").map { "      " + $0 }.joined(separator: "\n"))
                nodes: { max: \(nodes) }
                idle: 5s
                start_up: 5s
            """)
        try await cluster.stopCoordinator()
        try await cluster.startCoordinator()
    }

    /// Brings as many nodes as the job has slots, runs it, and waits until they are gone.
    private func growAndShrink(
        _ cluster: TestCluster, to count: Int, whileAllAreHere: () async throws -> Void = {}
    ) async throws -> [NodeView] {
        let job = try await cluster.submit(
            "--name", "wide", "--array", "1-\(count)", "--slots", "\(count)", "--constraint", "apart=wide",
            "--", "sh", "-c", "while [ ! -e \(cluster.path("all-are-here")) ]; do sleep 0.1; done")
        do {
            try await eventually("\(count) tasks run at once", within: .seconds(180)) {
                try await cluster.job(job).tasks.running == count
            }
        } catch {
            let pool = try await cluster.mortise("pool", "explain", "burst")
            let launch = try await cluster.mortise("launch", "show", "1")
            throw TestFailure("\(error)\n\(pool.output)\(launch.output)")
        }
        let nodes: Page<NodeView> = try await cluster.get("/v1/nodes")
        try await whileAllAreHere()
        try cluster.touch("all-are-here")
        #expect(try await cluster.mortise("job", "wait", "\(job)").status == 0)
        try await eventually("every launch has ended", within: .seconds(180)) {
            let launches: Page<LaunchView> = try await cluster.get("/v1/launches")
            return !launches.items.isEmpty && launches.items.allSatisfy { $0.state == "ended" }
        }
        let pool: PoolView = try await cluster.get("/v1/pools/burst")
        #expect(pool.nodes == 0 && pool.starting == 0 && pool.failures == 0, "\(pool)")
        return nodes.items
    }

    @Test(
        "A job scales a pool from no agent to four through sbatch, and back to none",
        .enabled(if: SlurmCluster.isInstalled))
    func slurm() async throws {
        let slurm = try await blocking { try SlurmCluster(nodes: 4) }
        try await TestCluster.run { cluster in
            try await describe(
                cluster,
                """
                slurm:
                  partition: cloud
                  configuration: \(slurm.configuration)
                  agent: \(Programs.agent)
                  state_directory: \(cluster.directory)
                  query_interval: 1s
                """, nodes: 4)
            let nodes = try await growAndShrink(cluster, to: 4)
            #expect(Set(nodes.map(\.name)) == ["n1", "n2", "n3", "n4"])
            #expect(try slurm.run("squeue", "--noheader", "--states=PD,R,CG") == "")
        }
        withExtendedLifetime(slurm) {}
    }

    @Test(
        "A pool of ssh hosts gets its agents through sshd, and leaves none behind",
        .enabled(if: SSHServers.obstacle == nil))
    func ssh() async throws {
        let servers = try await blocking { try SSHServers(["h1", "h2"]) }
        try await TestCluster.run { cluster in
            try await describe(
                cluster,
                """
                ssh:
                  hosts: { h1: { labels: { rack: r7 } }, h2: {} }
                  agents: { \(SSHServers.machine): \(Programs.agent) }
                  config: \(servers.configuration)
                  directory: launches
                """, nodes: 2)
            let nodes = try await growAndShrink(cluster, to: 2) {
                try await cluster.killCoordinator()
                servers.takeDown("h2")
                try await cluster.startCoordinator()
                try await eventually("a host that cannot be reached keeps what it has") {
                    let launches: Page<LaunchView> = try await cluster.get("/v1/launches")
                    return launches.items.flatMap(\.allocations).contains {
                        $0.host == "h2" && $0.state == "running" && $0.reason.contains("refused")
                    }
                }
                try await blocking { try servers.bringUp("h2") }
            }
            #expect(Set(nodes.map(\.name)) == ["h1", "h2"])
            #expect(nodes.filter { "\($0.labels)".contains("r7") }.map(\.name) == ["h1"])
        }
        withExtendedLifetime(servers) {}
    }

    @Test(
        "A pool of containers gets its agents through the engine's API, and leaves none behind",
        .enabled(if: Podman.obstacle == nil))
    func containers() async throws {
        let podman = try await blocking { try Podman.shared() }
        let image = try await blocking { try podman.emptyImage() }
        try await ScratchFolder.with { folder in
            let mounted = try await ContainerEngine(folder: folder).mounted(Programs.agent)
            try await TestCluster.run { cluster in
                // What a task waits for is seen in the containers too.
                let binds =
                    (mounted.map { "\"\($0):\($0):ro\"" } + [
                        "\"\(cluster.directory):\(cluster.directory):ro\""
                    ])
                try await describe(
                    cluster,
                    """
                    docker:
                      socket: \(podman.socket)
                      image: \(image)
                      agent: \(Programs.agent)
                      network: host
                      binds: [\(binds.joined(separator: ", "))]
                      labels: { test: \(cluster.settings.name) }
                    """, nodes: 2)
                let nodes = try await growAndShrink(cluster, to: 2)
                #expect(nodes.count == 2)
                let left = try await podman.call("GET", "/v1.41/containers/json?all=true")
                #expect(String(decoding: left.body, as: UTF8.self).trimmed == "[]", "\(left)")
            }
        }
    }
}

/// On a thread of its own: those of tests are few.
func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { done in
        Thread.detachNewThread { done.resume(with: Result { try body() }) }
    }
}
