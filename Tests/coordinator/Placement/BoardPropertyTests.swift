import ClusterTypes
import CoordinatorPlacement
import Testing

/// Random clusters and requests: the board against a look at every node, and the books against what was placed.
@Suite("Placement board: properties")
struct BoardPropertyTests {
    typealias F = BoardFixture

    private struct Cluster {
        var random: SeededRandom
        var fixture: BoardFixture
        var placed: [(slot: SlotID, node: NodeID)] = []

        init(seed: UInt64) {
            random = SeededRandom(seed: seed)
            let models = ["A100", "T4", "910B"]
            var nodes: [PlacementNode] = []
            for number in 1...12 {
                let model = models[random.below(3)]
                var node = F.node(
                    UInt64(number), cpus: Int64(1 + random.below(16)), gpus: random.below(3) * 2,
                    type: model == "910B" ? .npu : .gpu, model: model,
                    labels: random.below(2) == 0 ? [Label("zone", random.below(2) == 0 ? "a" : "b")] : [],
                    credits: UInt32(1 + random.below(20)))
                let gigabytes: Int64 = random.below(2) == 0 ? 40 : 64
                for device in node.capacity.devices.indices {
                    node.capacity.devices[device].memoryBytes = gigabytes << 30
                }
                if random.below(4) == 0, !node.capacity.devices.isEmpty {
                    node.capacity.devices[0].model = "V100"
                    node.capacity.devices[0].memoryBytes = 16 << 30
                }
                nodes.append(node)
            }
            fixture = BoardFixture(nodes)
        }

        mutating func demand() -> PlacementDemand {
            var devices: DeviceRequest?
            if random.below(2) == 0 {
                devices = DeviceRequest(
                    type: random.below(3) == 0 ? .npu : .gpu, count: UInt32(1 + random.below(2)),
                    shares: [200, 500, 1_000][random.below(3)],
                    model: [nil, nil, "A100", "T4|V100"][random.below(4)])
                if random.below(3) == 0 {
                    devices?.shares = wholeDeviceShares
                    devices?.memoryShareBytes = [3, 10, 16, 40][random.below(4)] << 30
                }
            }
            var demand = PlacementDemand(
                request: ResourceRequest(
                    resources: Resources(milliCPU: Int64(500 * (1 + random.below(6)))), devices: devices))
            if random.below(4) == 0 { demand.constraints = [.label(key: "zone", value: "a")] }
            if random.below(4) == 0 {
                demand.job = JobID(UInt64(1 + random.below(3)))
                demand.slotsPerNode = 2
            }
            if random.below(5) == 0 { demand.apart = [JobID(UInt64(1 + random.below(3)))] }
            return demand
        }

