import Foundation
import Testing

/// The load tool against a real coordinator: that it works, not how fast.
@Suite struct BenchTests {
    private struct Report: Decodable {
        struct Beats: Decodable {
            var sent: Int
            var unanswered: Int
        }

        var agents: Int
        var welcomed: Int
        var beats: Beats
        var suspects: Int
        var disconnects: [String: Int]
    }

    @Test func pretendedAgentsJoinBeatAndWorkAndNoneIsSuspect() async throws {
        try await ScratchFolder.with { folder in
            await Gate.shared.enter()
            let result = try await folder.run(
                Programs.bench,
                [
                    "agents", "--count", "20", "--for", "2s", "--tasks", "40", "--task-time", "10ms",
                    "--identities",
                    folder.path + "/identities", "--json",
                ], within: .seconds(240))
            await Gate.shared.leave()
            #expect(result.status == 0, "\(result.errors)")
            let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
            #expect(report.agents == 20)
            #expect(report.welcomed == 20)
            #expect(report.beats.unanswered == 0)
            #expect(report.suspects == 0)
            #expect(report.disconnects == [:])
        }
    }

    @Test(arguments: [
        (["--count", "0"], "--count takes 1 to 20000"), (["--for", "soon"], "--for"),
        (["--kill", "3", "--join", "x"], "--config"), (["--pid", "1"], "need --join"),
        (["--coordinator", "/nowhere/coordinator"], "There is no coordinator at /nowhere/coordinator"),
    ])
    func badInputIsToldAsSuch(arguments: [String], word: String) async throws {
        try await ScratchFolder.with { folder in
            let result = try await folder.run(Programs.bench, ["agents"] + arguments)
            #expect(result.status != 0)
            #expect(result.errors.contains(word), "\(result.errors)")
        }
    }
}
