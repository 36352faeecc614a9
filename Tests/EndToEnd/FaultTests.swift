import APITypes
import ClusterTypes
import Foundation
import Testing

/// Everything at once: processes are killed, stopped and started again at random while work runs.
@Suite struct FaultTests {
    /// `MORTISE_TEST_FAULTS` sets how many, for a soak; `MORTISE_TEST_SEED` repeats a run's choices.
    private static let faults =
        ProcessInfo.processInfo.environment["MORTISE_TEST_FAULTS"].flatMap { Int($0) } ?? 6
    private static let seed =
        ProcessInfo.processInfo.environment["MORTISE_TEST_SEED"].flatMap { UInt64($0) }
        ?? UInt64.random(in: 0..<1_000_000)

    private enum Fault: CaseIterable {
        case coordinatorKilled, coordinatorStopped, agentKilled, agentEnded, agentStopped, agentReplaced
    }

    @Test("While coordinator and agents come and go, every task succeeds and runs exactly once")
    func withinTheLease() async throws {
        var random = SeededRandom(seed: Self.seed)
        try await TestCluster.run { cluster in
            let names = ["birch", "cedar", "maple"]
            var agents: [String: ChildProcess] = [:]
            for name in names { agents[name] = try await cluster.startAgent(name) }
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "task",
                """
                \(ledger.append("$MORTISE_TASK_INDEX.$MORTISE_ATTEMPT"))
                sleep 0.0$((MORTISE_TASK_INDEX % 10))
                [ $((MORTISE_TASK_INDEX % 50)) -ne 0 ] || [ $MORTISE_ATTEMPT -eq 2 ]
                """)
            // Work for as long as there are faults, and some more.
            let job = try await cluster.mortise(
                "submit",
                try cluster.write(
                    cluster.path("job.yaml"),
                    """
                    job: work
                    command: [sh, \(script)]
                    resources: { cpus: 0.5 }
                    retries: "1:1"
                    tasks: { list: [begin], open: true }
                    """), "--quiet")
            let number = JobID(try #require(UInt64(job.output.trimmed)))
            var count = 1
            for round in 0..<Self.faults {
                let texts = (0..<100).map { "task \($0)" }.joined(separator: "\n")
                let file = try cluster.write(cluster.path("more"), texts)
                let append = try await cluster.mortise("task", "append", "\(number)", "--each-line", file)
                #expect(append.status == 0, "\(append)")
                count += 100
                try await eventually("some tasks have run") { ledger.lines.count >= count - 90 }
                let fault = Fault.allCases.randomElement(using: &random) ?? .coordinatorKilled
                let name = names.randomElement(using: &random) ?? "birch"
                try await commit(fault, on: name, &agents, cluster)
                if round % 5 == 4 { print("\(round + 1) faults, \(count) tasks, seed \(Self.seed)") }
            }
            let close = try await cluster.mortise("task", "append", "\(number)", "--close")
            #expect(close.status == 0, "\(close)")
            let waited = try await cluster.mortise("job", "wait", "\(number)")
            #expect(waited.status == 0, "seed \(Self.seed): \(waited)")

            let expected = (0..<count).flatMap { $0 % 50 == 0 ? ["\($0).1", "\($0).2"] : ["\($0).1"] }
            let difference = Set(ledger.lines).symmetricDifference(expected)
            #expect(difference.isEmpty, "seed \(Self.seed)")
            #expect(ledger.lines.count == expected.count, "seed \(Self.seed): some ran twice")
            let counts = try await cluster.job(number).tasks
            #expect(Int(counts.succeeded) == count && counts.total == counts.succeeded, "seed \(Self.seed)")
            #expect(counts.retried == UInt32((count + 49) / 50), "seed \(Self.seed)")
            for name in names { try await cluster.waitForNode(name, .ready) }
        }
    }

