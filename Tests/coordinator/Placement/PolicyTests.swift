import Foundation
import Testing

@testable import CoordinatorPlacement

/// Worked out by hand.
@Suite("What each policy makes of a node")
struct PolicyTests {
    private static let share = WorkClass(milliCPU: 1_000, memory: 1, devices: 1, shares: 500)
    private static let whole = WorkClass(milliCPU: 1_000, memory: 1, devices: 1, shares: 1_000)
    private static let cpuOnly = WorkClass(milliCPU: 1_000, memory: 1, devices: 0, shares: 0)

    private static func node(_ shares: [Int], milliCPU: Int = 128_000) -> NodeRooms {
        NodeRooms([.init(model: 0, milliCPU: milliCPU, memory: 8, shares: shares)])
    }

    private static func score(
        _ policy: PlacementPolicy, _ work: WorkClass, _ rooms: NodeRooms,
        _ mixture: [(work: WorkClass, share: Double)] = [(share, 1), (whole, 1)]
    ) -> (score: Double, devices: [Int]) {
        let score = policy.score(mixture: WorkMixture(mixture), nodes: [rooms.room(0)])
        let standing = score.standing(of: 0, in: rooms)
        return (
            score.score(work, on: 0, standing, in: rooms), score.devices(work, on: 0, standing, in: rooms)
        )
    }

    @Test("Best fit: what is left of 128 CPUs and 8 devices, and the tightest device")
    func bestFit() {
        let half = WorkClass(milliCPU: 64_000, memory: 1, devices: 4, shares: 1_000)
        #expect(Self.score(.bestfit, half, Self.node(Array(repeating: 1_000, count: 8))).score == 50)
        // 100 × (1 − 127/256 − 1.3/16), towards zero.
        let begun = Self.score(.bestfit, Self.share, Self.node([1_000, 800]))
        #expect(begun.score == 42 && begun.devices == [1])
        #expect(Self.score(.bestfit, Self.cpuOnly, Self.node([1_000])).devices.isEmpty)
    }

    @Test("Dot product: the less what is free is like what is asked for, the better")
    func dotProduct() {
        let half = WorkClass(milliCPU: 64_000, memory: 1, devices: 4, shares: 1_000)
        #expect(Self.score(.dotProduct, half, Self.node(Array(repeating: 1_000, count: 8))).score == 50)
        let less = Self.score(.dotProduct, half, Self.node([0, 0, 0, 1_000, 1_000, 1_000, 1_000]))
        #expect(less.score == 62)
        #expect(less.devices == [3, 4, 5, 6])
    }

    @Test("Packing: begun devices, then whole ones of begun nodes, then empty nodes, small ones first")
    func packing() {
        #expect(Self.score(.gpuPacking, Self.share, Self.node([1_000, 1_000, 500])).score == 95)
        #expect(Self.score(.gpuPacking, Self.share, Self.node([1_000, 1_000, 500])).devices == [2])
        let two = WorkClass(milliCPU: 1, memory: 1, devices: 2, shares: 1_000)
        #expect(Self.score(.gpuPacking, two, Self.node([1_000, 1_000, 500])).score == 48)
        #expect(Self.score(.gpuPacking, two, Self.node([1_000, 1_000])).score == 31)
        #expect(Self.score(.gpuPacking, two, Self.node(Array(repeating: 1_000, count: 8))).score == 25)
        #expect(Self.score(.gpuPacking, Self.cpuOnly, Self.node([1_000])).score == 0)
    }

    @Test("Clustering: nodes of only such work, of such among others, of none, of others only")
    func clustering() {
        var rooms = Self.node([1_000, 1_000, 1_000, 1_000])
        #expect(Self.score(.gpuClustering, Self.share, rooms).score == 25 + 12)
        rooms.take(Self.cpuOnly, [], on: 0)
        #expect(Self.score(.gpuClustering, Self.share, rooms).score == 25 + 12)
        rooms.take(Self.share, [0], on: 0)
        #expect(Self.score(.gpuClustering, Self.share, rooms).score == 75 + 14)
        #expect(Self.score(.gpuClustering, Self.whole, rooms).score == 14)
        rooms.take(Self.whole, [1], on: 0)
        #expect(Self.score(.gpuClustering, Self.share, rooms).score == 50 + 17)
        rooms.giveBack(Self.whole, [1], on: 0)
        #expect(Self.score(.gpuClustering, Self.share, rooms).score == 75 + 14)
        #expect(Self.score(.gpuClustering, Self.cpuOnly, rooms).score == 0)
    }

