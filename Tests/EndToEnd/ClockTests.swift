import APITypes
import ClusterTypes
import Foundation
import Testing

/// Case 10: somebody sets the wall clock.
@Suite struct ClockTests {
    @Test(
        "Steps of the wall clock by hours, also over a restart of the coordinator, lose no node and no task",
        .enabled(if: SteppedClock.compiler != nil, "there is no C compiler to make a wrong clock with"))
    func steps() async throws {
        let clock = try await SteppedClock.make()
        defer { clock.remove() }
        try await TestCluster.run {
            $0.environment = clock.environment
        } _: { cluster in
            let agent = try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "task", "\(ledger.append("$MORTISE_TASK_INDEX.$MORTISE_ATTEMPT $PPID"))\nsleep 0.05")
            let job = try await cluster.submit("--array", "1-120", "--slots", "1", "--", "sh", script)
            for (share, seconds) in [(15, 3 * 3_600), (30, -7_200), (45, 3_600)] {
                try await eventually("\(share) tasks have run") { ledger.lines.count >= share }
                try clock.set(seconds: seconds)
            }
            for (share, seconds) in [(60, 7_200), (80, -60)] {
                try await eventually("\(share) tasks have run") { ledger.lines.count >= share }
                try await cluster.killCoordinator()
                try clock.set(seconds: seconds)
                try await cluster.startCoordinator()
                let view: ClusterView = try await cluster.get("/v1/cluster")
                let right = Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1e6))
                let wrong = right + .seconds(Int64(seconds))
                #expect(
                    view.startedAt > (wrong - .seconds(30)).rfc3339
                        && view.startedAt < (wrong + .seconds(30)).rfc3339,
                    "the coordinator's clock is wrong as it should be")
            }
            #expect(try await cluster.mortise("job", "wait", "\(job)").status == 0)
            let executions = ledger.lines.map { $0.split(separator: " ") }
            #expect(executions.map { $0[0] }.sorted() == (1...120).map { "\($0).1" }.sorted())
            #expect(Set(executions.map { $0[1] }).count == 1, "one supervisor ran all tasks")
            #expect(try await cluster.slots(of: job).map(\.generation) == [Generation(1)])
            try await cluster.waitForNode("birch", .ready)
            #expect(agent.isRunning)
        }
    }
}
