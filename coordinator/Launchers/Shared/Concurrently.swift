/// The same for many, some at once.
enum Concurrently {
    /// - Parameter limit: how many are under way at once, at least 1.
    /// - Returns: the results, in the order of the items.
    static func map<Item: Sendable, Value: Sendable>(
        _ items: [Item], limit: Int, _ work: @escaping @Sendable (Item) async -> Value
    ) async -> [Value] {
        await withTaskGroup(of: (Int, Value).self) { group in
            var results = [Value?](repeating: nil, count: items.count)
            var next = 0
            func add() {
                guard next < items.count else { return }
                let position = next
                let item = items[position]
                group.addTask { (position, await work(item)) }
                next += 1
            }
            for _ in 0..<max(1, limit) { add() }
            while let (position, value) = await group.next() {
                results[position] = value
                add()
            }
            return results.compactMap(\.self)
        }
    }
}
