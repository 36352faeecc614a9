import ClusterTypes

/// `mortise://CLUSTER/node/NUMBER`: how a certificate names its node.
struct NodeURI: Hashable, Sendable, CustomStringConvertible {
    static let scheme = "mortise://"

    var cluster: String
    var node: NodeID

    init(cluster: String, node: NodeID) {
        self.cluster = cluster
        self.node = node
    }

    /// nil for any other text.
    init?(parsing text: String) {
        guard text.hasPrefix(NodeURI.scheme) else { return nil }
        let parts = text.dropFirst(NodeURI.scheme.count).split(
            separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, isClusterName(String(parts[0])), parts[1] == "node",
            let number = UInt64(parts[2]), String(number) == parts[2]
        else { return nil }
        self.init(cluster: String(parts[0]), node: NodeID(number))
    }

    var description: String { "\(NodeURI.scheme)\(cluster)/node/\(node)" }
}
