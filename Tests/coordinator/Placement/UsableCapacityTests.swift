import Testing

@testable import CoordinatorPlacement

/// Worked out by hand.
@Suite("What of a node work to come can use")
struct UsableCapacityTests {
    private static let whole = WorkClass(milliCPU: 1_000, memory: 1, devices: 1, shares: 1_000)

    private static func room(_ shares: [Int], milliCPU: Int = 8_000, model: Int = 0) -> NodeRooms.Room {
        .init(model: model, milliCPU: milliCPU, memory: 8, shares: shares)
    }

    /// - Parameter nodes: the cluster when it is empty; the node alone by default.
    private static func usable(
        _ mixture: [(work: WorkClass, share: Double)], _ node: NodeRooms.Room,
        _ nodes: [NodeRooms.Room]? = nil
    ) -> Double {
        let score = UsableCapacity(WorkMixture(mixture), nodes: nodes ?? [node])
        return score.standing(of: 0, in: NodeRooms([node]))
    }

    @Test("Devices with room for it, and all of their room")
    func room() {
        let share = WorkClass(milliCPU: 1_000, memory: 1, devices: 1, shares: 400)
        let empty = [Self.room([1_000, 1_000, 1_000])]
        // Of three devices it gets 2,400 of 3,000: 1.25 squared.
        let alone = Self.usable([(share, 1)], Self.room([1_000, 500, 300]), empty)
        #expect(alone == 1_500 * 1.5625)
        // Half of the work wants whole devices, of which it can have all.
        let both = Self.usable([(share, 1), (Self.whole, 1)], Self.room([1_000, 500, 300]), empty)
        let half = 1_500 * 1.5625 / 2
        #expect(both == half + 500)
        #expect(Self.usable([(Self.whole, 1)], Self.room([900, 900]), empty) == 0)
    }

    @Test("Work on several devices uses whole groups of them")
    func groups() {
        let pair = WorkClass(milliCPU: 1_000, memory: 1, devices: 2, shares: 1_000)
        let empty = [Self.room(Array(repeating: 1_000, count: 4))]
        #expect(Self.usable([(pair, 1)], empty[0], empty) == 4_000)
        #expect(Self.usable([(pair, 1)], Self.room([0, 1_000, 1_000, 1_000]), empty) == 2_000)
        #expect(Self.usable([(pair, 1)], Self.room([0, 500, 1_000, 500]), empty) == 0)
    }

    @Test("Only as far as CPUs can feed it, where these are scarce")
    func cpus() {
        let heavy = WorkClass(milliCPU: 4_000, memory: 1, devices: 1, shares: 1_000)
        let four = Array(repeating: 1_000, count: 4)
        // As many CPUs as the work wants are all there are: two of four devices are fed.
        let scarce = [Self.room(four, milliCPU: 16_000)]
        #expect(Self.usable([(heavy, 1)], Self.room(four, milliCPU: 8_000), scarce) == 2_000)
        #expect(Self.usable([(heavy, 1)], Self.room(four, milliCPU: 3_999), scarce) == 0)
        // Twice as many: a sixteenth of what is missing counts.
        let plenty = [Self.room(four, milliCPU: 32_000)]
        let half = Self.usable([(heavy, 1)], Self.room(four, milliCPU: 8_000), plenty)
        #expect(half == 4_000 - 125)
    }

    @Test("Beside a slot comes average work, where that is lighter")
    func others() {
        let heavy = WorkClass(milliCPU: 7_000, memory: 1, devices: 1, shares: 1_000)
        let mixture = [(work: heavy, share: 1.0), (work: Self.whole, share: 1.0)]
        // 4 CPUs a device on average, and as many there are: heavy work wants 7 + 4 of the 8, light work 1 + 1. Of two
        // devices heavy work alone gets one, so that it counts 4 times.
        let found = Self.usable(mixture, Self.room([1_000, 1_000]))
        let heavyPart = 2_000.0 * 8 / 11 * 4
        #expect(abs(found - heavyPart / 2 - 1_000) < 1e-9)
    }

    @Test("Work that only few nodes can take counts by how few, to a limit")
    func rarity() {
        let bound = WorkClass(milliCPU: 1_000, memory: 1, devices: 1, shares: 1_000, models: 0b10)
        func usable(_ others: Int) -> Double {
            let node = Self.room([1_000], model: 1)
            let others = (0..<others).map { _ in Self.room([1_000]) }
            return Self.usable([(bound, 1)], node, [node] + others)
        }
        #expect(usable(0) == 1_000)
        #expect(usable(1) == 4_000)
        #expect(usable(9) == 100_000)
        #expect(usable(99) == 100_000)
    }

    @Test("Nothing is of use to no work, or on a model that none was of")
    func nothing() {
        #expect(Self.usable([], Self.room([1_000])) == 0)
        #expect(Self.usable([(Self.whole, 1)], Self.room([1_000], model: 5), [Self.room([1_000])]) == 0)
        let cpuOnly = WorkClass(milliCPU: 1_000, memory: 1, devices: 0, shares: 0)
        #expect(Self.usable([(cpuOnly, 1)], Self.room([1_000])) == 0)
        #expect(Self.usable([(Self.whole, 1)], .init(model: nil, milliCPU: 1, memory: 1, shares: [])) == 0)
    }

    @Test("The order in which the mixture is told changes nothing")
    func order() {
        let work = (1...9).map { step -> (work: WorkClass, share: Double) in
            (WorkClass(milliCPU: step * 700, memory: 1, devices: 1, shares: step * 100), 1 / Double(step))
        }
        let node = Self.room([1_000, 700, 300], milliCPU: 9_000)
        #expect(Self.usable(work, node) == Self.usable(work.reversed(), node))
    }
}
