import APITypes
import ClusterTypes
import Foundation
import Platform
import Testing

/// What the lease is for: nobody can talk to anybody, and yet nothing runs twice at one time.
@Suite struct LeaseTests {
    /// A command that says in whose name it lives, and ends by itself only in its second incarnation.
    private static func lively(_ cluster: TestCluster, _ ledger: Ledger) throws -> String {
        try cluster.script(
            "live",
            """
            count=0
            while [ $MORTISE_GENERATION -eq 1 ] || [ $count -lt 10 ]; do
              \(ledger.append("alive $MORTISE_SLOT $MORTISE_GENERATION $MORTISE_NODE"))
              count=$((count + 1))
              sleep 0.05
            done
            """)
    }

    /// The ledger's order is the order of what happened.
    ///
    /// - Returns: the newest generation of each slot.
    @discardableResult
    private static func expectOneIncarnation(_ ledger: Ledger) throws -> [String: Int] {
        var newest: [String: Int] = [:]
        for entry in ledger.entries("alive") {
            let generation = try #require(Int(entry[1]))
            let former = newest[entry[0]] ?? generation
            #expect(
                generation >= former, "slot \(entry[0]) lived in generation \(generation) after \(former)")
            newest[entry[0]] = max(former, generation)
        }
        return newest
    }

    private static func shortLease(_ settings: inout TestCluster.Settings) {
        settings.heartbeatMilliseconds = 300
        settings.leaseMilliseconds = 5_000
    }

    @Test("An agent that hangs beyond its lease finds its slots ended and their successors untouched")
    func hangingAgent() async throws {
        try await TestCluster.run(Self.shortLease) { cluster in
            let agent = try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let job = try await cluster.submit(
                "--cpus", "0.5", "--stop-grace", "1s", "--", "sh", try Self.lively(cluster, ledger))
            try await eventually("the slot lives") { !ledger.lines.isEmpty }
            try await cluster.startAgent("cedar")
            agent.signal(SIGSTOP)
            try await eventually("its successor lives") {
                ledger.entries("alive").last.map { $0[2] == "cedar" } ?? false
            }
            agent.signal(SIGCONT)
            #expect(try await cluster.mortise("job", "wait", "\(job)").status == 0)
            try await cluster.waitForNode("birch", .ready)
            #expect(try Self.expectOneIncarnation(ledger) == ["1": 2])
            #expect(try await cluster.mortise("run", "--node", "birch", "--wait", "--", "true").status == 0)
        }
    }

    @Test("When the coordinator hangs beyond the lease, slots end by themselves and are placed again")
    func hangingCoordinator() async throws {
        try await TestCluster.run(Self.shortLease) { cluster in
            try await cluster.startAgents("birch", "cedar")
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try Self.lively(cluster, ledger)
            let stopping = try await cluster.submit("--cpus", "0.5", "--stop-grace", "1s", "--", "sh", script)
            let keeping = try await cluster.submit(
                "--cpus", "0.5", "--on-disconnect", "keep", "--", "sh", "-c",
                "while [ ! -e \(cluster.path("go")) ]; do sleep 0.05; done")
            try await eventually("both run") {
                let views = [try await cluster.job(stopping), try await cluster.job(keeping)]
                return !ledger.lines.isEmpty && views.allSatisfy { $0.tasks.running == 1 }
            }
            try cluster.coordinator.signal(SIGSTOP)
            try await eventually("the slot has ended by itself") {
                let count = ledger.lines.count
                try await Task.sleep(for: .milliseconds(600))
                return ledger.lines.count == count
            }
            try cluster.coordinator.signal(SIGCONT)
            #expect(try await cluster.mortise("job", "wait", "\(stopping)").status == 0)
            #expect(try Self.expectOneIncarnation(ledger) == ["1": 2])
            // The one that was to be kept has seen nothing of it.
            try cluster.touch("go")
            #expect(try await cluster.mortise("job", "wait", "\(keeping)").status == 0)
            #expect(try await cluster.slots(of: keeping).map(\.generation) == [Generation(1)])
            for name in ["birch", "cedar"] { try await cluster.waitForNode(name, .ready) }
        }
    }

    @Test("A slot to be kept runs on when its node is lost, is placed nowhere else, and is adopted again")
    func kept() async throws {
        try await TestCluster.run(Self.shortLease) { cluster in
            let agent = try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "keep",
                """
                \(ledger.append("start $MORTISE_GENERATION"))
                while [ ! -e \(cluster.path("go")) ]; do sleep 0.05; done
                \(ledger.append("end $MORTISE_GENERATION"))
                """)
            let job = try await cluster.submit(
                "--cpus", "0.5", "--on-disconnect", "keep", "--", "sh", script)
            try await eventually("it runs") { ledger.lines == ["start 1"] }
            try await cluster.startAgent("cedar")
            try await agent.killNow()
            try await cluster.waitForNode("birch", .lost)
            #expect(try await cluster.slots(of: job).map(\.state) == [.lost])
            // It ends while nobody looks.
            try cluster.touch("go")
            try await eventually("it has ended") { ledger.lines == ["start 1", "end 1"] }
            #expect(try await cluster.job(job).state == .running)
            try await cluster.startAgent("birch")
            #expect(try await cluster.mortise("job", "wait", "\(job)").status == 0)
            #expect(ledger.lines == ["start 1", "end 1"])
        }
    }

    @Test("With retries 0 and on_lost fail a task runs at most once, and says that it was lost")
    func atMostOnce() async throws {
        try await TestCluster.run(Self.shortLease) { cluster in
            let agent = try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "task",
                """
                \(ledger.append("$MORTISE_TASK_INDEX $MORTISE_NODE"))
                if [ $MORTISE_NODE = birch ]; then sleep 600; fi
                """)
            let job = try await cluster.submit(
                "--array", "1-6", "--slots", "2", "--on-lost", "fail", "--stop-grace", "1s", "--", "sh",
                script)
            try await eventually("two tasks run") { ledger.lines.count == 2 }
            try await cluster.startAgent("cedar")
            try await agent.killNow()
            let waited = try await cluster.mortise("job", "wait", "\(job)")
            #expect(waited.status == 1, "\(waited)")
            #expect(ledger.lines.sorted() == ["1 birch", "2 birch"] + (3...6).map { "\($0) cedar" })
            let tasks = try await cluster.tasks(of: job)
            #expect(tasks.filter { $0.state == .failed }.map(\.index) == [1, 2])
            #expect(tasks.filter { $0.state == .succeeded }.map(\.index) == [3, 4, 5, 6])
            #expect(tasks[0].reason.contains("lost"), "\(tasks[0].reason)")
        }
    }

    @Test("A killed supervisor takes its command along, and the work runs again")
    func killedSupervisor() async throws {
        try await TestCluster.run { cluster in
            try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let live = try Self.lively(cluster, ledger)
            let batch = try await cluster.submit("--cpus", "0.5", "--", "sh", live)
            let script = try cluster.script(
                "task",
                """
                \(ledger.append("task $MORTISE_TASK_INDEX $MORTISE_SLOT.$MORTISE_GENERATION $PPID"))
                if [ $MORTISE_SLOT.$MORTISE_GENERATION = 2.1 ]; then sleep 600; fi
                """)
            let array = try await cluster.submit("--array", "1-3", "--slots", "1", "--", "sh", script)
            try await eventually("both run") {
                !ledger.entries("task").isEmpty && !ledger.entries("alive").isEmpty
            }
            let folder = cluster.agentDirectory("birch") + "/slots/"
            let supervisors = Leftovers.processes(of: "supervise\0" + folder)
            #expect(supervisors.count == 2)
            for supervisor in supervisors { Children.signal(supervisor, SIGKILL) }
            let waited = try await cluster.mortise("job", "wait", "\(batch)", "\(array)")
            #expect(waited.status == 0, "\(waited)")
            #expect(try Self.expectOneIncarnation(ledger) == ["1": 2])
            let tasks = ledger.entries("task").map { $0[0] }
            #expect(tasks.sorted() == ["1", "1", "2", "3"])
            #expect(try await cluster.tasks(of: array).allSatisfy { $0.state == .succeeded })
        }
    }

    @Test("A machine that loses everything at once comes back and runs its work again")
    func powerFailure() async throws {
        try await TestCluster.run { cluster in
            let agent = try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "task", "\(ledger.append("$MORTISE_TASK_INDEX"))\nsleep 0.05")
            let job = try await cluster.submit("--array", "1-60", "--slots", "2", "--", "sh", script)
            try await eventually("some tasks have run") { ledger.lines.count >= 15 }
            agent.signal(SIGKILL)
            try await Leftovers.kill(in: cluster.agentDirectory("birch"))
            _ = try await agent.waitForExit()
            try await cluster.startAgent("birch")
            #expect(try await cluster.mortise("job", "wait", "\(job)").status == 0)
            #expect(Set(ledger.lines) == Set((1...60).map(String.init)))
            #expect(try await cluster.tasks(of: job).allSatisfy { $0.state == .succeeded })
        }
    }

    @Test("A machine that lost its directory joins anew and replaces its former self")
    func newIdentity() async throws {
        try await TestCluster.run(Self.shortLease) { cluster in
            let agent = try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let live = try Self.lively(cluster, ledger)
            let job = try await cluster.submit("--cpus", "0.5", "--stop-grace", "1s", "--", "sh", live)
            try await eventually("the slot lives") { !ledger.lines.isEmpty }
            try await agent.killNow()
            try FileManager.default.removeItem(atPath: cluster.agentDirectory("birch") + "/identity")
            let again = try await cluster.start(
                Programs.agent,
                try await cluster.agentArguments("birch").map {
                    $0 == cluster.agentDirectory("birch") ? cluster.agentDirectory("new") : $0
                })
            #expect(try await cluster.mortise("job", "wait", "\(job)").status == 0)
            #expect(try Self.expectOneIncarnation(ledger) == ["1": 2])
            #expect(again.errors.contains("node=2"), "\(again.errors)")
            try await eventually("the former node is released") {
                try await cluster.nodes().first { $0.node == NodeID(1) }?.state == .released
            }
            #expect(try await cluster.nodes().first { $0.node == NodeID(2) }?.state == .ready)
        }
    }
}
