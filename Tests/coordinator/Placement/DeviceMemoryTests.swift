import ClusterTypes
import CoordinatorPlacement
import Testing

@Suite("Shares of devices by memory, and sets of models")
struct DeviceMemoryTests {
    typealias F = BoardFixture

    private static func memory(
        _ gigabytes: Int64, count: UInt32 = 1, least: Int64 = 0, model: String? = nil
    ) -> DeviceRequest {
        DeviceRequest(
            type: .gpu, count: count, memoryShareBytes: gigabytes << 30, memoryBytes: least << 30,
            model: model)
    }

    private static func demand(_ devices: DeviceRequest) -> PlacementDemand {
        PlacementDemand(request: ResourceRequest(resources: Resources(milliCPU: 100), devices: devices))
    }

    private static func node(
        _ number: UInt64 = 1, gigabytes: [Int64], model: String = "A100", free: [UInt32]? = nil
    ) -> PlacementNode {
        var node = F.node(number, gpus: gigabytes.count, model: model)
        for (device, memory) in gigabytes.enumerated() {
            node.capacity.devices[device].memoryBytes = memory << 30
        }
        if let free { node.freeShares = free }
        return node
    }

    private func fit(_ devices: DeviceRequest, _ node: PlacementNode) -> Fit {
        Fit(Self.demand(devices), on: node, at: F.now)
    }

