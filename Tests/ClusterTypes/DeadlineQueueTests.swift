import ClusterTypes
import Testing

@Suite struct DeadlineQueueTests {
    private func at(_ microseconds: Int64) -> Instant { Instant(microseconds: microseconds) }

    @Test func expiredKeysComeEarliestFirstAndEqualOnesByKey() {
        var queue = DeadlineQueue<Int>()
        queue.set(3, to: at(20))
        queue.set(2, to: at(10))
        queue.set(1, to: at(20))
        queue.set(4, to: at(30))
        #expect(queue.earliest == at(10))
        #expect(queue.popExpired(at: at(20)) == [2, 1, 3])
        #expect(queue.popExpired(at: at(29)) == [])
        #expect(queue.popExpired(at: at(30)) == [4])
        #expect(queue.isEmpty)
        #expect(queue.earliest == nil)
    }

    @Test func aDeadlineMovesInBothDirections() {
        var queue = DeadlineQueue<Int>()
        queue.set(1, to: at(10))
        queue.set(1, to: at(50))
        #expect(queue.popExpired(at: at(49)) == [])
        queue.set(1, to: at(60))
        queue.set(1, to: at(55))
        #expect(queue.popExpired(at: at(55)) == [1])
        #expect(queue.popExpired(at: at(100)) == [])
    }

    @Test func aRemovedKeyDoesNotExpire() {
        var queue = DeadlineQueue<Int>()
        queue.set(1, to: at(10))
        queue.remove(1)
        #expect(queue.isEmpty)
        #expect(queue.popExpired(at: at(10)) == [])
        queue.set(1, to: at(20))
        #expect(queue.popExpired(at: at(15)) == [])
        #expect(queue.popExpired(at: at(20)) == [1])
    }

    /// The model: a dictionary, searched whole.
    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func itBehavesLikeASearchThroughAllDeadlines(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var queue = DeadlineQueue<Int>()
        var model: [Int: Instant] = [:]
        var now: Int64 = 0
        for step in 0..<2_000 {
            let key = Int.random(in: 0..<40, using: &random)
            let context: Comment = "seed \(seed), step \(step)"
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6:
                let deadline = at(now + Int64.random(in: -5...60, using: &random))
                queue.set(key, to: deadline)
                model[key] = deadline
            case 6:
                queue.remove(key)
                model[key] = nil
            default:
                now += Int64.random(in: 0...20, using: &random)
                let expired = model.filter { $0.value <= at(now) }
                    .sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
                for key in expired { model[key] = nil }
                #expect(queue.popExpired(at: at(now)) == expired, context)
            }
            #expect(queue.isEmpty == model.isEmpty, context)
            // It may be early, never late: a wake-up too many is harmless, one too few is not.
            if let earliest = model.values.min() {
                #expect(queue.earliest.map { $0 <= earliest } == true, context)
            }
        }
    }
}
