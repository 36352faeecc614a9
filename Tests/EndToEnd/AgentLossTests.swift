import APITypes
import ClusterTypes
import Foundation
import Testing

/// Cases 3 and 4: an agent is killed.
@Suite struct AgentLossTests {
    @Test("Slots of a killed agent run on, the next agent adopts them, and each task runs exactly once")
    func adopted() async throws {
        try await TestCluster.run { cluster in
            let agent = try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let batchScript = try cluster.script(
                "batch",
                """
                \(ledger.append("batch-start $MORTISE_GENERATION $$"))
                while [ ! -e \(cluster.path("go")) ]; do \(ledger.append("alive")); sleep 0.05; done
                \(ledger.append("batch-end $MORTISE_GENERATION $$"))
                """)
            let taskScript = try cluster.script(
                "task", "\(ledger.append("task $MORTISE_TASK_INDEX.$MORTISE_ATTEMPT $PPID"))\nsleep 0.05")
            let batch = try await cluster.submit("--cpus", "0.5", "--", "sh", batchScript)
            let array = try await cluster.submit(
                "--array", "1-80", "--cpus", "0.5", "--slots", "1", "--", "sh", taskScript)
            try await eventually("both jobs run") {
                ledger.entries("task").count >= 10 && !ledger.entries("batch-start").isEmpty
            }

            try await agent.killNow()
            let alive = ledger.entries("alive").count
            try await eventually("the slots of the killed agent run on") {
                ledger.entries("alive").count > alive + 5
            }
            try await cluster.startAgent("birch")
            #expect(try await cluster.mortise("job", "wait", "\(array)").status == 0)
            try cluster.touch("go")
            #expect(try await cluster.mortise("job", "wait", "\(batch)").status == 0)

            let start = ledger.entries("batch-start")
            #expect(start.count == 1 && start.first?.first == "1")
            #expect(ledger.entries("batch-end") == start)
            let executions = ledger.entries("task")
            #expect(executions.compactMap(\.first).sorted() == (1...80).map { "\($0).1" }.sorted())
            #expect(Set(executions.map { $0.last }).count == 1, "one supervisor ran all tasks")
            #expect(try await cluster.tasks(of: array).allSatisfy { $0.state == .succeeded })
            let slots = try await cluster.slots(of: array) + cluster.slots(of: batch)
            #expect(slots.map(\.generation) == [Generation(1), Generation(1)])
        }
    }

    @Test("Slots of a lost agent end by themselves before the work goes on elsewhere")
    func lost() async throws {
        try await TestCluster.run {
            $0.heartbeatMilliseconds = 300
            $0.leaseMilliseconds = 5_000
        } _: { cluster in
            let agent = try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let alive = ledger.append("alive $MORTISE_SLOT $MORTISE_GENERATION $$")
            // Every slot says in whose name it lives; only a second incarnation comes to an end.
            let live = try cluster.script(
                "live",
                """
                count=0
                while [ $MORTISE_GENERATION -eq 1 ] || [ $count -lt 10 ]; do
                  \(alive)
                  count=$((count + 1))
                  sleep 0.05
                done
                """)
            let task = try cluster.script(
                "task",
                """
                \(ledger.append("task $MORTISE_TASK_INDEX.$MORTISE_ATTEMPT $MORTISE_NODE"))
                if [ $MORTISE_NODE = birch ]; then
                  while :; do \(alive); sleep 0.05; done
                fi
                """)
            let batch = try await cluster.submit("--cpus", "0.5", "--stop-grace", "1s", "--", "sh", live)
            let array = try await cluster.submit(
                "--array", "1-3", "--cpus", "0.5", "--slots", "2", "--stop-grace", "1s", "--", "sh", task)
            try await eventually("three slots live") { Set(ledger.entries("alive").map { $0[0] }).count == 3 }

            try await cluster.startAgent("cedar")
            try await agent.killNow()
            let waited = try await cluster.mortise("job", "wait", "\(batch)", "\(array)")
            #expect(waited.status == 0, "\(waited)")

            // The ledger's order is the order of what happened: no sign of an older incarnation after a newer one.
            var newest: [String: Int] = [:]
            var slotsWithTwo: Set<String> = []
            for entry in ledger.entries("alive") {
                let generation = try #require(Int(entry[1]))
                let former = newest[entry[0]] ?? generation
                #expect(
                    generation >= former, "slot \(entry[0]) lived in generation \(generation) after \(former)"
                )
                if generation > former { slotsWithTwo.insert(entry[0]) }
                newest[entry[0]] = max(former, generation)
            }
            #expect(slotsWithTwo.count == 1, "the batch slot lived twice")
            let executions = ledger.entries("task")
            #expect(executions.filter { $0[1] == "cedar" }.map { $0[0] }.sorted() == ["1.1", "2.1", "3.1"])
            let lastOfBirch = try #require(
                ledger.lines.lastIndex {
                    $0.hasSuffix(" birch") || $0.hasPrefix("alive") && $0.split(separator: " ")[2] == "1"
                })
            let firstOfCedar = try #require(ledger.lines.firstIndex { $0.hasSuffix(" cedar") })
            #expect(lastOfBirch < firstOfCedar)
            #expect(
                Leftovers.processes(of: cluster.agentDirectory("birch")).isEmpty,
                "no supervisor or command of the lost agent is left")
            try await cluster.waitForNode("birch", .lost)
            let show = try await cluster.mortise("node", "show", "birch")
            #expect(show.output.contains("its lease is over"), "\(show)")
            let tasks = try await cluster.tasks(of: array)
            #expect(tasks.allSatisfy { $0.state == .succeeded && $0.nodeName == "cedar" })
        }
    }
}