    @Test("Fragmentation: what the mixture can use no more, in percent of the logistic function")
    func fragmentation() {
        // 500 are lost for the half of the work that wants a whole device: 100 / (1 + e^0.25) = 43.8.
        #expect(Self.score(.fgd, Self.share, Self.node([1_000])).score == 43)
        // They were lost before, and are in use now: 100 / (1 + e^-0.25) = 56.2.
        let second = Self.score(.fgd, Self.share, Self.node([1_000, 500]))
        #expect(second.score == 56 && second.devices == [1])
        // Without CPUs for anyone, all is lost already.
        let measure = FragmentationGradient(WorkMixture([(Self.share, 1), (Self.whole, 1)]))
        #expect(measure.standing(of: 0, in: Self.node([1_000, 300], milliCPU: 0)) == 1_300)
        #expect(measure.standing(of: 0, in: Self.node([1_000, 300])) == 300)
        // For work without devices, all devices are fragments.
        let idle = FragmentationGradient(WorkMixture([(Self.share, 3), (Self.cpuOnly, 1)]))
        #expect(idle.standing(of: 0, in: Self.node([1_000])) == 250)
    }

    @Test("Whole percents of the logistic function are those of the mathematics library")
    func percents() {
        func expected(_ x: Double) -> Int { Int(1 / (1 + exp(-x)) * 100) }
        #expect(PercentOfSigmoid.thresholds.count == 100)
        var differing: [Double] = []
        for threshold in PercentOfSigmoid.thresholds {
            for x in [threshold.nextDown, threshold, threshold.nextUp]
            where PercentOfSigmoid.of(x) != expected(x) { differing.append(x) }
        }
        for step in -80_000...80_000
        where PercentOfSigmoid.of(Double(step) / 1_000) != expected(Double(step) / 1_000) {
            differing.append(Double(step) / 1_000)
        }
        #expect(differing.isEmpty)
        #expect(PercentOfSigmoid.of(-.infinity) == 0 && PercentOfSigmoid.of(.infinity) == 100)
    }

    @Test("By chance: the same again, another with another seed, and only devices with room")
    func chance() {
        let rooms = NodeRooms(
            (0..<50).map { _ in .init(model: 0, milliCPU: 8_000, memory: 8, shares: [0, 400, 700, 1_000]) })
        func best(_ seed: UInt64) -> (node: Int, devices: [Int])? {
            let score = PlacementPolicy.random.score(mixture: WorkMixture([]), nodes: [], seed: seed)
            var nodes = ScoredNodes(rooms, score)
            return nodes.best(for: Self.share)
        }
        let found = (1...40).map { best(UInt64($0)) }
        #expect(Set(found.map { $0?.node }).count > 10)
        #expect(Set(found.compactMap { $0?.devices }) == [[2], [3]])
        #expect(best(3)?.node == best(3)?.node && best(3)?.devices == best(3)?.devices)
    }

    @Test("Every policy gives places with room", arguments: PlacementPolicy.allCases)
    func places(policy: PlacementPolicy) throws {
        let two = WorkClass(milliCPU: 1_000, memory: 1, devices: 2, shares: 1_000)
        let works = [Self.share, Self.whole, two, Self.cpuOnly]
        let rooms: [NodeRooms.Room] = [
            .init(model: nil, milliCPU: 1_000, memory: 8, shares: []),
            .init(model: 0, milliCPU: 3_000, memory: 8, shares: [1_000, 400]),
            .init(model: 0, milliCPU: 4_000, memory: 8, shares: [1_000, 1_000, 300, 1_000]),
        ]
        var nodes = ScoredNodes(
            NodeRooms(rooms), policy.score(mixture: WorkMixture(works.map { ($0, 1) }), nodes: rooms))
        for work in works {
            let place = nodes.best(for: work)
            let (node, devices) = try #require(place)
            #expect(devices.count == work.devices && Set(devices).count == devices.count)
            let room = nodes.rooms.room(node)
            #expect(devices.allSatisfy { room.shares[$0] >= work.shares } && room.milliCPU >= work.milliCPU)
            nodes.take(work, devices, on: node)
        }
        let none = nodes.best(for: WorkClass(milliCPU: 1, memory: 1, devices: 4, shares: 1_000))
        #expect(none == nil)
    }
}
