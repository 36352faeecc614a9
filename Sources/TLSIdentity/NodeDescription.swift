import ClusterTypes
import FoundationEssentials

/// `identity.json`: the part of a node's identity that is no PEM.
struct NodeDescription: Hashable, Sendable, Codable {
    var node: NodeID
    var cluster: String
    /// "host:port", best first.
    var agentEndpoints: [String]
    /// `https://host:port`, best first.
    var apiURLs: [String]

    /// nil where the text is anything else.
    init?(parsing text: String) {
        guard let description = try? JSONDecoder().decode(NodeDescription.self, from: Data(text.utf8)) else {
            return nil
        }
        self = description
    }

    init(node: NodeID, cluster: String, agentEndpoints: [String], apiURLs: [String]) {
        self.node = node
        self.cluster = cluster
        self.agentEndpoints = agentEndpoints
        self.apiURLs = apiURLs
    }

    /// For people too: a line a key.
    func text() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
}
