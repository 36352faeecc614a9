/// Nodes as numbers alone, and the best of them for work of a class: what `PlacementBoard` has for whole nodes.
package struct ScoredNodes: Sendable {
    package private(set) var rooms: NodeRooms
    private var score: any NodeScore
    private var standings: [Double]
    private var rankings = ClassRankings<WorkClass>()

    package init(_ rooms: NodeRooms, _ score: any NodeScore) {
        self.rooms = rooms
        self.score = score
        standings = (0..<rooms.count).map { score.standing(of: $0, in: rooms) }
        for _ in 0..<rooms.count { rankings.addNode() }
    }

    /// From now on by another measure; all is worked out anew.
    package mutating func use(_ score: any NodeScore) {
        self.score = score
        standings = (0..<rooms.count).map { score.standing(of: $0, in: rooms) }
        rankings.forget()
    }

    /// - Returns: the best node and the devices to take there; nil where none has room. Nothing is taken.
    package mutating func best(for work: WorkClass) -> (node: Int, devices: [Int])? {
        let (rooms, score, standings) = (rooms, score, standings)
        let node = rankings.best(work) { node in
            rooms.fits(work, on: node) ? score.score(work, on: node, standings[node], in: rooms) : -.infinity
        }
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
        rankings.noteChange(of: node)
    }
}
