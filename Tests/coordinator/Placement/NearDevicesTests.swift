import ClusterTypes
import CoordinatorPlacement
import Testing

@Suite("Devices that are near to each other")
struct NearDevicesTests {
    typealias F = BoardFixture

    /// Eight GPUs behind one NVSwitch, two behind each PCIe switch, four and 32 processors at each NUMA node.
    private static func server(cpus: Int64 = 64) -> PlacementNode {
        var node = F.node(1, cpus: cpus, gpus: 8)
        for device in 0..<8 {
            node.capacity.devices[device].linkGroup = 0
            node.capacity.devices[device].rootPort = "0000:\(device / 2)0:01.0"
            node.capacity.devices[device].memoryNode = UInt32(device / 4)
        }
        node.capacity.memoryNodes = (0..<2).map { MemoryNodeCapacity(number: $0, milliCPU: cpus * 500) }
        return node
    }

    private func chosen(
        _ count: UInt32, on node: PlacementNode, without used: Set<Int> = [], cpus: Int64 = 1,
        type: DeviceType = .gpu, model: String? = nil
    ) -> [UInt32]? {
        var node = node
        for device in used { node.freeShares[device] = 0 }
        let demand = PlacementDemand(
            request: ResourceRequest(
                resources: Resources(milliCPU: cpus * 1_000),
                devices: DeviceRequest(type: type, count: count, model: model)))
        guard case .fits(let grants) = Fit(demand, on: node, at: F.now) else { return nil }
        return grants.map(\.device)
    }

    @Test("they come from one PCIe switch, else from one NUMA node, and leave what is whole")
    func levels() {
        let server = Self.server()
        #expect(chosen(2, on: server) == [0, 1])
        #expect(chosen(2, on: server, without: [0]) == [2, 3], "behind one switch")
        #expect(chosen(2, on: server, without: [0, 2]) == [4, 5], "and not 1 and 3")
        #expect(chosen(4, on: server, without: [0]) == [4, 5, 6, 7], "at one NUMA node")
        #expect(chosen(3, on: server) == [0, 1, 2])
        #expect(chosen(3, on: server, without: [0]) == [1, 2, 3], "the smaller set")
        #expect(chosen(6, on: server) == [0, 1, 4, 5, 6, 7], "a switch and a NUMA node")
        #expect(chosen(1, on: server, without: [4]) == [5], "no pair is broken")
        #expect(chosen(1, on: server, without: [0, 2, 4, 5]) == [1])
    }

    @Test("links count more than switches and NUMA nodes")
    func links() {
        var server = Self.server()
        for device in 0..<8 { server.capacity.devices[device].linkGroup = UInt32(device % 4) }
        #expect(chosen(2, on: server) == [0, 4])
        #expect(chosen(2, on: server, without: [0]) == [1, 5])
        #expect(chosen(4, on: server) == [0, 1, 2, 3], "no links join four")
    }

    @Test("of sets as near to each other that one goes first whose processors are free")
    func processors() {
        var server = Self.server()
        server.take(
            Occupant(
                slot: SlotID(1), job: JobID(1),
                request: ResourceRequest(resources: Resources(milliCPU: 30_000)),
                devices: [DeviceGrant(device: 0, shares: wholeDeviceShares)]))
        #expect(chosen(1, on: server, cpus: 2) == [1])
        #expect(chosen(1, on: server, cpus: 3) == [4], "two are left near the others")
        #expect(chosen(2, on: server, cpus: 8) == [4, 5])
        #expect(
            chosen(6, on: server, cpus: 8) == [2, 3, 4, 5, 6, 7],
            "none has enough: the near ones do not matter")
        server.take(
            Occupant(
                slot: SlotID(2), job: JobID(1),
                request: ResourceRequest(resources: Resources(milliCPU: 4_000)),
                devices: []))
        #expect(chosen(1, on: server, cpus: 1) == [4], "slots without devices use processors everywhere")
    }

    @Test("a slot that holds a device which the node does not have any more is one without")
    func goneDevices() {
        var server = Self.server()
        var request = ResourceRequest()
        request.resources.milliCPU = 4_000
        server.occupants.append(
            Occupant(
                slot: SlotID(1), job: JobID(1), request: request,
                devices: [DeviceGrant(device: 11, shares: wholeDeviceShares)]))
        #expect(chosen(1, on: server, cpus: 30) == [0])
        #expect(chosen(2, on: server, cpus: 31) == [0, 1], "none has so many near")
    }

    @Test("a part of a device begins the one whose neighbours are used")
    func parts() {
        for policy in PlacementPolicy.allCases where policy != .random {
            var server = Self.server()
            server.take(
                Occupant(
                    slot: SlotID(9), job: JobID(9), request: ResourceRequest(),
                    devices: [DeviceGrant(device: 6, shares: wholeDeviceShares)]))
            var fixture = BoardFixture([])
            fixture.board = PlacementBoard(scorer: policy.score(mixture: WorkMixture([]), nodes: []))
            fixture.board.update(server)
            let request = DeviceRequest(type: .gpu, shares: 500)
            #expect(fixture.place(F.request(devices: request)) == "n1")
            #expect(fixture.board.nodes[0].freeShares[7] == 500, "by \(policy)")
        }
    }

    @Test("virtual NPUs are no members of the rings of their chips")
    func virtual() {
        var server = F.node(1, gpus: 10, type: .npu, model: "Ascend 910B3")
        for device in 0..<8 { server.capacity.devices[device].linkGroup = UInt32(device / 4) }
        for device in 8..<10 { server.capacity.devices[device].model = "Ascend 910B3 vNPU vir05_1c_16g" }
        #expect(chosen(2, on: server, type: .npu, model: "vNPU") == [8, 9])
        #expect(chosen(2, on: server, type: .npu, model: "vir05_1c_16g") == [8, 9])
        #expect(
            chosen(2, on: server, type: .npu, model: "910B3") == [0, 1],
            "the chips answer to their name alone")
        #expect(chosen(4, on: server, without: [0, 4], type: .npu, model: "910B3") == nil)
    }

    @Test(
        "any request gets as many free devices as it wants, in one link group where one has enough",
        arguments: 1...20)
    func anything(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<50 {
            var node = F.node(1, gpus: Int.random(in: 1...16, using: &random))
            for device in node.capacity.devices.indices {
                func some(_ limit: UInt32) -> UInt32? {
                    let number = UInt32.random(in: 0...limit, using: &random)
                    return number == limit ? nil : number
                }
                node.capacity.devices[device].linkGroup = some(3)
                node.capacity.devices[device].rootPort = some(6).map { "0000:\($0)0:01.0" }
                node.capacity.devices[device].memoryNode = some(2)
                if Int.random(in: 0..<4, using: &random) == 0 { node.freeShares[device] = 0 }
            }
            let free = node.freeShares.indices.filter { node.freeShares[$0] > 0 }
            let count = Int.random(in: 1...16, using: &random)
            guard let devices = chosen(UInt32(count), on: node) else {
                #expect(free.count < count, "seed \(seed)")
                continue
            }
            #expect(devices.count == count && Set(devices).count == count, "seed \(seed)")
            #expect(devices.allSatisfy { free.contains(Int($0)) }, "seed \(seed)")
            let groups = Dictionary(grouping: free) { node.capacity.devices[$0].linkGroup }
            if groups.contains(where: { $0.key != nil && $0.value.count >= count }) {
                let taken = Set(devices.map { node.capacity.devices[Int($0)].linkGroup })
                #expect(taken.count == 1 && taken != [nil], "seed \(seed)")
            }
        }
    }
}