        /// What nodes have in all is what is free of them and what their slots have; and what is asked for by memory is
        /// there in thousandths, and not one more.
        func checkBooks() {
            for node in fixture.board.nodes {
                for occupant in node.occupants {
                    guard let bytes = occupant.request.devices?.memoryShareBytes else { continue }
                    for grant in occupant.devices {
                        let memory = node.capacity.devices[Int(grant.device)].memoryBytes
                        #expect(Int64(grant.shares) * memory >= 1_000 * bytes)
                        #expect(Int64(grant.shares - 1) * memory < 1_000 * bytes)
                    }
                }
                #expect(node.free.milliCPU >= 0)
                let used = node.occupants.reduce(Int64(0)) { $0 + $1.request.resources.milliCPU }
                #expect(node.free.milliCPU + used == node.capacity.resources.milliCPU)
                for device in node.capacity.devices.indices {
                    let shares = node.occupants.flatMap { $0.devices }.filter { $0.device == UInt32(device) }
                    #expect(
                        node.freeShares[device] + shares.reduce(0) { $0 + $1.shares } == wholeDeviceShares)
                }
            }
        }
    }

    @Test("a place is found where one is, fits there, and the books are right", arguments: 1...20)
    func finds(seed: UInt64) {
        var cluster = Cluster(seed: seed)
        for number in 1...300 {
            if cluster.random.below(3) == 0, !cluster.placed.isEmpty {
                let (slot, node) = cluster.placed.remove(at: cluster.random.below(cluster.placed.count))
                cluster.fixture.board.change(node) { $0.release(slot) }
            }
            let demand = cluster.demand()
            let fitting = cluster.fixture.board.nodes.filter { Fit(demand, on: $0, at: F.now).isFit }
            var request = PlacementRequest(
                job: demand.job ?? JobID(UInt64(1 + number % 3)), alternatives: [demand])
            let slot = SlotID(UInt64(number))
            let place = cluster.fixture.board.place(slot, of: &request, at: F.now)
            if let place {
                #expect(fitting.contains { $0.node == place.node }, "seed \(seed), slot \(number)")
                cluster.placed.append((slot, place.node))
            } else {
                #expect(
                    fitting.isEmpty, "seed \(seed): slot \(number) has room on \(fitting.first?.name ?? "")")
            }
            cluster.checkBooks()
        }
    }

    @Test("a gang of random size is placed whole or not at all", arguments: 1...20)
    func gangs(seed: UInt64) {
        var cluster = Cluster(seed: seed)
        for number in 1...60 {
            let demand = cluster.demand()
            let size = 1 + cluster.random.below(8)
            let slots = (0..<size).map { SlotID(UInt64(number * 100 + $0)) }
            var request = PlacementRequest(job: demand.job ?? JobID(9), alternatives: [demand])
            let before = cluster.fixture.board.nodes
            let places = cluster.fixture.board.placeAll(slots, of: &request, at: F.now)
            let placed = cluster.fixture.board.nodes.flatMap { $0.occupants }.count {
                slots.contains($0.slot)
            }
            #expect(placed == (places == nil ? 0 : size), "seed \(seed)")
            if places == nil { #expect(cluster.fixture.board.nodes == before, "seed \(seed)") }
            cluster.checkBooks()
        }
    }

    @Test(
        "preemption makes room, stops only what may be stopped, and could spare none of it", arguments: 1...20
    )
    func preemption(seed: UInt64) {
        var cluster = Cluster(seed: seed)
        // Jobs 1 and 2 may be stopped, 2 is worth more.
        let worth: (JobID) -> Int32? = { $0.rawValue == 3 ? nil : Int32($0.rawValue) }
        for number in 1...120 {
            var request = PlacementRequest(
                job: JobID(UInt64(1 + cluster.random.below(3))), alternatives: [cluster.demand()])
            request.alternatives[0].job = nil
            _ = cluster.fixture.board.place(SlotID(UInt64(number)), of: &request, at: F.now)
        }
        var plans = 0
        for _ in 0..<60 {
            let demand = cluster.demand()
            guard !cluster.fixture.board.nodes.contains(where: { Fit(demand, on: $0, at: F.now).isFit })
            else {
                continue
            }
            let plan = cluster.fixture.board.preemption(for: demand, at: F.now, worth: worth)
            guard let plan else {
                for var node in cluster.fixture.board.nodes {
                    for occupant in node.occupants where worth(occupant.job) != nil {
                        node.release(occupant.slot)
                    }
                    #expect(!Fit(demand, on: node, at: F.now).isFit, "seed \(seed): there was a way")
                }
                continue
            }
            guard let node = cluster.fixture.board[plan.node] else {
                Issue.record("seed \(seed): an unknown node")
                continue
            }
            plans += 1
            var cleared = node
            for victim in plan.victims {
                let occupant = node.occupants.first { $0.slot == victim }
                #expect(occupant.map { worth($0.job) != nil } == true)
                cleared.release(victim)
            }
            #expect(Fit(demand, on: cleared, at: F.now).isFit, "seed \(seed)")
            for spared in plan.victims {
                var node = node
                for victim in plan.victims where victim != spared { node.release(victim) }
                #expect(!Fit(demand, on: node, at: F.now).isFit, "seed \(seed): \(spared) could be spared")
            }
        }
        #expect(plans > 0, "seed \(seed): nothing was tried")
    }

    @Test("a reservation says when there is room, as far as ends are known", arguments: 1...20)
    func reservation(seed: UInt64) {
        var cluster = Cluster(seed: seed)
        for number in 1...150 {
            var request = PlacementRequest(job: JobID(1), alternatives: [cluster.demand()])
            _ = cluster.fixture.board.place(SlotID(UInt64(number)), of: &request, at: F.now)
        }
        // One in seven is a service, one in five says nothing.
        let end: (Occupant) -> ExpectedEnd = { occupant in
            let number = occupant.slot.rawValue
            if number % 7 == 0 { return .never }
            return number % 5 == 0 ? .unknown : .latest(F.now + .seconds(Int64(number)))
        }
        var waits = 0
        for _ in 0..<40 {
            let demand = cluster.demand()
            let request = PlacementRequest(job: JobID(50), alternatives: [demand])
            let found = cluster.fixture.board.reservation(
                for: [SlotID(999)], of: request, at: F.now, end: end)
            guard let found else {
                // Not even when all has ended that will.
                for var node in cluster.fixture.board.nodes {
                    for occupant in node.occupants where end(occupant) != .never {
                        node.release(occupant.slot)
                    }
                    #expect(!Fit(demand, on: node, at: F.now).isFit, "seed \(seed): there is a way")
                }
                continue
            }
            guard let start = found.startsAt else { continue }
            if start > F.now { waits += 1 }
            func fits(at moment: Instant) -> Bool {
                cluster.fixture.board.nodes.contains { node in
                    var node = node
                    for occupant in node.occupants {
                        if case .latest(let end) = end(occupant), end <= moment {
                            node.release(occupant.slot)
                        }
                    }
                    return Fit(demand, on: node, at: moment).isFit
                }
            }
            #expect(fits(at: start), "seed \(seed)")
            if start > F.now {
                #expect(!fits(at: start - .seconds(1)), "seed \(seed): it could start sooner")
            }
        }
        #expect(waits > 0, "seed \(seed): nothing was tried")
    }

    @Test("moves free the devices that they say, and move nothing twice", arguments: 1...20)
    func defragmentation(seed: UInt64) {
        // Not every cluster has something to free.
        let freed = (0..<5).map { freedByMoves(seed: 100 * seed + $0) }
        #expect(freed.contains { $0 > 0 }, "seed \(seed): nothing was tried")
    }

    /// - Returns: how many devices became whole.
    private func freedByMoves(seed: UInt64) -> Int {
        var cluster = Cluster(seed: seed)
        for number in 1...150 {
            var request = PlacementRequest(job: JobID(1), alternatives: [cluster.demand()])
            _ = cluster.fixture.board.place(SlotID(UInt64(number)), of: &request, at: F.now)
        }
        for node in cluster.fixture.board.nodes {
            for occupant in node.occupants where cluster.random.below(2) == 0 {
                cluster.fixture.board.change(node.node) { $0.release(occupant.slot) }
            }
        }
        var board = cluster.fixture.board
        let whole = board.wholeDevices
        let freed = board.defragmentation(at: F.now) { occupant in
            PlacementRequest(
                job: occupant.job, alternatives: [PlacementDemand(request: occupant.request)])
        }
        for entry in freed {
            for move in entry.moves {
                #expect(move.to != move.from)
                guard let occupant = board[move.from]?.occupants.first(where: { $0.slot == move.slot }) else {
                    Issue.record("seed \(seed): \(move.slot) is not where it was")
                    continue
                }
                board.change(move.from) { $0.release(move.slot) }
                var moved = occupant
                moved.devices = move.devices
                board.change(move.to) { $0.take(moved) }
            }
            #expect(board[entry.node]?.freeShares[Int(entry.device)] == wholeDeviceShares, "seed \(seed)")
        }
        #expect(board.wholeDevices >= whole + freed.count, "seed \(seed)")
        return freed.count
    }
}

extension SeededRandom {
    fileprivate mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
}
