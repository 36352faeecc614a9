import ClusterTypes
import Testing

@testable import CoordinatorPlacement

@Suite("The best of many nodes")
struct ScoredNodesTests {
    private static let works = [
        WorkClass(milliCPU: 4_000, memory: 8, devices: 0, shares: 0),
        WorkClass(milliCPU: 2_000, memory: 4, devices: 1, shares: 300),
        WorkClass(milliCPU: 1_000, memory: 4, devices: 1, shares: 700, models: 0b10),
        WorkClass(milliCPU: 8_000, memory: 16, devices: 1, shares: 1_000),
        WorkClass(milliCPU: 16_000, memory: 32, devices: 4, shares: 1_000, models: 0b01),
    ]

    private static func rooms(_ random: inout SeededRandom) -> NodeRooms {
        NodeRooms(
            (0..<37).map { _ in
                let devices = Int.random(in: 0...8, using: &random)
                return NodeRooms.Room(
                    model: devices == 0 ? nil : Int.random(in: 0...1, using: &random),
                    milliCPU: Int.random(in: 1...64, using: &random) * 1_000,
                    memory: Int.random(in: 8...256, using: &random),
                    shares: (0..<devices).map { _ in Int.random(in: 0...10, using: &random) * 100 })
            })
    }

    private static func score(_ rooms: NodeRooms) -> UsableCapacity {
        UsableCapacity(
            WorkMixture(works.enumerated().map { ($1, Double($0 + 1)) }),
            nodes: (0..<rooms.count).map { rooms.room($0) })
    }

    @Test(
        "After any changes it is the one that a look at all nodes finds, the first of equal ones",
        arguments: 1...20)
    func best(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let rooms = Self.rooms(&random)
        let score = Self.score(rooms)
        var nodes = ScoredNodes(rooms, score)
        var taken: [(WorkClass, [Int], Int)] = []
        var places = 0
        // The last one for so long that changes are forgotten.
        for _ in 1...(seed == 20 ? 3_000 : 300) {
            if let place = taken.indices.randomElement(using: &random),
                Int.random(in: 0..<3, using: &random) == 0
            {
                let (work, devices, node) = taken.remove(at: place)
                nodes.giveBack(work, devices, on: node)
                continue
            }
            let work = try #require(Self.works.randomElement(using: &random))
            var expected: (node: Int, score: Double)?
            for node in 0..<nodes.rooms.count where nodes.rooms.fits(work, on: node) {
                let standing = score.standing(of: node, in: nodes.rooms)
                let value = score.score(work, on: node, standing, in: nodes.rooms)
                if value > expected?.score ?? -.infinity { expected = (node, value) }
            }
            let found = nodes.best(for: work)
            #expect(found?.node == expected?.node, "seed \(seed)")
            guard let found else { continue }
            let room = nodes.rooms.room(found.node)
            #expect(found.devices.count == work.devices && Set(found.devices).count == work.devices)
            #expect(found.devices.allSatisfy { room.shares[$0] >= work.shares }, "seed \(seed)")
            nodes.take(work, found.devices, on: found.node)
            taken.append((work, found.devices, found.node))
            places += 1
        }
        #expect(places > 20)
    }

    @Test("What is given back is as if it had never been taken")
    func givingBack() throws {
        var random = SeededRandom(seed: 5)
        let before = Self.rooms(&random)
        var nodes = ScoredNodes(before, Self.score(before))
        var taken: [(WorkClass, [Int], Int)] = []
        for work in Self.works + Self.works {
            guard let (node, devices) = nodes.best(for: work) else { continue }
            nodes.take(work, devices, on: node)
            taken.append((work, devices, node))
        }
        #expect(taken.count > 5)
        for (work, devices, node) in taken { nodes.giveBack(work, devices, on: node) }
        #expect((0..<before.count).allSatisfy { nodes.rooms.room($0) == before.room($0) })
        #expect((0..<before.count).allSatisfy { nodes.rooms.freeShares[$0] == before.freeShares[$0] })
    }

