import APITypes
import ClusterTypes
import Foundation
import Testing

/// Machines that are taken away at a known time.
@Suite struct WalltimeTests {
    @Test(
        "A notice warns what runs and stops it in time; it runs again elsewhere, which is no try of its job")
    func notice() async throws {
        try await TestCluster.run { cluster in
            let agent = try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "task",
                """
                warned() { \(ledger.append("warned $MORTISE_NODE")); }
                trap warned USR1
                \(ledger.append("start $MORTISE_NODE"))
                while [ $MORTISE_NODE = birch ]; do sleep 0.05; done
                """)
            let job = try await cluster.submit(
                "--warn-signal", "USR1", "--stop-grace", "1s", "--", "sh", script)
            try await eventually("the command runs") { ledger.lines == ["start birch"] }
            try await cluster.startAgent("cedar")
            let leave = try await cluster.run(
                Programs.agent, ["leave", "--directory", cluster.agentDirectory("birch"), "--in", "6s"])
            #expect(leave.status == 0 && leave.output.contains("within 6 s"), "\(leave)")
            try await cluster.waitForNode("birch", .draining)
            let reason = try await cluster.node("birch")?.reason
            #expect(reason?.hasPrefix("its time ends at ") ?? false, "\(reason ?? "")")
            #expect(try await agent.waitForExit() == 0)
            #expect(try await cluster.mortise("job", "wait", "\(job)").status == 0)
            #expect(ledger.lines == ["start birch", "warned birch", "start cedar"])
            #expect(try await cluster.job(job).tasks.retried == 0)
            let left = try await cluster.node("birch")
            #expect(left?.state == .lost && left?.reason == "left: its time is over", "\(left?.reason ?? "")")
        }
    }

    @Test("A node with a lifetime takes what fits and nothing else, shows its end, and leaves before it")
    func lifetime() async throws {
        try await TestCluster.run { cluster in
            let agent = try await cluster.startAgent("birch", "--lifetime", "20s")
            let end = try #require(try await cluster.node("birch")?.endsAt)
            let show = try await cluster.mortise("node", "show", "birch")
            #expect(show.output.contains(end.prefix(10)), "\(show)")
            let short = try await cluster.submit("--time-request", "1s", "--stop-grace", "1s", "--", "true")
            #expect(try await cluster.mortise("job", "wait", "\(short)").status == 0)
            let long = try await cluster.submit("--time-request", "1h", "--", "true")
            let silent = try await cluster.submit("--", "true")
            for job in [long, silent] {
                let explanation = try await cluster.mortise("explain", "job", "\(job)")
                #expect(explanation.output.contains("1 end too soon"), "\(explanation)")
            }
            #expect(try await agent.waitForExit() == 0)
            try await cluster.startAgent("birch")
            #expect(try await cluster.mortise("job", "wait", "\(long)", "\(silent)").status == 0)
        }
    }
}
