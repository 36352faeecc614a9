import ClusterTypes
import CoordinatorPlacement
import Testing

/// What `mortise-sim placement` measures with numbers alone is what the board does with whole nodes. All but `random`,
/// which draws lots from the numbers that it is shown.
@Suite("Placement board against scored nodes")
struct BoardAgainstScoredNodesTests {
    private static let models = ["T4", "V100M16", "V100M32"]

    private struct Pod {
        var work: WorkClass
        var demand: PlacementDemand

        /// - Parameter wanted: positions in `models`; empty: any.
        init(milliCPU: Int, devices: Int, shares: Int, wanted: [Int]) {
            work = WorkClass(
                milliCPU: milliCPU, memory: 0, devices: devices, shares: shares,
                models: devices == 0 ? 0 : wanted.reduce(0) { $0 | 1 << UInt64($1) })
            demand = PlacementDemand(
                request: ResourceRequest(
                    resources: Resources(milliCPU: Int64(milliCPU)),
                    devices: devices == 0
                        ? nil
                        : DeviceRequest(
                            type: .gpu, count: UInt32(devices), shares: UInt32(shares),
                            model: wanted.isEmpty ? nil : wanted.map { models[$0] }.joined(separator: "|"))))
        }
    }

    private static func pods(_ random: inout SeededRandom) -> [Pod] {
        (0..<12).map { _ in
            let devices = [0, 1, 1, 1, 2, 4][Int.random(in: 0..<6, using: &random)]
            return Pod(
                milliCPU: 500 * Int.random(in: 1...12, using: &random), devices: devices,
                shares: devices == 1 ? [110, 250, 500, 1_000][Int.random(in: 0..<4, using: &random)] : 1_000,
                wanted: [[], [], [0], [1, 2], [0, 2]][Int.random(in: 0..<5, using: &random)])
        }
    }

    @Test(
        "both take the same nodes and devices, by every policy",
        arguments: PlacementPolicy.allCases.filter { $0 != .random }, 1...4)
    func sameChoices(policy: PlacementPolicy, seed: UInt64) {
        var random = SeededRandom(seed: seed)
        // Each model once at the beginning, so that both number them alike.
        let nodes = (0..<30).map { number in
            let model = number < 3 ? number : Int.random(in: 0..<3, using: &random)
            var node = BoardFixture.node(
                UInt64(number + 1), cpus: Int64.random(in: 8...64, using: &random),
                gpus: [1, 2, 4, 8][Int.random(in: 0..<4, using: &random)], model: Self.models[model],
                credits: .max)
            node.capacity.resources.memoryBytes = 0
            node.free.memoryBytes = 0
            return (model: model, node: node)
        }
        let rooms = nodes.map { model, node in
            NodeRooms.Room(
                model: model, milliCPU: Int(node.free.milliCPU), memory: 0,
                shares: node.freeShares.map(Int.init))
        }
        let pods = Self.pods(&random)
        let mixture = WorkMixture(pods.map { ($0.work, 1) })
        let score = policy.score(mixture: mixture, nodes: rooms, seed: seed)
        var board = PlacementBoard(scorer: score)
        for (_, node) in nodes { board.update(node) }
        var scored = ScoredNodes(NodeRooms(rooms), score)
        var full = 0
        for slot in 1...400 as ClosedRange<UInt64> {
            let pod = pods[Int.random(in: 0..<pods.count, using: &random)]
            var request = PlacementRequest(job: JobID(1), alternatives: [pod.demand])
            let place = board.place(SlotID(slot), of: &request, at: .epoch)
            let other = scored.best(for: pod.work)
            if let other { scored.take(pod.work, other.devices, on: other.node) }
            #expect(place.map { Int($0.node.rawValue) - 1 } == other?.node, "slot \(slot)")
            #expect(place?.devices.map { Int($0.device) } == other?.devices, "slot \(slot)")
            if place == nil { full += 1 }
            if (place?.node).map({ Int($0.rawValue) - 1 }) != other?.node { return }
        }
        #expect(full > 0, "there was always room")
    }
}