    @Test(
        "it takes as many thousandths as its bytes are of the device's, rounded up, on each by its own memory"
    )
    func thousandths() {
        #expect(fit(Self.memory(20), Self.node(gigabytes: [80])) == .fits([.init(device: 0, shares: 250)]))
        #expect(fit(Self.memory(20), Self.node(gigabytes: [40])) == .fits([.init(device: 0, shares: 500)]))
        #expect(fit(Self.memory(27), Self.node(gigabytes: [80])) == .fits([.init(device: 0, shares: 338)]))
        #expect(fit(Self.memory(40), Self.node(gigabytes: [40])) == .fits([.init(device: 0, shares: 1_000)]))
        let mixed = Self.node(gigabytes: [80, 24, 0, 40])
        #expect(
            fit(Self.memory(24, count: 3), mixed)
                == .fits([
                    .init(device: 0, shares: 300), .init(device: 1, shares: 1_000),
                    .init(device: 3, shares: 600),
                ]))
        #expect(fit(Self.memory(24, count: 4), mixed) == .misses(.deviceCount), "one tells no memory")
    }

    @Test("a device with less memory in all, or that tells none, will not do; one without room may yet")
    func misfits() {
        #expect(fit(Self.memory(41), Self.node(gigabytes: [40, 0])) == .misses(.deviceMemory))
        #expect(fit(Self.memory(20, least: 80), Self.node(gigabytes: [40])) == .misses(.deviceMemory))
        let full = Self.node(gigabytes: [80, 40], free: [249, 499])
        #expect(fit(Self.memory(20), full) == .misses(.deviceCount))
        #expect(
            Misfit.deviceCount.explanation(for: Self.demand(Self.memory(20))) == "lack 20 GiB free on one gpu"
        )
        #expect(
            Misfit.deviceCount.explanation(for: Self.demand(Self.memory(1, count: 2)))
                == "lack 1 GiB free on each of 2 gpus")
        let free = fit(Self.memory(20), Self.node(gigabytes: [80, 40], free: [249, 500]))
        #expect(free == .fits([.init(device: 1, shares: 500)]))
    }

    @Test("what is lacking is told in bytes of the device that lacks least")
    func lack() {
        let node = Self.node(gigabytes: [80, 40, 10], free: [100, 250, 1_000])
        #expect(node.lackOfDeviceMemory(for: Self.memory(20)) == 10 << 30)
        #expect(node.lackOfDeviceMemory(for: Self.memory(20, count: 2)) == 12 << 30)
        #expect(node.lackOfDeviceMemory(for: Self.memory(20, count: 3)) == nil, "there are not three")
        #expect(node.lackOfDeviceMemory(for: Self.memory(10)) == nil, "it lacks none")
        #expect(node.lackOfDeviceMemory(for: DeviceRequest(type: .gpu)) == nil)
        #expect((Int64(20) << 30).binaryBytes == "20 GiB" && Int64(1_048_577).binaryBytes == "2 MiB")
    }

    @Test(
        "slots of several nodes fill each device by its own memory, by every policy",
        arguments: PlacementPolicy.allCases)
    func fills(policy: PlacementPolicy) {
        let nodes = [
            Self.node(1, gigabytes: [80, 80]), Self.node(2, gigabytes: [40], model: "L40"),
            Self.node(3, gigabytes: [40, 24]), Self.node(4, gigabytes: [16], model: "T4"),
        ]
        var board = PlacementBoard(scorer: policy.score(mixture: WorkMixture([]), nodes: []))
        for node in nodes { board.update(node) }
        let work = board.work(of: Self.demand(Self.memory(20)).request)
        board.judge(
            by: policy.score(mixture: WorkMixture([(work, 1)]), nodes: board.emptyRooms, seed: 5))
        var request = PlacementRequest(job: JobID(1), alternatives: [Self.demand(Self.memory(20))])
        var taken: [NodeID: Int] = [:]
        var slot: UInt64 = 0
        while let place = board.place(SlotID(slot), of: &request, at: F.now) {
            taken[place.node, default: 0] += 1
            slot += 1
        }
        // Four on each of 80 GiB, two of 40, one of 24.
        #expect(taken == [NodeID(1): 8, NodeID(2): 2, NodeID(3): 3])
        let busy = board.nodes.map { $0.freeShares }
        #expect(busy == [[0, 0], [0], [0, 166], [1_000]])
    }

    @Test("its least and its most are those of the models that would do")
    func range() {
        let fixture = F(
            Self.node(1, gigabytes: [80]), Self.node(2, gigabytes: [40, 24]), Self.node(3, gigabytes: [16]))
        #expect(fixture.board.shares(of: Self.memory(20)) == 250...834)
        #expect(fixture.board.shares(of: Self.memory(30)) == 375...750)
        #expect(fixture.board.shares(of: Self.memory(30, least: 80)) == 375...375)
        #expect(fixture.board.shares(of: Self.memory(81)) == 1...1_000, "nobody knows a device for it")
        #expect(fixture.board.shares(of: DeviceRequest(type: .gpu, shares: 7)) == 7...7)
    }

    @Test("the scorer takes it for what it is on most of its devices")
    func commonest() {
        let fixture = F(
            Self.node(1, gigabytes: [80]), Self.node(2, gigabytes: [40, 40]),
            Self.node(3, gigabytes: [16, 16, 16]))
        #expect(fixture.board.work(of: Self.demand(Self.memory(20)).request).shares == 500)
        #expect(fixture.board.work(of: Self.demand(Self.memory(60)).request).shares == 750)
    }

    @Test("of several models any will do, and no other")
    func models() {
        func fits(_ model: String, on name: String) -> Bool {
            fit(DeviceRequest(type: .gpu, model: model), Self.node(gigabytes: [16], model: name)).isFit
        }
        #expect(fits("V100M16|V100M32", on: "V100M16") && fits("V100M16|V100M32", on: "V100M32"))
        #expect(!fits("V100M16|V100M32", on: "T4") && !fits("V100M16|V100M32", on: "V100"))
        #expect(
            fits("a100|h100", on: "NVIDIA H100 80GB HBM3") && fits("mig|t4", on: "NVIDIA H100 MIG 3g.40gb"))
        #expect(!fits("a100|h100", on: "NVIDIA H100 MIG 3g.40gb"))

        var fixture = F(
            Self.node(1, gigabytes: [16], model: "T4"), Self.node(2, gigabytes: [16], model: "V100M16"),
            Self.node(3, gigabytes: [32], model: "V100M32"))
        var request = PlacementRequest(
            job: JobID(1), alternatives: [Self.demand(DeviceRequest(type: .gpu, model: "V100M16|V100M32"))])
        #expect(
            [fixture.place(&request), fixture.place(&request), fixture.place(&request)] == ["n2", "n3", nil])
    }
}

@Suite("Thousandths of memory")
struct MemoryThousandthsTests {
    @Test("they are the least that hold the bytes, to the ends of what can be said", arguments: 1...50)
    func least(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            let memory = Int64.random(in: 1...(1 << Int64.random(in: 1...60, using: &random)), using: &random)
            let wanted = Int64.random(in: 1...memory, using: &random)
            let request = DeviceRequest(type: .gpu, memoryShareBytes: wanted)
            guard let shares = request.shares(ofMemory: memory) else {
                Issue.record("\(wanted) of \(memory) bytes are none")
                continue
            }
            let (least, all) = (Double(wanted) * 1_000 / Double(memory), Double(shares))
            #expect(all >= least * 0.999_999 && all - 1 < least && (1...1_000).contains(shares))
            #expect(request.shares(ofMemory: wanted) == 1_000)
            #expect(wanted == 1 || request.shares(ofMemory: wanted - 1) == nil)
        }
        #expect(DeviceRequest(type: .gpu, memoryShareBytes: 0).shares(ofMemory: 5) == nil)
        #expect(DeviceRequest(type: .gpu, memoryShareBytes: -1).shares(ofMemory: -1) == nil)
        #expect(DeviceRequest(type: .gpu, shares: 7).shares(ofMemory: 0) == 7)
    }
}
