/// How good a place is.
package protocol NodeScore: Sendable {
    /// What is worked out once for each state of a node; 0 where nothing is.
    func standing(of node: Int, in rooms: NodeRooms) -> Double

    /// - Returns: more is better.
    func score(_ work: WorkClass, on node: Int, _ standing: Double, in rooms: NodeRooms) -> Double

    /// The devices to take there, by their positions in the node.
    func devices(_ work: WorkClass, on node: Int, _ standing: Double, in rooms: NodeRooms) -> [Int]
}

extension NodeScore {
    package func standing(of node: Int, in rooms: NodeRooms) -> Double { 0 }
}

/// Finds the best node for work of a class. Scores are kept for each class, and worked out anew only for nodes that have
/// changed since the class was asked for last: all nodes are looked at, none is sampled.
package struct ScoredNodes: Sendable {
    fileprivate struct Ranking: Sendable {
        var tree: BestNode
        /// How many changes it knows of.
        var seen: Int
    }

    package private(set) var rooms: NodeRooms
    private var score: any NodeScore
    private var standings: [Double]
    private var rankings: [WorkClass: Ranking] = [:]
    private static let mostClasses = 2_000
    /// Nodes in the order in which they have changed lately.
    private var changes: [Int32] = []
    /// How many changes came before those.
    private var forgotten = 0
    /// The change that a node had last.
    private var lastChange: [Int]

    package init(_ rooms: NodeRooms, _ score: any NodeScore) {
        self.rooms = rooms
        self.score = score
        standings = (0..<rooms.count).map { score.standing(of: $0, in: rooms) }
        lastChange = Array(repeating: -1, count: rooms.count)
    }

    /// From now on by another measure; all is worked out anew.
    package mutating func use(_ score: any NodeScore) {
        self.score = score
        standings = (0..<rooms.count).map { score.standing(of: $0, in: rooms) }
        rankings = [:]
    }

    /// - Returns: the best node and the devices to take there; nil where none has room. Nothing is taken.
    package mutating func best(for work: WorkClass) -> (node: Int, devices: [Int])? {
        // Each costs some bytes for every node: with very many kinds of work all are begun anew.
        if rankings.count >= Self.mostClasses, rankings[work] == nil { rankings = [:] }
        let node = rankings[work, default: Ranking(tree: BestNode(count: rooms.count), seen: -1)].refresh(
            work, rooms, score, standings, changes, forgotten, lastChange)
        guard let node else { return nil }
        return (node, score.devices(work, on: node, standings[node], in: rooms))
    }

    package mutating func take(_ work: WorkClass, _ devices: [Int], on node: Int) {
        rooms.take(work, devices, on: node)
        noteChange(of: node)
    }

    package mutating func giveBack(_ work: WorkClass, _ devices: [Int], on node: Int) {
        rooms.giveBack(work, devices, on: node)
        noteChange(of: node)
    }

    private mutating func noteChange(of node: Int) {
        standings[node] = score.standing(of: node, in: rooms)
        lastChange[node] = forgotten + changes.count
        changes.append(Int32(node))
        // Who has not seen so many changes looks at all nodes again.
        guard changes.count > 2 * rooms.count + 1_000 else { return }
        forgotten += changes.count - rooms.count
        changes.removeFirst(changes.count - rooms.count)
    }
}

extension ScoredNodes.Ranking {
    /// - Returns: the best node; nil where none has room.
    fileprivate mutating func refresh(
        _ work: WorkClass, _ rooms: NodeRooms, _ score: any NodeScore, _ standings: [Double],
        _ changes: [Int32], _ forgotten: Int, _ lastChange: [Int]
    ) -> Int? {
        func value(_ node: Int) -> Double {
            rooms.fits(work, on: node) ? score.score(work, on: node, standings[node], in: rooms) : -.infinity
        }
        let all = forgotten + changes.count
        if seen < 0 || all - seen > rooms.count {
            tree.fill(rooms.count, value)
        } else {
            for change in seen..<all {
                let node = Int(changes[change - forgotten])
                // A later change tells the same.
                if lastChange[node] == change { tree.set(node, value(node)) }
            }
        }
        seen = all
        return tree.best
    }
}
