import APITypes
import ClusterTypes
import Foundation
import Testing

/// Case 6: what an operator orders.
@Suite struct ControlTests {
    @Test("Canceling a job ends what runs, with TERM first, and nothing that waits ever starts")
    func cancel() async throws {
        try await TestCluster.run { cluster in
            try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "task",
                """
                ended() { \(ledger.append("term $MORTISE_TASK_INDEX")); exit 1; }
                trap ended TERM
                \(ledger.append("start $MORTISE_TASK_INDEX"))
                while :; do sleep 0.05; done
                """)
            let job = try await cluster.submit("--array", "1-10", "--slots", "1", "--", "sh", script)
            try await eventually("a task runs") { ledger.lines == ["start 1"] }
            let cancel = try await cluster.mortise("job", "cancel", "\(job)")
            #expect(cancel.status == 0 && cancel.output == "Job \(job) is canceled.\n", "\(cancel)")
            try await eventually("its slot has ended") {
                try await cluster.slots(of: job).allSatisfy { $0.state.isEnded }
            }
            #expect(ledger.lines == ["start 1", "term 1"])
            let view = try await cluster.job(job)
            #expect(view.state == .canceled && view.tasks.canceled == 10)
            #expect(try await cluster.tasks(of: job).map(\.state) == Array(repeating: .canceled, count: 10))
            #expect(try await cluster.mortise("job", "wait", "\(job)").status == 6)
            let again = try await cluster.mortise("job", "pause", "\(job)")
            #expect(again.status == 4 && again.errors.contains("has already canceled"), "\(again)")
        }
    }

    @Test("A paused job finishes what runs and starts nothing until it is resumed")
    func pause() async throws {
        try await TestCluster.run { cluster in
            try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "task",
                """
                \(ledger.append("start $MORTISE_TASK_INDEX"))
                while [ ! -e \(cluster.path("go")) ]; do sleep 0.05; done
                \(ledger.append("end $MORTISE_TASK_INDEX"))
                """)
            let job = try await cluster.submit("--array", "1-5", "--slots", "1", "--", "sh", script)
            try await eventually("a task runs") { ledger.lines == ["start 1"] }
            let pause = try await cluster.mortise("job", "pause", "\(job)")
            #expect(pause.status == 0, "\(pause)")
            try cluster.touch("go")
            try await eventually("the running task has ended") {
                try await cluster.job(job).tasks.succeeded == 1
            }
            // Another job on the same node runs from beginning to end meanwhile: the paused one had its chance.
            #expect(try await cluster.mortise("run", "--wait", "--", "true").status == 0)
            #expect(ledger.lines == ["start 1", "end 1"])
            #expect(try await cluster.task(2, of: job).state == .waiting)
            let explanation = try await cluster.mortise("explain", "job", "\(job)")
            #expect(explanation.output.contains("paused"), "\(explanation)")

            #expect(try await cluster.mortise("job", "resume", "\(job)").status == 0)
            #expect(try await cluster.mortise("job", "wait", "\(job)").status == 0)
            #expect(ledger.entries("end").count == 5 && ledger.lines.count == 10)
        }
    }

    @Test("A draining node finishes what it runs, gets nothing new, is drained, and takes work again")
    func drain() async throws {
        try await TestCluster.run { cluster in
            try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "task",
                """
                \(ledger.append("start $MORTISE_TASK_INDEX"))
                while [ ! -e \(cluster.path("go")) ]; do sleep 0.05; done
                \(ledger.append("end $MORTISE_TASK_INDEX"))
                """)
            let job = try await cluster.submit("--array", "1-4", "--slots", "1", "--", "sh", script)
            let batch = try await cluster.submit("--cpus", "0.5", "--", "sh", script)
            try await eventually("a task and a command run") { ledger.lines.count == 2 }
            let drain = try await cluster.mortise("node", "drain", "birch", "--reason", "a test")
            #expect(drain.status == 0 && drain.output.contains("(draining)"), "\(drain)")
            let late = try await cluster.submit("--cpus", "0.1", "--", "true")
            try cluster.touch("go")
            try await cluster.waitForNode("birch", .drained)
            #expect(ledger.lines.count == 4, "what ran has ended, nothing else has started: \(ledger.lines)")
            #expect(try await cluster.job(batch).state == .finished)
            #expect(try await cluster.job(job).tasks.succeeded == 1)
            #expect(try await cluster.job(late).tasks.ready == 1)
            let explanation = try await cluster.mortise("explain", "job", "\(late)")
            #expect(explanation.output.contains("drain"), "\(explanation)")

            #expect(try await cluster.mortise("node", "uncordon", "birch").status == 0)
            #expect(try await cluster.mortise("job", "wait", "\(job)", "\(late)").status == 0)
            #expect(ledger.entries("end").count == 5)
        }
    }

    @Test("Removing a node ends its agent with 72 and what ran there, and the work goes on elsewhere")
    func remove() async throws {
        try await TestCluster.run { cluster in
            let agent = try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "task",
                """
                \(ledger.append("start $MORTISE_NODE"))
                if [ $MORTISE_NODE = birch ]; then sleep 600; fi
                """)
            let job = try await cluster.submit("--array", "1-1", "--", "sh", script)
            try await eventually("the task runs") { ledger.lines == ["start birch"] }
            try await cluster.startAgent("cedar")
            let remove = try await cluster.mortise("node", "remove", "birch", "--wait")
            #expect(remove.status == 0 && remove.output == "Node birch is removed.\n", "\(remove)")
            #expect(try await agent.waitForExit() == 72)
            #expect(agent.errors.contains("removed"), "\(agent.errors)")
            try await eventually("nothing of the removed node runs") {
                Leftovers.processes(of: cluster.agentDirectory("birch")).isEmpty
            }
            #expect(try await cluster.mortise("job", "wait", "\(job)").status == 0)
            #expect(ledger.lines == ["start birch", "start cedar"])

            let again = try await cluster.run(Programs.agent, try await cluster.agentArguments("birch"))
            #expect(again.status == 72, "\(again)")
            #expect(again.errors.contains("was removed: join again with a new token"), "\(again)")
            let unknown = try await cluster.mortise("node", "remove", "nobody")
            #expect(unknown.status == 3, "\(unknown)")
        }
    }

    @Test("Failed tasks run again when they are retried by order, and the job finishes")
    func retry() async throws {
        try await TestCluster.run { cluster in
            try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "task",
                """
                \(ledger.append("$MORTISE_TASK_INDEX"))
                [ $MORTISE_TASK_INDEX -gt 3 ] || [ -e \(cluster.path("mended")) ]
                """)
            let result = try await cluster.mortise("run", "--array", "1-5", "--wait", "--", "sh", script)
            #expect(result.status == 1, "\(result)")
            let refused = try await cluster.mortise("task", "retry", "1", "4")
            #expect(refused.status == 4 && refused.errors.contains("only failed or canceled"), "\(refused)")
            try cluster.touch("mended")
            let one = try await cluster.mortise("task", "retry", "1", "2")
            #expect(one.output == "1 task of job 1 will run again.\n", "\(one)")
            #expect(try await cluster.mortise("job", "wait", "1").status == 1)
            let rest = try await cluster.mortise("task", "retry", "1")
            #expect(rest.output == "2 tasks of job 1 will run again.\n", "\(rest)")
            #expect(try await cluster.mortise("job", "wait", "1").status == 0)
            #expect(ledger.lines.sorted() == ["1", "1", "2", "2", "3", "3", "4", "5"])
            #expect(try await cluster.tasks(of: JobID(1)).allSatisfy { $0.state == .succeeded })
        }
    }

    @Test("A followed log comes while the task runs and ends with it")
    func follow() async throws {
        try await TestCluster.run { cluster in
            try await cluster.startAgent("birch")
            let step = { (name: String) in "while [ ! -e \(cluster.path(name)) ]; do sleep 0.05; done" }
            let script = try cluster.script(
                "task",
                "echo one; echo error one >&2\n\(step("two"))\nprintf two\n\(step("three"))\necho; echo three"
            )
            let job = try await cluster.submit("--array", "7-7", "--", "sh", script)
            try await eventually("the task runs") { try await cluster.job(job).tasks.running == 1 }
            let log = try await cluster.startMortise("task", "logs", "-f", "\(job)", "7")
            try await eventually("the first line has come") { log.output == "one\n" }
            try cluster.touch("two")
            try await eventually("half a line has come") { log.output == "one\ntwo" }
            #expect(log.isRunning)
            #expect(try await cluster.job(job).tasks.running == 1)
            try cluster.touch("three")
            #expect(try await log.waitForExit() == 0, "\(log.errors)")
            #expect(log.output == "one\ntwo\nthree\n")
            let errors = try await cluster.mortise("task", "logs", "\(job)", "7", "--stream", "stderr")
            #expect(errors.output == "error one\n", "\(errors)")
        }
    }
}
