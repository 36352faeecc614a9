import ClusterTypes
import CoordinatorPlacement
import Testing

/// A small cluster for tests of the board.
struct BoardFixture {
    var board = PlacementBoard(
        scorer: PlacementPolicy.bestfit.score(mixture: WorkMixture([]), nodes: []))
    var lastSlot: UInt64 = 0

    static let now = Instant(microseconds: 1_000_000_000)

    static func node(
        _ number: UInt64, cpus: Int64 = 8, gpus: Int = 0, type: DeviceType = .gpu, model: String = "A100",
        labels: [Label] = [], credits: UInt32 = 100
    ) -> PlacementNode {
        let resources = Resources(milliCPU: cpus * 1_000, memoryBytes: 64 << 30, diskBytes: 0)
        let devices = (0..<gpus).map { _ in DeviceCapacity(type: type, model: model, memoryBytes: 40 << 30) }
        return PlacementNode(
            node: NodeID(number), name: "n\(number)", pool: "default",
            capacity: NodeCapacity(resources: resources, devices: devices, labels: labels.sorted()),
            free: resources, freeShares: devices.map { _ in wholeDeviceShares }, credits: credits)
    }

    init(_ nodes: PlacementNode...) { for node in nodes { board.update(node) } }
    init(_ nodes: [PlacementNode]) { for node in nodes { board.update(node) } }

    static func request(
        job: UInt64 = 1, cpus: Int64 = 1, devices: DeviceRequest? = nil, spread: String? = nil,
        _ change: (inout PlacementDemand) -> Void = { _ in }
    ) -> PlacementRequest {
        var demand = PlacementDemand(
            request: ResourceRequest(resources: Resources(milliCPU: cpus * 1_000), devices: devices))
        change(&demand)
        return PlacementRequest(job: JobID(job), alternatives: [demand], spread: spread)
    }

    mutating func place(_ request: inout PlacementRequest) -> String? {
        lastSlot += 1
        let place = board.place(SlotID(lastSlot), of: &request, at: Self.now)
        return place.map { "n\($0.node)" }
    }

    mutating func place(_ request: PlacementRequest) -> String? {
        var request = request
        return place(&request)
    }
}

@Suite("Placement board")
struct BoardTests {
    typealias F = BoardFixture

    @Test("a job's slots are kept to their number on a node, by a rule or by a pattern")
    func slotsPerNode() {
        var fixture = F(F.node(1), F.node(2))
        var request = F.request {
            $0.slotsPerNode = 1
            $0.job = JobID(1)
        }
        #expect(Set([fixture.place(&request), fixture.place(&request)]) == ["n1", "n2"])
        #expect(fixture.place(&request) == nil)
        #expect(fixture.place(F.request(job: 2)) != nil, "another job is not counted")

        var patterns = F(F.node(1), F.node(2), F.node(3))
        var demand = PlacementDemand(
            request: ResourceRequest(), constraints: [.nodes(parsing: "n1:2"), .nodes(parsing: "n[23]:1")])
        demand.job = JobID(1)
        var byName = PlacementRequest(job: JobID(1), alternatives: [demand])
        let places = (0..<5).map { _ in patterns.place(&byName) }
        #expect(places.compactMap(\.self).sorted() == ["n1", "n1", "n2", "n3"])
        #expect(places.last == .some(nil))
    }

    @Test("apart from itself is one slot a node; with another job is where that one is")
    func affinity() {
        var fixture = F(F.node(1), F.node(2))
        var server = F.request(job: 1) { $0.apart = [JobID(1)] }
        #expect(Set([fixture.place(&server), fixture.place(&server)]) == ["n1", "n2"])
        #expect(fixture.place(&server) == nil)

        var other = F(F.node(1), F.node(2), F.node(3))
        var reader = F.request(job: 3) { $0.with = [[JobID(2)]] }
        #expect(other.place(&reader) == nil, "no slot of the other job is anywhere")
        let there = other.place(F.request(job: 2))
        #expect(there != nil)
        #expect(other.place(&reader) == there)
    }

