import APITypes
import ClusterTypes
import CoordinatorCore
import ProtocolMessages
import Testing

@testable import CoordinatorAPI

@Suite("Nodes and slots", .timeLimit(.minutes(2)))
struct NodeTests {
    @Test func `Nodes are listed with their load, released ones if asked for`() async throws {
        try await TestServer.run { server in
            try server.service.commit(.putNode(.sample(1)), .putNode(.sample(2, state: .released)))
            let beat = Heartbeat(
                sequence: 1, loadMilli: 1_250, processorPermille: 305, memoryUsedBytes: 7, runningSlots: 2)
            server.service.script { $0.loads[NodeID(1)] = (beat, .epoch) }
            let page: Page<NodeView> = try await server.get("/v1/nodes").decode()
            #expect(page.items.map(\.node.rawValue) == [1])
            let load = try #require(page.items.first?.load)
            #expect(load.loadAverage == 1.25 && load.processorPercent == 30.5 && load.runningSlots == 2)
            let all: Page<NodeView> = try await server.get("/v1/nodes?released=true").decode()
            #expect(all.items.map(\.node.rawValue) == [1, 2])
        }
    }

    @Test func `A node is found by number and by its name if that is unique`() async throws {
        try await TestServer.run { server in
            try server.service.commit(
                .putNode(.sample(1, name: "a b")), .putNode(.sample(2, name: "twin")),
                .putNode(.sample(3, name: "twin")), .putNode(.sample(4, name: "a b", state: .released)))
            #expect(try await server.get("/v1/nodes/a%20b").decode(NodeView.self).node == NodeID(1))
            #expect(try await server.get("/v1/nodes/4").decode(NodeView.self).state == .released)
            let twins = try await server.get("/v1/nodes/twin")
            #expect(twins.status == 409 && twins.message.contains("2, 3"))
        }
    }

    @Test func `A live look asks the machine`() async throws {
        try await TestServer.run { server in
            try server.service.commit(.putNode(.sample(1)))
            server.service.script { state in
                state.answer = { _ in .nodeLocation(ConnectionID(8)) }
                state.probe = { connection in
                    #expect(connection == ConnectionID(8))
                    return .sample
                }
            }
            let node: NodeView = try await server.get("/v1/nodes/1?live=true").decode()
            let hardware = try #require(node.hardware)
            #expect(hardware.tools == ["nvidia-smi: missing", "npu-smi: timed_out: 10 s"])
            #expect(hardware.devices.first?.powerWatts == 90.5 && hardware.usableMilliCPU == 128_000)
            #expect(server.service.commands == [.locateNode(NodeID(1))])
            server.service.script { $0.probe = { _ in throw FakeService.Failure() } }
            let silent = try await server.get("/v1/nodes/1?live=true")
            #expect(silent.status == 503 && silent.code == "node_unreachable")
        }
    }

    @Test func `Orders to a node carry their reason`() async throws {
        try await TestServer.run { server in
            try server.service.commit(.putNode(.sample(1, name: "n")))
            server.service.script { $0.answer = { _ in .node(.sample(1, state: .draining)) } }
            for (verb, body) in [("drain", #"{"reason":"fan"}"#), ("cordon", #"{"reason":""}"#)] {
                let answer = try await server.send(
                    "POST", "/v1/nodes/n/\(verb)", as: TestTokens.operator, body: body)
                #expect(try answer.decode(NodeView.self).state == .draining)
            }
            _ = try await server.send("POST", "/v1/nodes/1/uncordon", as: TestTokens.operator)
            _ = try await server.send("POST", "/v1/nodes/1/accept", as: TestTokens.operator)
            _ = try await server.send("DELETE", "/v1/nodes/1?reason=broken")
            #expect(
                server.service.commands == [
                    .drainNode(NodeID(1), reason: "fan"), .cordonNode(NodeID(1), reason: "by otto"),
                    .uncordonNode(NodeID(1)), .acceptNode(NodeID(1)),
                    .removeNode(NodeID(1), reason: "broken"),
                ])
            let bad = try await server.send("POST", "/v1/nodes/1/drain", body: #"{"reason":"a\u0007"}"#)
            #expect(bad.status == 400 && bad.message.hasPrefix("reason:"))
        }
    }

    @Test func `Slots are listed by job, node and state, page by page`() async throws {
        try await TestServer.run { server in
            try server.service.commit(
                .putNode(.sample(1)), .putSlot(.sample(1, job: 1, node: 1)),
                .putSlot(.sample(2, job: 1, state: .pending)), .putSlot(.sample(3, job: 2, node: 1)))
            func slots(_ query: String) async throws -> [UInt64] {
                try await server.get("/v1/slots\(query)").decode(Page<SlotView>.self).items
                    .map(\.slot.rawValue)
            }
            #expect(try await slots("") == [1, 2, 3])
            #expect(try await slots("?job=1") == [1, 2])
            #expect(try await slots("?node=node-1") == [1, 3])
            #expect(try await slots("?state=pending,lost") == [2])
            let page: Page<SlotView> = try await server.get("/v1/slots?limit=2").decode()
            #expect(page.next == 2)
            #expect(try await slots("?limit=2&after=2") == [3])
            let slot: SlotView = try await server.get("/v1/slots/3").decode()
            #expect(slot.nodeName == "node-1" && slot.job == JobID(2))
        }
    }
}