    @Test("Of so many kinds of work that some are forgotten, each finds the best node all the same")
    func manyKinds() {
        let rooms = NodeRooms(
            [1_300, 4_000, 2_600].map { .init(model: nil, milliCPU: $0, memory: 8, shares: []) })
        let score = BestFit()
        var nodes = ScoredNodes(rooms, score)
        var missed = 0
        for milliCPU in Array(1...2_500) + [1, 2] {
            let work = WorkClass(milliCPU: milliCPU, memory: 1, devices: 0, shares: 0)
            let values = (0..<3).map {
                rooms.fits(work, on: $0) ? score.score(work, on: $0, 0, in: rooms) : -.infinity
            }
            if nodes.best(for: work)?.node != values.firstIndex(of: values.max() ?? 0) { missed += 1 }
        }
        #expect(missed == 0)
    }

    @Test("By another measure all nodes are looked at again")
    func anotherMeasure() {
        var random = SeededRandom(seed: 6)
        var nodes = ScoredNodes(Self.rooms(&random), BestFit())
        var taken = 0
        for work in Self.works {
            guard let (node, devices) = nodes.best(for: work) else { continue }
            nodes.take(work, devices, on: node)
            taken += 1
        }
        #expect(taken > 2)
        let score = Self.score(nodes.rooms)
        nodes.use(score)
        var fresh = ScoredNodes(nodes.rooms, score)
        var old = ScoredNodes(nodes.rooms, BestFit())
        var differing = 0
        for work in Self.works {
            let found = nodes.best(for: work)
            let expected = fresh.best(for: work)
            #expect(found?.node == expected?.node && found?.devices == expected?.devices)
            if old.best(for: work)?.node != found?.node { differing += 1 }
        }
        #expect(differing > 0)
    }

    @Test("Each resource is kept to, to the last unit")
    func fits() {
        let room = NodeRooms([.init(model: 1, milliCPU: 2_000, memory: 4, shares: [300, 1_000])])
        func fits(_ change: (inout WorkClass) -> Void) -> Bool {
            var work = WorkClass(milliCPU: 2_000, memory: 4, devices: 2, shares: 300, models: 0b10)
            change(&work)
            return room.fits(work, on: 0)
        }
        #expect(fits { _ in })
        #expect(!fits { $0.milliCPU += 1 })
        #expect(!fits { $0.memory += 1 })
        #expect(!fits { $0.devices += 1 })
        #expect(!fits { $0.shares += 1 })
        #expect(!fits { $0.models = 0b01 })
        #expect(fits { $0.models = 0 })
    }

    @Test("Work goes where it spoils least")
    func spoils() {
        let share = WorkClass(milliCPU: 1_000, memory: 1, devices: 1, shares: 500)
        let whole = WorkClass(milliCPU: 1_000, memory: 1, devices: 1, shares: 1_000)
        let mixture = WorkMixture([(share, 1), (whole, 1)])
        let empty = NodeRooms.Room(model: 0, milliCPU: 8_000, memory: 8, shares: [1_000, 1_000])
        func best(_ work: WorkClass, _ rooms: [NodeRooms.Room]) -> (node: Int, devices: [Int])? {
            var nodes = ScoredNodes(
                NodeRooms(rooms), UsableCapacity(mixture, nodes: [empty]))
            return nodes.best(for: work)
        }
        var begun = empty
        begun.shares = [1_000, 500]
        // The rest of a device that is begun, and of no whole one.
        #expect(best(share, [empty, begun])?.node == 1)
        #expect(best(share, [empty, begun])?.devices == [1])
        // Work without devices goes where CPUs are of no use to devices any more.
        var full = empty
        full.shares = [0, 0]
        #expect(best(WorkClass(milliCPU: 7_000, memory: 1, devices: 0, shares: 0), [empty, full])?.node == 1)
    }

    @Test("Devices that some work can do nothing without are left to it")
    func scarcity() {
        let free = WorkClass(milliCPU: 1_000, memory: 1, devices: 1, shares: 1_000)
        let bound = WorkClass(milliCPU: 1_000, memory: 1, devices: 1, shares: 1_000, models: 0b01)
        let rooms = [0, 1].map {
            NodeRooms.Room(model: $0, milliCPU: 8_000, memory: 8, shares: [1_000])
        }
        var nodes = ScoredNodes(
            NodeRooms(rooms), UsableCapacity(WorkMixture([(free, 1), (bound, 1)]), nodes: rooms))
        #expect(nodes.best(for: free)?.node == 1)
        #expect(nodes.best(for: bound)?.node == 0)
    }
}
