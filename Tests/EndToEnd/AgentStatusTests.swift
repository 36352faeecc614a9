import APITypes
import ClusterTypes
import Foundation
import Testing

/// Cases 8 and 9: the agent's own commands.
@Suite struct AgentStatusTests {
    private struct Machine: Decodable {
        var hostname: String
        var usableMilliCPU: Int64
        var memoryTotalBytes: Int64
        var localAddress: String
    }

    @Test("status answers in each format with and without an agent, and with no coordinator at all")
    func status() async throws {
        try await TestCluster.run { cluster in
            let none = cluster.path("nobody")
            let table = try await status(cluster, none)
            #expect(table.status == 0 && table.output.contains("none runs in \(none)"), "\(table)")
            #expect(table.output.contains("Processor") && table.output.contains("Memory"), "\(table)")
            let json = try await status(cluster, none, "--format", "json")
            let machine = try json.decoded(as: Machine.self)
            #expect(machine.usableMilliCPU > 0 && machine.memoryTotalBytes > 0 && !machine.hostname.isEmpty)
            let slurm = try await status(cluster, none, "--format", "slurm")
            #expect(slurm.output.hasPrefix("NodeName=") && slurm.output.contains(" RealMemory="), "\(slurm)")
            #expect(slurm.output.split(separator: "\n").count == 1)

            try await cluster.startAgent("birch")
            let directory = cluster.agentDirectory("birch")
            let running = try await status(cluster, directory)
            #expect(
                running.output.contains(
                    "connected to cluster 'test' as node 1, seen at 127.0.0.1; 0 slots run"), "\(running)")
            let asked = try await status(cluster, directory, "--format", "json")
            #expect(try asked.decoded(as: Machine.self).localAddress == "127.0.0.1", "\(asked)")
            #expect(try await status(cluster, directory, "--format", "slurm").output == slurm.output)

            try await cluster.killCoordinator()
            try await eventually("status knows that the coordinator is gone") {
                let alone = try await status(cluster, directory)
                return alone.status == 0 && alone.output.contains("not connected: ")
            }
            let wrong = try await status(cluster, directory, "--format", "xml")
            #expect(wrong.status == 64, "\(wrong)")
        }
    }

    @Test("status --watch prints again and again, one line of JSON each, and ends well by a signal")
    func watch() async throws {
        try await TestCluster.run { cluster in
            let watching = try await cluster.start(
                Programs.agent,
                ["status", "--watch", "1", "--json", "--no-tools", "--directory", cluster.path("nobody")])
            try await eventually("three lines are there") {
                watching.output.filter { $0 == "\n" }.count >= 3
            }
            watching.signal(SIGINT)
            #expect(try await watching.waitForExit(within: .seconds(20)) == 0)
            let lines = watching.output.split(separator: "\n")
            for line in lines {
                let machine = try JSONDecoder().decode(Machine.self, from: Data(line.utf8))
                #expect(machine.usableMilliCPU > 0)
            }
            let wrong = try await cluster.run(Programs.agent, ["status", "--watch", "0"])
            #expect(
                wrong.status == 64 && wrong.errors.contains("--watch takes 1 to 86400 seconds"), "\(wrong)")
        }
    }

    private func status(
        _ cluster: TestCluster, _ directory: String, _ more: String...
    ) async throws -> CommandResult {
        try await cluster.run(
            Programs.agent, ["status", "--no-tools", "--directory", directory] + more, within: .seconds(20))
    }

    @Test("leave stops the agent's slots, the node is shown as left, and its work goes on elsewhere")
    func leave() async throws {
        try await TestCluster.run { cluster in
            let agent = try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "command",
                """
                ended() { \(ledger.append("term $MORTISE_NODE")); exit 0; }
                trap ended TERM
                \(ledger.append("start $MORTISE_NODE"))
                while [ $MORTISE_NODE = birch ]; do sleep 0.05; done
                """)
            let job = try await cluster.submit("--array", "1-1", "--", "sh", script)
            try await eventually("the task runs") { ledger.lines == ["start birch"] }
            let leave = try await cluster.run(
                Programs.agent, ["leave", "--directory", cluster.agentDirectory("birch")])
            #expect(leave.status == 0 && leave.output.contains("stops its slots and leaves"), "\(leave)")
            #expect(try await agent.waitForExit() == 0, "\(agent.errors)")
            #expect(ledger.lines == ["start birch", "term birch"])
            #expect(Leftovers.processes(of: cluster.agentDirectory("birch")).isEmpty)
            let node = try #require(try await cluster.node("birch"))
            #expect(node.state == .lost && node.reason.contains("left"), "\(node)")

            try await cluster.startAgent("cedar")
            #expect(try await cluster.mortise("job", "wait", "\(job)").status == 0)
            let nobody = try await cluster.run(
                Programs.agent, ["leave", "--directory", cluster.agentDirectory("birch")])
            #expect(nobody.status == 1 && nobody.errors.contains("No agent runs in"), "\(nobody)")
            // Its identity stays: it comes back as the same node.
            try await cluster.startAgent("birch")
            #expect(try await cluster.nodes().count == 2)
        }
    }

    @Test("A service starts its command again when that ends, and moves on when its node drains")
    func service() async throws {
        try await TestCluster.run { cluster in
            try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let file = try cluster.write(
                cluster.path("service.yaml"),
                """
                job: server
                kind: service
                resources: { cpus: 0.5 }
                script: |
                  ended() { \(ledger.append("end $MORTISE_NODE $$")); exit 0; }
                  trap ended TERM
                  \(ledger.append("start $MORTISE_NODE $$"))
                  if [ $(grep -c start \(ledger.path)) -eq 1 ]; then exit 7; fi
                  while :; do sleep 0.05; done
                """)
            let submit = try await cluster.mortise("submit", file)
            #expect(submit.status == 0, "\(submit)")
            try await eventually("the command was started again") { ledger.entries("start").count == 2 }
            try await cluster.startAgent("cedar")
            #expect(try await cluster.mortise("node", "drain", "birch").status == 0)
            try await eventually("it runs on the other node") { ledger.entries("start").count == 3 }
            try await cluster.waitForNode("birch", .drained)
            let events = ledger.lines.map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
            #expect(events == ["start birch", "start birch", "end birch", "start cedar"])
            #expect(try await cluster.job(JobID(1)).state == .running)
            #expect(try await cluster.mortise("job", "cancel", "1").status == 0)
            try await eventually("the service has ended") { ledger.entries("end").count == 2 }
        }
    }
}
