import ClusterTypes
import Testing

@Suite struct OrderedTableTests {
    @Test func iterationIsInTheOrderOfInsertion() {
        var table = OrderedTable<String, Int>()
        for (position, key) in ["d", "a", "c", "b"].enumerated() { table[key] = position }
        table["a"] = 10
        #expect(table.keys == ["d", "a", "c", "b"])
        #expect(Array(table.values) == [0, 10, 2, 3])
        #expect(table.count == 4)
    }

    @Test func aKeyThatComesBackStandsAtTheEnd() {
        var table = OrderedTable<Int, String>()
        for key in 1...3 { table[key] = "\(key)" }
        table[1] = nil
        #expect(!table.contains(1))
        table[1] = "again"
        #expect(table.keys == [2, 3, 1])
    }

    @Test func aValueIsChangedInPlace() {
        var table = OrderedTable<Int, [Int]>()
        table[7] = [1]
        table[7]?.append(2)
        table[8]?.append(3)
        #expect(table[7] == [1, 2])
        #expect(table[8] == nil)
        #expect(table.count == 1)
    }

    @Test func theEmptyTableHasNothing() {
        var table = OrderedTable<Int, Int>()
        table[1] = nil
        #expect(table.isEmpty)
        #expect(table.keys.isEmpty)
        #expect(Array(table.values).isEmpty)
    }

    /// The model: an array of pairs, searched from the front.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func itBehavesLikeAListOfPairs(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var table = OrderedTable<Int, Int>()
        var model: [(key: Int, value: Int)] = []
        for step in 0..<1_500 {
            let key = Int.random(in: 0..<120, using: &random)
            let position = model.firstIndex { $0.key == key }
            // The first half fills it, the second half empties it: holes are closed many times.
            let inserts = Int.random(in: 0..<100, using: &random) < (step < 750 ? 70 : 25)
            if inserts {
                table[key] = step
                if let position { model[position].value = step } else { model.append((key, step)) }
            } else {
                table[key] = nil
                if let position { model.remove(at: position) }
            }
            let context: Comment = "seed \(seed), step \(step)"
            #expect(table.count == model.count, context)
            #expect(table[key] == model.first { $0.key == key }?.value, context)
            if step % 50 == 0 || step > 1_450 {
                #expect(table.keys == model.map(\.key), context)
                #expect(Array(table.values) == model.map(\.value), context)
            }
        }
    }
}
