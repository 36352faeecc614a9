import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Rank tables of gangs")
struct RankTableTests {
    /// With NPUs whose physical ids do not begin at 0 on the first node, and of which one has no address.
    private func joinNPUs(_ count: Int, _ fixture: inout Fixture) -> NodeID {
        let (node, connection) = fixture.join(cpus: 16)
        var hardware = HardwareReport.example(cpus: 16)
        hardware.address.advertised = "10.0.0.\(node)"
        hardware.devices = (0..<count).map { number in
            var device = DeviceReport(
                type: .npu, vendor: "huawei", model: "Ascend 910B3", index: UInt32(number),
                visibleID: "\(number)", memoryTotalBytes: 64 << 30, health: .ok)
            device.physicalID = UInt32(number) + (node == NodeID(1) ? 4 : 0)
            device.networkAddress = node == NodeID(1) && number == 1 ? nil : "10.1.\(node).\(number)"
            return device
        }
        _ = fixture.say(.hardware(hardware, request: 0), on: connection)
        return node
    }

    private func rank(of assignment: Assignment) -> Int? {
        assignment.specification.environment.last { $0.hasPrefix("RANK=") }.flatMap { Int($0.dropFirst(5)) }
    }

    private static func npuGang(_ slots: UInt32, npus: UInt32, shares: UInt32 = 1_000) -> JobSpecification {
        .single(.batch, slots: slots) {
            $0.placement.gang = Gang()
            $0.resources.devices = DeviceRequest(type: .npu, count: npus, shares: shares)
        }
    }

    @Test("a gang's NPUs are ranks, in the order of its slots; an address that nobody knows is left out")
    func rankTable() {
        var fixture = Fixture.withToken()
        _ = joinNPUs(2, &fixture)
        _ = joinNPUs(2, &fixture)
        let given = fixture.assignments(of: Self.npuGang(4, npus: 1))
        #expect(given.count == 4 && Set(given.map(\.rankTable)).count == 1)
        let table = given.first?.rankTable
        #expect(
            table?.servers.sorted { $0.address < $1.address } == [
                .init(
                    address: "10.0.0.1",
                    devices: [.init(physicalID: 4, address: "10.1.1.0"), .init(physicalID: 5, address: nil)]),
                .init(
                    address: "10.0.0.2",
                    devices: [
                        .init(physicalID: 0, address: "10.1.2.0"), .init(physicalID: 1, address: "10.1.2.1"),
                    ]),
            ])
        // What stands at a slot's rank is its own NPU.
        let ranks =
            table?.servers.flatMap { server in server.devices.map { (server.address, $0.physicalID) } } ?? []
        for assignment in given {
            guard let rank = rank(of: assignment), ranks.indices.contains(rank),
                let node = fixture.node(of: assignment.key), let record = fixture.core.nodes[node]?.record
            else {
                Issue.record("no rank")
                return
            }
            let device = record.capacity.devices[Int(assignment.devices[0].device)]
            #expect(ranks[rank].0 == record.address && ranks[rank].1 == device.physicalID)
        }
    }

    @Test("parts of NPUs, GPUs and slots that are no gang have no rank table")
    func noRankTable() {
        var fixture = Fixture.withToken()
        _ = joinNPUs(2, &fixture)
        let shared = fixture.assignments(of: Self.npuGang(4, npus: 1, shares: 500))
        #expect(shared.count == 4 && shared.allSatisfy { $0.rankTable == nil })

        var other = Fixture.withToken()
        _ = other.join(cpus: 4, gpus: 2)
        _ = joinNPUs(1, &other)
        let gpus = other.assignments(
            of: .single(.batch, slots: 2) {
                $0.placement.gang = Gang()
                $0.resources.devices = DeviceRequest(type: .gpu)
            })
        #expect(gpus.count == 2 && gpus.allSatisfy { $0.rankTable == nil })
        let alone = other.assignments(
            of: .single(.batch) { $0.resources.devices = DeviceRequest(type: .npu) })
        #expect(alone.count == 1 && alone[0].rankTable == nil)
    }
}
