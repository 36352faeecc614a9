/// For each class of work the best of all nodes.
///
/// A class keeps the value of every node in a tree whose root is the best. A change of a node is noted once; a class that
/// is asked for again looks only at nodes that have changed since. No node is left out, so that the result is that of a look
/// at all of them.
struct ClassRankings<Class: Hashable & Sendable>: Sendable {
    private struct Ranking: Sendable {
        let work: Class
        var tree: BestNode
        /// How many changes it knows of; -1: no node was looked at.
        var seen = -1
        var lastUse: Int
    }

    private var positions: [Class: Int] = [:]
    private var rankings: [Ranking] = []
    private var uses = 0
    private var nodeCount = 0
    /// Nodes in the order in which they have changed lately.
    private var changes: [Int32] = []
    /// How many changes came before those.
    private var forgotten = 0
    /// The change that a node had last.
    private var lastChange: [Int] = []

    /// Values of all classes together. 8,000,000: 128 MB.
    private static var mostValues: Int { 8_000_000 }

    /// The next node; it counts as changed.
    mutating func addNode() {
        nodeCount += 1
        lastChange.append(-1)
        // The trees have room for some.
        if let first = rankings.first, nodeCount > first.tree.capacity { forget() }
        noteChange(of: nodeCount - 1)
    }

    mutating func noteChange(of node: Int) {
        // Who has not seen so many changes looks at all nodes again.
        if changes.count > 2 * nodeCount + 1_000 {
            forgotten += changes.count
            changes.removeAll(keepingCapacity: true)
        }
        lastChange[node] = forgotten + changes.count
        changes.append(Int32(node))
    }

    /// All is worked out anew.
    mutating func forget() {
        positions.removeAll(keepingCapacity: true)
        rankings.removeAll(keepingCapacity: true)
    }

    /// - Parameter value: of a node as it is now; -infinity where it has no room.
    /// - Returns: the node with the largest value, the first of equal ones; nil where none has room.
    mutating func best(_ work: Class, value: (Int) -> Double) -> Int? {
        let position = position(of: work)
        let seen = rankings[position].seen
        let all = forgotten + changes.count
        if seen < forgotten || all - seen > nodeCount {
            rankings[position].tree.fill(nodeCount, value)
        } else {
            for change in seen..<all {
                let node = Int(changes[change - forgotten])
                // A later change tells the same.
                if lastChange[node] == change { rankings[position].tree.set(node, value(node)) }
            }
        }
        rankings[position].seen = all
        return rankings[position].tree.best
    }

    /// The node is none for this class until it changes.
    ///
    /// - Returns: as `best`.
    mutating func best(_ work: Class, without node: Int) -> Int? {
        guard let position = positions[work] else { return nil }
        rankings[position].tree.set(node, -.infinity)
        return rankings[position].tree.best
    }

    private mutating func position(of work: Class) -> Int {
        uses += 1
        if let position = positions[work] {
            rankings[position].lastUse = uses
            return position
        }
        let capacity = rankings.first?.tree.capacity ?? nodeCount + 64
        let ranking = Ranking(work: work, tree: BestNode(count: capacity), lastUse: uses)
        let most = max(16, Self.mostValues / max(1, nodeCount))
        var position = rankings.count
        if position < most {
            rankings.append(ranking)
        } else {
            position = rankings.indices.min { rankings[$0].lastUse < rankings[$1].lastUse } ?? 0
            positions[rankings[position].work] = nil
            rankings[position] = ranking
        }
        positions[work] = position
        return position
    }
}