    private func commit(
        _ fault: Fault, on name: String, _ agents: inout [String: ChildProcess], _ cluster: TestCluster
    ) async throws {
        guard let agent = agents[name] else { return }
        switch fault {
        case .coordinatorKilled:
            try await cluster.killCoordinator()
            try await cluster.startCoordinator()
        case .coordinatorStopped: try await pause(try cluster.coordinator)
        case .agentStopped: try await pause(agent)
        case .agentKilled:
            try await agent.killNow()
            agents[name] = try await cluster.startAgent(name)
        case .agentEnded:
            agent.signal(SIGTERM)
            #expect(try await agent.waitForExit() == 0)
            agents[name] = try await cluster.startAgent(name)
        case .agentReplaced:
            // The next agent is there while the coordinator is not.
            try await cluster.killCoordinator()
            try await agent.killNow()
            agents[name] = try await cluster.start(
                Programs.agent, try await cluster.agentArguments(name))
            try await cluster.startCoordinator()
        }
    }

    /// Longer than it takes to be suspected, shorter than the lease.
    private func pause(_ child: ChildProcess) async throws {
        child.signal(SIGSTOP)
        try await Task.sleep(for: .seconds(2))
        child.signal(SIGCONT)
    }

    @Test("While nodes are lost and come again, every task succeeds once and no slot lives twice at a time")
    func beyondTheLease() async throws {
        var random = SeededRandom(seed: Self.seed)
        try await TestCluster.run {
            $0.heartbeatMilliseconds = 200
            $0.leaseMilliseconds = 3_000
        } _: { cluster in
            let names = ["birch", "cedar"]
            var agents: [String: ChildProcess] = [:]
            for name in names { agents[name] = try await cluster.startAgent(name) }
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "task",
                """
                \(ledger.append("alive $MORTISE_SLOT $MORTISE_GENERATION $MORTISE_TASK_INDEX"))
                sleep 0.1
                \(ledger.append("alive $MORTISE_SLOT $MORTISE_GENERATION $MORTISE_TASK_INDEX"))
                """)
            let rounds = max(1, Self.faults / 3)
            let count = rounds * 150
            let job = try await cluster.submit(
                "--array", "1-\(count)", "--cpus", "0.5", "--stop-grace", "1s",
                "--crash-limit", "0", "--", "sh", script)
            for round in 1...rounds {
                try await eventually("some tasks have run") {
                    ledger.lines.count >= min(round * 150, 2 * count - 100)
                }
                let name = names.randomElement(using: &random) ?? "birch"
                guard let agent = agents[name] else { continue }
                switch Int.random(in: 0..<3, using: &random) {
                case 0:
                    try await agent.killNow()
                    try await cluster.waitForNode(name, .lost)
                    agents[name] = try await cluster.startAgent(name)
                case 1:
                    agent.signal(SIGSTOP)
                    try await cluster.waitForNode(name, .lost)
                    agent.signal(SIGCONT)
                    try await cluster.waitForNode(name, .ready)
                default:
                    let coordinator = try cluster.coordinator
                    coordinator.signal(SIGSTOP)
                    try await Task.sleep(for: .seconds(5))
                    coordinator.signal(SIGCONT)
                }
                if round % 5 == 0 { print("\(round) losses, seed \(Self.seed)") }
            }
            let waited = try await cluster.mortise("job", "wait", "\(job)")
            #expect(waited.status == 0, "seed \(Self.seed): \(waited)")
            let entries = ledger.entries("alive")
            #expect(Set(entries.map { $0[2] }) == Set((1...count).map(String.init)), "seed \(Self.seed)")
            var newest: [String: Int] = [:]
            for entry in entries {
                let generation = try #require(Int(entry[1]))
                #expect(
                    generation >= newest[entry[0]] ?? 0, "seed \(Self.seed): slot \(entry[0]) lived twice")
                newest[entry[0]] = max(generation, newest[entry[0]] ?? 0)
            }
            let tasks = try await cluster.tasks(of: job)
            #expect(tasks.count == min(count, 1_000) && tasks.allSatisfy { $0.state == .succeeded })
            #expect(Int(try await cluster.job(job).tasks.succeeded) == count)
        }
    }
}