    @Test("spread fills the label's values equally; a node without the label takes none")
    func spread() {
        let zones = ["a", "a", "a", "b", "c"].enumerated().map { number, zone in
            F.node(UInt64(number + 1), labels: [Label("zone", zone)])
        }
        var fixture = F(zones + [F.node(9)])
        var request = F.request(spread: "zone")
        for _ in 0..<9 { #expect(fixture.place(&request) != nil) }
        #expect(request.spreadCounts == ["a": 3, "b": 3, "c": 3])
    }

    @Test("preferences decide among nodes with room, and keep none out")
    func preferences() {
        var fixture = F(F.node(1), F.node(2, cpus: 1, labels: [Label("disk", "nvme")]))
        var request = F.request { $0.preferences = [.hasLabel("disk")] }
        #expect(fixture.place(&request) == "n2")
        #expect(fixture.place(&request) == "n1", "the preferred one is full")
    }

    @Test("the first alternative that has room is taken")
    func alternatives() {
        var fixture = F(F.node(1, gpus: 1), F.node(2, cpus: 64))
        var request = F.request(devices: DeviceRequest(type: .gpu))
        request.alternatives += F.request(cpus: 64).alternatives
        let first = fixture.board.place(SlotID(1), of: &request, at: F.now)
        let second = fixture.board.place(SlotID(2), of: &request, at: F.now)
        #expect(first?.node == NodeID(1) && first?.alternative == 0)
        #expect(second?.node == NodeID(2) && second?.alternative == 1)
        #expect(fixture.board.place(SlotID(3), of: &request, at: F.now) == nil)
    }

    @Test("what labels count is given out once")
    func counted() {
        var fixture = F(F.node(1, labels: [Label("license.matlab", "3")]), F.node(2))
        var demand = PlacementDemand(request: ResourceRequest())
        demand.request.counted = [CountedResource("license.matlab", 2)]
        var request = PlacementRequest(job: JobID(1), alternatives: [demand])
        #expect(fixture.place(&request) == "n1")
        #expect(fixture.place(&request) == nil, "one is left")
    }

    @Test("several devices go together where links are fast, and leave larger sets whole")
    func topology() {
        var node = F.node(1, gpus: 8)
        for device in 0..<8 { node.capacity.devices[device].linkGroup = device < 4 ? 0 : 1 }
        func devices(_ free: [UInt32], _ count: UInt32, _ type: DeviceType = .gpu) -> [UInt32]? {
            var node = node
            for device in 0..<8 { node.capacity.devices[device].type = type }
            node.freeShares = free
            let demand = PlacementDemand(
                request: ResourceRequest(devices: DeviceRequest(type: type, count: count)))
            guard case .fits(let grants) = Fit(demand, on: node, at: F.now) else { return nil }
            return grants.map(\.device)
        }
        #expect(devices([1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 0, 0], 2) == [4, 5], "the smaller set")
        #expect(devices([1_000, 1_000, 0, 0, 1_000, 1_000, 1_000, 1_000], 4) == [4, 5, 6, 7])
        #expect(devices([1_000, 1_000, 1_000, 0, 1_000, 1_000, 1_000, 0], 4) == [0, 1, 2, 4], "GPUs mix")
        #expect(
            devices([1_000, 1_000, 1_000, 0, 1_000, 1_000, 1_000, 0], 4, .npu) == nil, "HCCS rings do not")
        #expect(devices(Array(repeating: 1_000, count: 8), 8, .npu) == Array(0..<8))
    }

    @Test("time that a node has left, and a hold, count against work that takes longer")
    func holds() {
        var held = F.node(1)
        held.hold = Hold(job: JobID(7), startsAt: F.now + .seconds(100))
        var fixture = F(held)
        #expect(fixture.place(F.request { ($0.seconds, $0.endsInTime) = (101, true) }) == nil)
        #expect(fixture.place(F.request { $0.seconds = 99 }) == nil, "nobody says that it ends")
        #expect(
            fixture.place(F.request { ($0.seconds, $0.endsInTime) = (99, true) }) == "n1", "it ends before")
        #expect(fixture.place(F.request(job: 7) { ($0.seconds, $0.job) = (500, JobID(7)) }) == "n1")
        held.hold = Hold(job: JobID(7))
        fixture.board.update(held)
        #expect(
            fixture.place(F.request { ($0.seconds, $0.endsInTime) = (1, true) }) == nil,
            "nobody knows when it starts")
    }

    @Test("all slots of a gang are placed, or nothing has changed")
    func gangs() {
        var fixture = F(F.node(1, cpus: 2), F.node(2, cpus: 2))
        let before = fixture.board.nodes
        var request = F.request()
        #expect(fixture.board.placeAll((1...5).map { SlotID($0) }, of: &request, at: F.now) == nil)
        #expect(fixture.board.nodes == before)
        #expect(fixture.board.placeAll((1...4).map { SlotID($0) }, of: &request, at: F.now)?.count == 4)
    }
}
