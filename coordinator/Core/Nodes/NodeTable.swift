import ClusterTypes

/// The nodes, and which of them were touched since placement looked last.
struct NodeTable: Sendable {
    private var table = OrderedTable<NodeID, Node>()
    private(set) var touched: [NodeID] = []

    var count: Int { table.count }
    var keys: [NodeID] { table.keys }
    var values: some Sequence<Node> { table.values }

    subscript(node: NodeID) -> Node? {
        _read { yield table[node] }
        _modify {
            yield &table[node]
            if table[node]?.isTouched != true {
                table[node]?.isTouched = true
                touched.append(node)
            }
        }
    }

    /// - Returns: each node once, those that are gone included.
    mutating func takeTouched() -> [NodeID] {
        for node in touched { table[node]?.isTouched = false }
        defer { touched = [] }
        return touched
    }
}
