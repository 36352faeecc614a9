import APITypes
import ClusterTypes
import CoordinatorCore
import Testing

@testable import CoordinatorAPI

@Suite("Plans and moves", .timeLimit(.minutes(2)))
struct PlanTests {
    @Test func `A viewer is told where a job would go, and nothing is submitted`() async throws {
        try await TestServer.run { server in
            let devices = [DeviceGrant(device: 1, shares: 500)]
            server.service.script { state in
                state.answer = { _ in
                    .jobPlan(
                        JobPlan(
                            placed: [
                                JobPlan.Entry(node: NodeID(3), name: "n3", devices: devices, alternative: 1)
                            ], waiting: 2, reasons: ["of 1 nodes that take work, 1 lack free CPUs"]))
                }
            }
            let answer = try await server.send(
                "POST", "/v1/plan", as: TestTokens.viewer,
                json: PlanRequest(specification: .sample(), tasks: 3))
            #expect(answer.status == 200)
            #expect(
                try answer.decode(PlanView.self)
                    == PlanView(
                        places: [
                            PlanView.Place(
                                node: NodeID(3), nodeName: "n3", devices: devices, alternative: 1)
                        ], waiting: 2, reasons: ["of 1 nodes that take work, 1 lack free CPUs"]))
            #expect(server.service.commands == [.planJob(.sample(), tasks: 3, submitter: "vera")])
        }
    }

    @Test func `What could not be submitted is not planned, and all that is wrong is said`() async throws {
        try await TestServer.run { server in
            var bad = JobSpecification.array(0, 9)
            bad.priority = 5_000
            let answer = try await server.send(
                "POST", "/v1/plan", json: PlanRequest(specification: bad, tasks: 0))
            #expect(answer.status == 400)
            #expect(
                answer.message.split(separator: "\n").map(String.init) == [
                    "specification.priority: is 5000, must be in -1000...1000",
                    "tasks: is 0, must be in 1...10000000",
                    "tasks: do not go with specification.array: give one of them",
                ])
            let batch = PlanRequest(specification: .sample(.batch), tasks: 2)
            let other = try await server.send("POST", "/v1/plan", json: batch)
            #expect(other.message == "tasks: are for jobs of kind tasks; this is a batch job")
            let key = try await server.send("POST", "/v1/plan", body: #"{"payloads": []}"#)
            #expect(key.status == 400)
            #expect(server.service.commands.isEmpty)
        }
    }

    @Test func `A job that no node could ever hold is refused as at its submission`() async throws {
        try await TestServer.run { server in
            server.service.script { state in
                state.answer = { _ in .refused(CommandRefusal(.impossible, "no node could ever hold it")) }
            }
            let answer = try await server.send(
                "POST", "/v1/plan", json: PlanRequest(specification: .sample(.batch)))
            #expect(answer.status == 422 && answer.code == "impossible")
        }
    }

    @Test func `Moves are listed by the device that they make whole`() async throws {
        try await TestServer.run { server in
            let devices = [DeviceGrant(device: 0, shares: 250)]
            server.service.script { state in
                state.answer = { _ in
                    .movePlan(
                        MovePlan(
                            freed: [
                                MovePlan.Entry(
                                    node: "n1", device: 2,
                                    moves: [
                                        MovePlan.Move(
                                            slot: SlotID(12), job: JobID(7), to: "n2", devices: devices)
                                    ])
                            ], wholeDevices: 5))
                }
            }
            let view: MovesView = try await server.get("/v1/moves").decode()
            let move = MovesView.Move(slot: SlotID(12), job: JobID(7), to: "n2", devices: devices)
            #expect(
                view
                    == MovesView(
                        freed: [MovesView.FreedDevice(nodeName: "n1", device: 2, moves: [move])],
                        wholeDevices: 5))
            #expect(server.service.commands == [.planMoves])
        }
    }
}
