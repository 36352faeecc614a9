import ClusterTypes

/// Nodes by name and by key: looked up, never iterated, so that one of ten thousand is found without asking all.
struct NodeDirectory: Sendable {
    /// In the order of their ids; a machine that joins again is another node of the same name.
    private var named: [String: [NodeID]] = [:]
    private var keyed: [String: NodeID] = [:]

    func nodes(named name: String) -> [NodeID] { named[name] ?? [] }
    func node(withKey fingerprint: String) -> NodeID? { keyed[fingerprint] }

    mutating func add(_ record: NodeRecord) {
        keyed[record.keyFingerprint] = record.node
        add(record.node, named: record.name)
    }

    mutating func rename(_ node: NodeID, from former: String, to name: String) {
        guard name != former else { return }
        remove(node, named: former)
        add(node, named: name)
    }

    mutating func remove(_ record: NodeRecord) {
        if keyed[record.keyFingerprint] == record.node { keyed[record.keyFingerprint] = nil }
        remove(record.node, named: record.name)
    }

    private mutating func add(_ node: NodeID, named name: String) {
        let others = named[name] ?? []
        named[name] = (others + [node]).sorted()
    }

    private mutating func remove(_ node: NodeID, named name: String) {
        let others = nodes(named: name).filter { $0 != node }
        named[name] = others.isEmpty ? nil : others
    }
}
