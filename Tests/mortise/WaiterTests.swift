import APITypes
import ClusterTypes
import HTTPSClient
import Testing

@testable import mortise

struct WaiterTests {
    private let world = FakeWorld()

    private func waiter(_ transport: ScriptedTransport) -> JobWaiter {
        JobWaiter(client: APIClient(transport: transport, token: "t"), surroundings: world.surroundings)
    }

    @Test func `Waiting polls from the last revision until the job has ended`() async throws {
        let transport = ScriptedTransport { _, position in
            try .json(
                [
                    JobView.sample(revision: 5, total: 2),
                    JobView.sample(revision: 8, total: 2, succeeded: 1),
                    JobView.sample(state: .finished, revision: 9, total: 2, succeeded: 2),
                ][position])
        }
        var seen: [UInt32] = []
        let ended = try await waiter(transport).wait(for: JobID(12)) { seen.append($0.tasks.succeeded) }
        #expect(ended.state == .finished)
        #expect(seen == [0, 1, 2])
        #expect(
            transport.lines == [
                "GET /v1/jobs/12", "GET /v1/jobs/12?since=5&waitSeconds=30",
                "GET /v1/jobs/12?since=8&waitSeconds=30",
            ])
        #expect(transport.requests[1].timeout > .seconds(30))
    }

    @Test func `A job that changes all the time is not asked for all the time`() async throws {
        let transport = ScriptedTransport { _, position in
            try .json(JobView.sample(state: position < 9 ? .running : .finished, revision: UInt64(position)))
        }
        _ = try await waiter(transport).wait(for: JobID(12)) { _ in }
        #expect(world.now == .milliseconds(8 * 250))
    }

    @Test func `A coordinator that restarts is waited for and the user is told once`() async throws {
        let transport = ScriptedTransport { _, position in
            switch position {
            case 0: try .json(JobView.sample(revision: 5))
            case 1: throw ClientError(.interrupted, "The connection ended.")
            case 2, 3: throw ClientError(.unreachable, "It refuses connections.")
            case 4: try .refusal(503, "Not ready.")
            default: try .json(JobView.sample(state: .failed, revision: 6))
            }
        }
        let ended = try await waiter(transport).wait(for: JobID(12)) { _ in }
        #expect(ended.state == .failed)
        #expect(
            world.reports == [
                "The connection ended.\nTrying again for up to 10m00s.", "The coordinator answers again.",
            ])
        #expect(world.now == .milliseconds(500 + 1_000 + 2_000 + 4_000))
    }

    @Test func `Patience has an end`() async throws {
        let transport = ScriptedTransport { _, _ in throw ClientError(.unreachable, "It refuses connections.")
        }
        await #expect(throws: ClientError(.unreachable, "It refuses connections.")) {
            try await waiter(transport).wait(for: JobID(12)) { _ in }
        }
        #expect(world.now <= .seconds(600))
        #expect(world.now > .seconds(580))
    }

    @Test func `What trying again cannot mend ends the waiting at once`() async throws {
        let transport = ScriptedTransport { _, _ in try .refusal(404, "There is no job 12.") }
        await #expect(throws: ClientError(.notFound, "There is no job 12.")) {
            try await waiter(transport).wait(for: JobID(12)) { _ in }
        }
        #expect(world.now == .zero)
        #expect(world.reports.isEmpty)
    }
}

struct NodeWaiterTests {
    @Test func `A removal is waited for until the node is released, through a restart`() async throws {
        let world = FakeWorld()
        @Sendable func view(_ state: NodeState) -> NodeView {
            NodeView(
                node: NodeID(3), name: "n3", pool: "p", state: state, reason: "", since: "", address: "",
                build: "", labels: [], capacity: NodeCapacity())
        }
        let transport = ScriptedTransport { _, position in
            switch position {
            case 0, 2: try .json(view(.draining))
            case 1: throw ClientError(.unreachable, "It refuses connections.")
            default: try .json(view(.released))
            }
        }
        let waiter = NodeWaiter(
            client: APIClient(transport: transport, token: "t"), surroundings: world.surroundings)
        #expect(try await waiter.waitUntilReleased(NodeID(3)) == view(.released))
        #expect(transport.lines == Array(repeating: "GET /v1/nodes/3", count: 4))
    }
}
