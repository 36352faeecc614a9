import APITypes
import ClusterTypes
import Foundation
import Testing

/// A machine that has no room or no files left for a slot.
@Suite struct ShortageTests {
    @Test(
        "A full disk of a node fails no job: its slots begin when there is room",
        .enabled(if: SmallDisk.isPermitted, "only root may mount a small file system"))
    func fullDisk() async throws {
        try await TestCluster.run { cluster in
            let disk = try SmallDisk(at: cluster.agentDirectory("birch"), bytes: 8 << 20)
            defer { disk.remove() }
            try await cluster.startAgent("birch")
            try disk.fill()
            try await Self.expectPatience(cluster) { try disk.makeRoom() }
        }
    }

    @Test(
        "A node without a file descriptor to spare fails no job either",
        .enabled(if: SystemCommand.path(of: "prlimit") != nil, "there is no prlimit"))
    func descriptors() async throws {
        try await TestCluster.run { cluster in
            let agent = try await cluster.startAgent("birch")
            try await Descriptors.useUp(of: agent.process, folder: cluster.directory)
            try await Self.expectPatience(cluster) {
                try await Descriptors.limit(
                    agent.process, to: Descriptors.usual, folder: cluster.directory)
            }
        }
    }

    @Test(
        "More connections than the coordinator may have files open do not end it",
        .enabled(if: SystemCommand.path(of: "prlimit") != nil, "there is no prlimit"))
    func connections() async throws {
        try await TestCluster.run { cluster in
            let port = try #require(cluster.agentAddress.split(separator: ":").last.flatMap { Int($0) })
            try await cluster.killCoordinator()
            let coordinator = try await cluster.start(
                try #require(SystemCommand.path(of: "prlimit")),
                ["--nofile=350:350", Programs.coordinator] + cluster.serveArguments())
            try await eventually("it is ready") { coordinator.errors.contains(" ready\n") }
            #expect(coordinator.errors.contains("the limit of open files bounds the connections"))
            var clients: [EchoClient] = []
            for _ in 0..<400 {
                clients.append(try await EchoClient.connect(to: "127.0.0.1", port: port))
            }
            try await eventually("agents are turned away") {
                coordinator.errors.contains("connections is reached")
            }
            let files = "/proc/\(coordinator.process)/fd"
            #expect(try FileManager.default.contentsOfDirectory(atPath: files).count < 250)
            for client in clients { await client.close() }
            try await eventually("it answers") {
                (try? await cluster.send("GET", "/readyz", token: nil).status) == 200
            }
            #expect(coordinator.isRunning)
        }
    }

    /// Jobs of all kinds, of which more slots would fail than any job survives.
    private static func expectPatience(_ cluster: TestCluster, mend: () async throws -> Void) async throws {
        let batch = try await cluster.submit("--cpus", "0.5", "--", "true")
        let tasks = try await cluster.submit("--array", "1-4", "--cpus", "0.5", "--", "true")
        try await eventually("both are tried again and again") {
            guard let slot = try await cluster.slots(of: batch).first else { return false }
            return slot.generation > Generation(2) && !slot.reason.isEmpty
        }
        // A machine that cannot start slots asks for few: it would draw all work to itself.
        #expect(try await cluster.slots(of: tasks).count < 10)
        try await mend()
        #expect(try await cluster.mortise("job", "wait", "\(batch)", "\(tasks)").status == 0)
        #expect(try await cluster.job(tasks).tasks.succeeded == 4)
    }
}
