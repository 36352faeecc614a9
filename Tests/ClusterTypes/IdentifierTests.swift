import ClusterTypes
import Foundation
import Testing

@Suite struct IdentifierTests {
    @Test func identifiersAreOrderedAndPrintedAsNumbers() {
        #expect(NodeID(9) < NodeID(10))
        #expect(JobID(42).description == "42")
        #expect(SlotKey(SlotID(12), Generation(3)).description == "12.3")
    }

    @Test func keysAreOrderedBySlotAndThenByGeneration() {
        let keys = [
            SlotKey(SlotID(2), Generation(1)), SlotKey(SlotID(1), Generation(9)),
            SlotKey(SlotID(1), Generation(2)),
        ]
        #expect(keys.sorted().map(\.description) == ["1.2", "1.9", "2.1"])
    }

    @Test func aGenerationGrowsByOne() {
        #expect(Generation(7).next == Generation(8))
        #expect(Generation(7) < Generation(7).next)
    }

    @Test func jsonHoldsPlainNumbers() throws {
        let key = SlotKey(SlotID(12), Generation(3))
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let json = String(decoding: try encoder.encode(key), as: UTF8.self)
        #expect(json == #"{"generation":3,"slot":12}"#)
        #expect(try JSONDecoder().decode(SlotKey.self, from: Data(json.utf8)) == key)
        #expect(String(decoding: try encoder.encode([NodeID(5)]), as: UTF8.self) == "[5]")
        #expect(String(decoding: try encoder.encode([Instant(microseconds: 17)]), as: UTF8.self) == "[17]")
    }

    @Test func aLabelIsKeyEqualsValue() {
        #expect(Label(parsing: "zone=a=b") == Label("zone", "a=b"))
        #expect(Label(parsing: "zone=") == Label("zone", ""))
        #expect(Label(parsing: "=a") == nil)
        #expect(Label(parsing: "zone") == nil)
        #expect(Label("zone", "a").description == "zone=a")
    }

    @Test func theSameSeedGivesTheSameNumbers() {
        var random = SeededRandom(seed: 1_234_567)
        // The reference numbers of SplitMix64 for this seed.
        let expected: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        ]
        #expect((0..<3).map { _ in random.next() } == expected)
    }
}
