import ClusterTypes
import CoordinatorPlacement
import Testing

@Suite("Fit")
struct FitTests {
    private func node(
        _ number: UInt64 = 1, cpus: Int64 = 4, gigabytes: Int64 = 8, disk: Int64 = 100,
        pool: String = "default",
        labels: [Label] = [], architecture: Architecture = .amd64, devices: [DeviceCapacity] = [],
        freeShares: [UInt32]? = nil, credits: UInt32 = 1
    ) -> PlacementNode {
        let resources = Resources(milliCPU: cpus * 1_000, memoryBytes: gigabytes << 30, diskBytes: disk)
        return PlacementNode(
            node: NodeID(number), name: "n\(number)", pool: pool,
            capacity: NodeCapacity(
                resources: resources, devices: devices, architecture: architecture, labels: labels),
            free: resources, freeShares: freeShares ?? devices.map { _ in wholeDeviceShares },
            credits: credits)
    }

    private func gpu(_ model: String = "NVIDIA A100-SXM4-80GB", gigabytes: Int64 = 80, isUsable: Bool = true)
        -> DeviceCapacity
    {
        DeviceCapacity(type: .gpu, model: model, memoryBytes: gigabytes << 30, isUsable: isUsable)
    }

    private func demand(
        cpus: Int64 = 1, gigabytes: Int64 = 0, disk: Int64 = 0, devices: DeviceRequest? = nil,
        _ constraints: Constraint...
    ) -> PlacementDemand {
        PlacementDemand(
            request: ResourceRequest(
                resources: Resources(milliCPU: cpus * 1_000, memoryBytes: gigabytes << 30, diskBytes: disk),
                devices: devices), constraints: constraints)
    }

    private func misfit(_ demand: PlacementDemand, _ node: PlacementNode) -> Misfit? {
        if case .misses(let misfit) = Fit(demand, on: node, at: .epoch) { return misfit }
        return nil
    }

    @Test("each constraint keeps out what does not satisfy it")
    func constraints() {
        let node = node(labels: [Label("zone", "a")], architecture: .arm64)
        #expect(misfit(demand(.architecture(.arm64)), node) == nil)
        #expect(misfit(demand(.architecture(.amd64)), node) == .architecture)
        #expect(misfit(demand(.pool("default")), node) == nil)
        #expect(misfit(demand(.pool("spot")), node) == .pool)
        #expect(misfit(demand(.node("n1")), node) == nil)
        #expect(misfit(demand(.node("n2")), node) == .name)
        #expect(misfit(demand(.label(key: "zone", value: "a")), node) == nil)
        #expect(misfit(demand(.label(key: "zone", value: "b")), node) == .label)
        #expect(misfit(demand(.label(key: "rack", value: "a")), node) == .label)
        #expect(misfit(demand(.pool("default"), .node("n9")), node) == .name, "all of them count")
    }

    @Test("each resource is kept to, to the last unit")
    func resources() {
        let node = node(cpus: 4, gigabytes: 8, disk: 100)
        #expect(misfit(demand(cpus: 4, gigabytes: 8, disk: 100), node) == nil)
        #expect(misfit(demand(cpus: 5), node) == .processor)
        #expect(misfit(demand(gigabytes: 9), node) == .memory)
        #expect(misfit(demand(disk: 101), node) == .disk)
        #expect(misfit(demand(), self.node(credits: 0)) == .credits)
    }

    @Test("devices: type, a word of the model, memory, health, count")
    func devices() {
        let devices = node(devices: [gpu(), gpu("Tesla T4", gigabytes: 16), gpu(isUsable: false)])
        func request(
            _ count: UInt32 = 1, type: DeviceType = .gpu, model: String? = nil, gigabytes: Int64 = 0
        ) -> PlacementDemand {
            demand(
                devices: DeviceRequest(
                    type: type, count: count, memoryBytes: gigabytes << 30, model: model))
        }
        #expect(misfit(request(type: .npu), devices) == .deviceModel)
        #expect(misfit(request(model: "H100"), devices) == .deviceModel)
        #expect(misfit(request(model: "A10"), devices) == .deviceModel, "no part of a word is enough")
        #expect(
            Fit(request(model: "a100"), on: devices, at: .epoch)
                == .fits([DeviceGrant(device: 0, shares: 1_000)]))
        #expect(
            Fit(request(model: "tesla t4"), on: devices, at: .epoch)
                == .fits([DeviceGrant(device: 1, shares: 1_000)]))
        #expect(misfit(request(gigabytes: 81), devices) == .deviceMemory)
        #expect(misfit(request(3), devices) == .deviceCount, "the third is not usable")
        #expect(
            Fit(request(2), on: devices, at: .epoch)
                == .fits([DeviceGrant(device: 0, shares: 1_000), DeviceGrant(device: 1, shares: 1_000)]))
    }

    @Test("a part of a GPU is asked for by its own words, not by those of the GPU")
    func parts() {
        let node = node(devices: [gpu("NVIDIA H100 80GB HBM3 MIG 3g.40gb", gigabytes: 40)])
        func misfit(_ model: String?) -> Misfit? {
            self.misfit(demand(devices: DeviceRequest(type: .gpu, count: 1, model: model)), node)
        }
        #expect(misfit("H100") == .deviceModel)
        #expect(misfit("mig") == nil && misfit("3g.40gb") == nil && misfit(nil) == nil)
        #expect(misfit("NVIDIA H100 80GB HBM3 MIG 3g.40gb") == nil)
    }

    @Test("shares go to the fullest device that still has room, so that whole ones stay whole")
    func shares() {
        func place(_ shares: UInt32, _ count: UInt32 = 1, free: [UInt32]) -> [UInt32]? {
            let node = node(devices: free.map { _ in gpu() }, freeShares: free)
            let request = DeviceRequest(type: .gpu, count: count, shares: shares)
            guard case .fits(let grants) = Fit(demand(devices: request), on: node, at: .epoch) else {
                return nil
            }
            return grants.map(\.device)
        }
        #expect(place(300, free: [1_000, 600, 300]) == [2])
        #expect(place(301, free: [1_000, 600, 300]) == [1])
        #expect(place(601, free: [1_000, 600, 300]) == [0])
        #expect(place(1_000, free: [999, 999]) == nil)
        #expect(place(300, 2, free: [1_000, 600, 300]) == [1, 2])
        #expect(place(500, free: [500, 500]) == [0], "of equal ones the first")
        #expect(place(1, free: [0, 0]) == nil)
    }

    @Test("misfits are counted, most nodes first")
    func misfits() {
        let nodes = [
            node(1, cpus: 1), node(2, cpus: 1), node(3, pool: "spot"), node(4, credits: 0), node(5),
        ]
        let counts = Fit.misfits(demand(cpus: 2, .pool("default")), on: nodes, at: .epoch)
        #expect(counts.map(\.0) == [.processor, .pool, .credits])
        #expect(counts.map(\.1) == [2, 1, 1])
        #expect(Fit.misfits(demand(), on: [node()], at: .epoch).isEmpty)
    }

    @Test("an emptied node is what it could ever offer")
    func emptied() {
        var full = node(devices: [gpu()], freeShares: [0], credits: 0)
        full.free = .none
        let request = demand(cpus: 4, devices: DeviceRequest(type: .gpu))
        #expect(!Fit(request, on: full, at: .epoch).isFit)
        #expect(Fit(request, on: full.emptied, at: .epoch).isFit)
    }
}
