import APITypes
import Foundation
import Testing

/// What was is read back from the running coordinator, and by the one after it.
@Suite struct HistoryTests {
    @Test("A node's history and a job's usage outlive an orderly restart")
    func history() async throws {
        try await TestCluster.run({
            $0.heartbeatMilliseconds = 200
            $0.arguments = ["--history-resolution", "1s"]
        }) { cluster in
            try await cluster.startAgent("birch")
            let job = try await cluster.submit("--cpus", "0.5", "--", "sh", "-c", "sleep 300")
            func samples() async throws -> Int {
                let result = try await cluster.mortise("node", "history", "birch", "--step", "1s", "--json")
                let view = try JSONDecoder().decode(NodeHistoryView.self, from: Data(result.output.utf8))
                return view.series.first { $0.name == "memoryUsedBytes" }?.mean?.compactMap(\.self).count ?? 0
            }
            try await eventually("the job runs") { try await cluster.job(job).tasks.running == 1 }
            let before = try await samples()
            // Not written yet: from the coordinator's memory.
            try await eventually("there are samples") { try await samples() >= before + 4 }

            let coordinator = try cluster.coordinator
            coordinator.signal(SIGTERM)
            #expect(try await coordinator.waitForExit() == 0, "\(coordinator.errors)")
            try await cluster.startCoordinator()
            #expect(try await samples() >= before + 4)

            let table = try await cluster.mortise("node", "history", "birch")
            #expect(table.output.contains("memoryUsed") && table.output.contains("iB"), "\(table)")
            let csv = try await cluster.mortise("node", "history", "birch", "--csv", "--series", "loadMilli")
            #expect(csv.output.hasPrefix("time,loadMilli,loadMilli.max\n20"), "\(csv)")
            let usage = try await cluster.mortise("job", "usage", "\(job)", "--json")
            let page = try JSONDecoder().decode(Page<UsageView>.self, from: Data(usage.output.utf8))
            #expect(page.items.count == 1 && page.items[0].resource == "cpu", "\(usage)")
            #expect(page.items.first.map { $0.bookedSeconds > 0.5 } == true, "\(usage)")
        }
    }

    @Test("Settings that cannot be are refused with what can")
    func settings() async throws {
        try await TestCluster.run { cluster in
            for (arguments, words) in [
                (["--history-resolution", "10"], "10s, 5m, 6h or 31d"),
                (["--history-bytes", "1MB"], "at least 16MiB"),
                (["--history-full", "2d", "--history-coarse", "1d"], "from --history-full"),
            ] {
                let result = try await cluster.run(
                    Programs.coordinator, ["serve", "--directory", cluster.head] + arguments)
                #expect(result.status != 0 && result.errors.contains(words), "\(result)")
            }
        }
    }
}
