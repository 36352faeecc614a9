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
