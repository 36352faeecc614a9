import ClusterTypes
import CoordinatorCore
import CoordinatorMetrics
import CoordinatorStore
import Exposition
import ProtocolMessages
import Testing

@testable import CoordinatorAPI

@Suite("GET /metrics", .timeLimit(.minutes(2)))
struct MetricsTests {
    private func fill(_ server: TestServer) throws {
        try server.service.commit(
            .putNode(.sample(1)), .putNode(.sample(2, state: .lost)), .putJob(.sample(1, .array(0, 9))),
            .putSlot(.sample(1, node: 1)), .putSlot(.sample(2, state: .pending)))
        let now = server.service.now()
        server.service.script {
            $0.loads[NodeID(1)] = (Heartbeat(sequence: 1, loadMilli: 500), now)
            $0.loads[NodeID(2)] = (Heartbeat(sequence: 1, loadMilli: 900), now)
        }
    }

    @Test func `It is the cluster as it is, and the coordinator's own`() async throws {
        try await TestServer.run { server in
            try fill(server)
            let answer = try await server.get("/metrics")
            #expect(answer.status == 200)
            #expect(answer.header("content-type") == "text/plain; version=0.0.4; charset=utf-8")
            let lines = answer.text.split(separator: "\n")
            for line in [
                #"mortise_cluster_info{cluster="test",version="0.1.0"} 1"#, "mortise_ready 1",
                #"mortise_nodes{pool="main",state="lost"} 1"#, #"mortise_slots{state="pending"} 1"#,
                #"mortise_node_load_average{node="node-1",node_id="1"} 0.5"#, "mortise_beats_total 7",
                #"mortise_tasks{state="ready"} 10"#,
            ] { #expect(lines.contains { $0 == line }, "\(line)") }
            #expect(!answer.text.contains("load_average{node=\"node-2\""))

            try server.service.commit(.putNode(.sample(1, state: .released)))
            let later = try await server.get("/metrics")
            #expect(!later.text.contains("node-1"))
        }
    }

    @Test func `OpenMetrics is given to who asks for it`() async throws {
        try await TestServer.run { server in
            try fill(server)
            let answer = try await server.send(
                "GET", "/metrics", as: TestTokens.viewer,
                accept: "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5")
            #expect(
                answer.header("content-type") == "application/openmetrics-text; version=1.0.0; charset=utf-8")
            #expect(
                answer.text.hasSuffix("# EOF\n") && answer.text.contains("# TYPE mortise_beats counter\n"))
        }
    }

    @Test func `A token of any role reads it, nobody without one`() async throws {
        try await TestServer.run { server in
            for token in [nil, TestTokens.join] {
                let refused = try await server.get("/metrics", as: token)
                #expect(refused.status == 401)
            }
            let odd = try await server.send("POST", "/metrics")
            #expect(odd.status == 405)
            for role in Role.allCases {
                let answer = try await server.get("/metrics", as: TestTokens.of(role))
                #expect(answer.status == 200)
            }
        }
    }

    @Test func `Options turn single nodes off and bound them`() async throws {
        try await TestServer.run({ $0.metrics.hasNodes = false }) { server in
            try fill(server)
            let text = try await server.get("/metrics").text
            #expect(!text.contains("node=") && text.contains("mortise_nodes{"))
        }
        var configuration = APIConfiguration.loopback
        configuration.metrics.nodeSeriesLimit = -1
        #expect(configuration.validate() == ["nodeSeriesLimit: is -1, must be in 0...10000000"])
    }

    @Test func `Many who scrape at once get an answer each`() async throws {
        try await TestServer.run { server in
            try fill(server)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 { group.addTask { try await server.get("/metrics").status } }
                for try await status in group { #expect(status == 200) }
            }
        }
    }
}
