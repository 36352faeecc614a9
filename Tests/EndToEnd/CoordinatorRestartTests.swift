import APITypes
import ClusterTypes
import Foundation
import Testing

/// Cases 2 and 9: the coordinator goes, in order or not, and comes again.
@Suite struct CoordinatorRestartTests {
    @Test("A coordinator that is killed twice during work loses no task and records none twice")
    func killed() async throws {
        try await TestCluster.run { cluster in
            try await cluster.startAgents("birch", "cedar")
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "task", "\(ledger.append("$MORTISE_TASK_INDEX.$MORTISE_ATTEMPT"))\nsleep 0.05")
            let job = try await cluster.submit("--array", "1-300", "--cpus", "0.5", "--", "sh", script)
            let waiting = try await cluster.startMortise("job", "wait", "\(job)")

            for share in [60, 160] {
                try await eventually("\(share) tasks have run") { ledger.lines.count >= share }
                try await cluster.killCoordinator()
                try await cluster.startCoordinator()
            }
            #expect(try await waiting.waitForExit(within: .seconds(120)) == 0, "\(waiting.errors)")
            #expect(waiting.output.contains("300 of 300 tasks succeeded"), "\(waiting.output)")

            let tasks = try await cluster.tasks(of: job)
            #expect(tasks.map(\.index) == Array(1...300))
            #expect(tasks.allSatisfy { $0.state == .succeeded && $0.attempt == 1 })
            let counts = try await cluster.job(job).tasks
            #expect(counts.succeeded == 300 && counts.total == 300 && counts.retried == 0)
            // No agent was lost and no slot ended, so nothing had to run a second time.
            #expect(ledger.lines.sorted() == (1...300).map { "\($0).1" }.sorted())
        }
    }

    @Test("SIGTERM ends the coordinator in order with agents connected, and the next one finds them again")
    func terminated() async throws {
        try await TestCluster.run { cluster in
            let agent = try await cluster.startAgent("birch")
            let go = cluster.path("go")
            let job = try await cluster.submit(
                "--array", "1-1", "--", "sh", "-c",
                "echo begun; while [ ! -e \(go) ]; do sleep 0.05; done; echo done")
            try await eventually("the task runs") { try await cluster.job(job).tasks.running == 1 }
            let following = try await cluster.startMortise("task", "logs", "-f", "\(job)", "1")
            try await eventually("the log is followed") { following.output == "begun\n" }

            let coordinator = try cluster.coordinator
            coordinator.signal(SIGTERM)
            #expect(try await coordinator.waitForExit() == 0, "\(coordinator.errors)")
            #expect(try await following.waitForExit() != 0)
            #expect(agent.isRunning)
            let unreachable = try await cluster.mortise("job", "show", "\(job)")
            #expect(unreachable.status == 5, "\(unreachable)")
            #expect(unreachable.errors.contains(cluster.apiAddress), "\(unreachable)")

            try cluster.touch("go")
            try await cluster.startCoordinator()
            try await cluster.waitForNode("birch", .ready)
            let waited = try await cluster.mortise("job", "wait", "\(job)")
            #expect(waited.status == 0, "\(waited)")
            let log = try await cluster.mortise("task", "logs", "\(job)", "1")
            #expect(log.output == "begun\ndone\n", "\(log)")
        }
    }
}
