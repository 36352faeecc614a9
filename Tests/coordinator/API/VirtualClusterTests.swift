import APITypes
import ClusterTypes
import CoordinatorCore
import Testing

@testable import CoordinatorAPI

@Suite("Virtual clusters", .timeLimit(.minutes(2)))
struct VirtualClusterTests {
    private static let path = "/v1/virtual-clusters/vision"

    @Test func `One is set with its quotas, and answered`() async throws {
        try await TestServer.run { server in
            server.service.script { state in
                state.answer = { command in
                    guard case .setVirtualCluster(let record) = command else {
                        return .refused(CommandRefusal(.conflict, "\(command)"))
                    }
                    return .virtualCluster(record)
                }
            }
            let request = VirtualClusterRequest(
                quotas: ["nvidia_gpu_amd64": 40, "cpu": 100], userQuotas: ["nvidia_gpu_amd64": 8], weight: 2)
            let view: VirtualClusterView = try await server.send("PUT", Self.path, json: request).decode()
            #expect(view.name == "vision" && view.weight == 2)
            #expect(view.quotas == request.quotas && view.userQuotas == request.userQuotas)
            let bare: VirtualClusterView = try await server.send(
                "PUT", Self.path, json: VirtualClusterRequest(quotas: [:])
            ).decode()
            #expect(bare.weight == 1 && bare.quotas == [:] && bare.userQuotas == [:])
        }
    }

    @Test func `All that is wrong with one is said at once`() async throws {
        try await TestServer.run { server in
            let request = VirtualClusterRequest(
                quotas: ["gpu": 4], userQuotas: ["cpu": 1_000_001], weight: 0)
            let answer = try await server.send("PUT", Self.path, json: request)
            #expect(answer.status == 400 && answer.code == "invalid")
            for part in [
                "quotas.gpu: is no type; write VENDOR_TYPE_ARCHITECTURE", "userQuotas.cpu: is 1000001",
                "weight: is 0",
            ] {
                #expect(answer.message.contains(part), "\(answer.message)")
            }
            #expect(server.service.commands.isEmpty)
        }
    }

    @Test func `They are listed and shown as the coordinator says, and deleted`() async throws {
        try await TestServer.run { server in
            let record = VirtualClusterRecord(
                name: "vision", quotas: ["nvidia_gpu_amd64"].compactMap { Quota(named: $0, 4) },
                createdAt: .epoch)
            server.service.script { state in
                state.answer = { command in
                    switch command {
                    case .listVirtualClusters: .virtualClusters([.sample(record)])
                    case .dropVirtualCluster("vision"): .virtualCluster(record)
                    default: .refused(CommandRefusal(.notFound, "\(command)"))
                    }
                }
            }
            let page: Page<VirtualClusterView> = try await server.get("/v1/virtual-clusters").decode()
            let view = try #require(page.items.first)
            #expect(page.items.count == 1 && view.usageSeconds == 1.235)
            #expect(
                view.types == [
                    VirtualClusterTypeView(
                        type: "nvidia_gpu_amd64", total: 4, used: 1, available: 2, unschedulable: 1)
                ])
            #expect(
                view.users == [
                    VirtualClusterUserView(user: "ada", used: ["nvidia_gpu_amd64": 1], usageSeconds: 0.5)
                ])
            #expect(try await server.get(Self.path).decode(VirtualClusterView.self) == view)
            #expect(try await server.get("/v1/virtual-clusters/speech").status == 404)
            let deleted: VirtualClusterView = try await server.send("DELETE", Self.path).decode()
            #expect(deleted.name == "vision" && deleted.types.isEmpty)
        }
    }
}

extension VirtualClusterStatus {
    static func sample(_ record: VirtualClusterRecord) -> VirtualClusterStatus {
        VirtualClusterStatus(
            record: record,
            shares: [
                TypeShare(name: "nvidia_gpu_amd64", total: 4, used: 1, available: 2, unschedulable: 1)
            ], usageSeconds: 1.234_9,
            users: [
                User(
                    name: "ada", used: ["nvidia_gpu_amd64"].compactMap { Quota(named: $0, 1) },
                    usageSeconds: 0.5)
            ])
    }
}
