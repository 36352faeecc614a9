import APITypes
import ClusterTypes
import Foundation
import Testing

/// A real Prometheus scrapes a real coordinator and a real agent.
@Suite struct MetricsTests {
    @Test(
        "Prometheus scrapes coordinator and agent; what is gone disappears",
        .enabled(if: Prometheus.isInstalled, "Prometheus is not installed"))
    func scrape() async throws {
        try await TestCluster.run { cluster in
            let agent = try await cluster.startAgent("oak", "--metrics-listen", "127.0.0.1:0")
            let agentPlace = try await metricsAddress(of: agent)
            let prometheus = try await Prometheus.start(in: cluster, agents: [agentPlace])
            let job = try await cluster.submit("--array", "0-49", "--", "true")
            try await eventually("the job is done") { try await cluster.job(job).state == .finished }
            try await prometheus.waitUntil(
                "up{job='mortise'} == 1", "up{job='mortise-agent'} == 1",
                "mortise_nodes{pool='default',state='ready'} == 1",
                "mortise_node_load_average{job='mortise',node='oak'}",
                "mortise_node_memory_available_bytes{job='mortise-agent'} > 0",
                "mortise_agent_connected == 1")
            // What the coordinator tells of its own work.
            try await prometheus.waitUntil(
                "mortise_beats_total > 0", "mortise_commit_seconds_count > 0",
                "mortise_link_connections == 1",
                "count(process_resident_memory_bytes > 1e6) == 2",
                "histogram_quantile(0.99, sum by (le) (mortise_commit_seconds_bucket)) > 0")

            // Nobody sees its last load any longer, though the node is not lost yet.
            try await agent.killNow()
            try await prometheus.waitUntil(
                "absent(mortise_node_load_average{job='mortise'})",
                "count(mortise_node_state{node='oak'}) == 1",
                "mortise_node_state{node='oak',state='suspect'} == 1", "up{job='mortise-agent'} == 0",
                "absent(mortise_agent_connected)")
        }
    }

    @Test(
        "promtool finds no fault with what coordinator and agent tell",
        .enabled(if: Prometheus.isInstalled, "Prometheus is not installed"))
    func lint() async throws {
        try await TestCluster.run { cluster in
            let agent = try await cluster.startAgent("oak", "--metrics-listen", "127.0.0.1:0")
            let job = try await cluster.submit("--array", "0-9", "--", "true")
            try await eventually("the job is done") { try await cluster.job(job).state == .finished }
            let coordinators = try await cluster.send("GET", "/metrics", token: try cluster.apiToken()).text
            let agents = try await PlainHTTP.get(try await metricsAddress(of: agent), "/metrics")
            for (name, text) in [("coordinator", coordinators), ("agent", agents)] {
                let file = try cluster.write(cluster.path(name + ".prom"), text)
                let result = try await cluster.run(
                    Prometheus.tool, ["check", "metrics"], input: file, within: .seconds(60))
                #expect(result.status == 0 && result.errors.isEmpty, "\(name): \(result)\n\(text)")
            }
        }
    }

    @Test("the agent serves metrics only where it was told to, and to others only if that was said")
    func agentOptions() async throws {
        try await TestCluster.run { cluster in
            let arguments = try await cluster.agentArguments("oak")
            for (place, hint) in [
                ("0.0.0.0:9475", "--metrics-allow-remote"), ("[::]:9475", "--metrics-allow-remote"),
                ("localhost:9475", "takes an IP address"), ("127.0.0.1", "takes an IP address"),
                ("127.0.0.1:99999", "takes an IP address"),
            ] {
                let result = try await cluster.run(
                    Programs.agent, arguments + ["--metrics-listen", place], within: .seconds(60))
                #expect(result.status == 64 && result.errors.contains(hint), "\(place): \(result)")
            }
            let agent = try await cluster.startAgent("oak", "--metrics-listen", "127.0.0.1:0")
            let place = try await metricsAddress(of: agent)
            let text = try await PlainHTTP.get(place, "/metrics")
            #expect(text.contains("mortise_node_info{") && text.contains("process_cpu_seconds_total "))
            let birch = try await cluster.agentArguments("birch")
            let second = try await cluster.run(
                Programs.agent, birch + ["--metrics-listen", place], within: .seconds(60))
            #expect(
                second.status == 1 && second.errors.contains("Cannot serve metrics on \(place)"), "\(second)")
        }
    }

    @Test("options of serve choose what is told")
    func coordinatorOptions() async throws {
        try await TestCluster.run({ $0.arguments = ["--no-node-metrics", "--dlws-metrics"] }) { cluster in
            try await cluster.startAgent("oak")
            let text = try await cluster.send("GET", "/metrics", token: try cluster.apiToken()).text
            #expect(text.contains("mortise_nodes{") && text.contains("configured_gpu_count 0"))
            #expect(!text.contains("mortise_node_"))
            let wrong = try await cluster.coordinatorCommand("serve", "--node-metrics-limit", "-1")
            #expect(wrong.status != 0, "\(wrong)")
        }
    }

    /// Where it says that it serves them.
    private func metricsAddress(of agent: ChildProcess) async throws -> String {
        try await eventually("the agent serves metrics") { () -> String? in
            let mark = "at=http://"
            guard let start = agent.errors.range(of: mark)?.upperBound else { return nil }
            return String(agent.errors[start...].prefix { $0 != "/" })
        }
    }
}
