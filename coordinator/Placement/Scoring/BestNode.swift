/// The largest of many values that change one by one; of equal ones the first.
struct BestNode: Sendable {
    private let leaves: Int
    /// A heap's layout: the children of 1 are 2 and 3; the leaves are the last half.
    private var values: [Double]

    /// For so many values at least.
    init(count: Int) {
        var leaves = 1
        while leaves < count { leaves *= 2 }
        self.leaves = leaves
        values = Array(repeating: -.infinity, count: 2 * leaves)
    }

    /// How many values it can hold.
    var capacity: Int { leaves }

    /// Sets the first values anew.
    mutating func fill(_ count: Int, _ value: (Int) -> Double) {
        for node in 0..<count { values[leaves + node] = value(node) }
        for parent in stride(from: leaves - 1, to: 0, by: -1) {
            values[parent] = max(values[2 * parent], values[2 * parent + 1])
        }
    }

    mutating func set(_ node: Int, _ value: Double) {
        var place = leaves + node
        values[place] = value
        while place > 1 {
            let parent = place / 2
            let larger = max(values[place], values[place ^ 1])
            guard values[parent] != larger else { return }
            values[parent] = larger
            place = parent
        }
    }

    /// nil where all are -infinity.
    var best: Int? {
        guard values[1] > -.infinity else { return nil }
        var place = 1
        while place < leaves { place = values[2 * place] == values[place] ? 2 * place : 2 * place + 1 }
        return place - leaves
    }
}
