import CoordinatorSchedulers

/// A queue of Torque or PBS Pro. Nodes are changed as one of its managers.
package struct TorqueQueue: ForeignQueue {
    private let settings: BridgeSettings
    private let tools: SchedulerTools

    package init(_ settings: BridgeSettings, _ tools: SchedulerTools = SchedulerTools()) {
        self.settings = settings
        self.tools = tools
    }

    package func version() throws(BridgeFailure) -> String {
        let said = try tools.run("qstat", ["--version"]).split(whereSeparator: \.isNewline).first ?? ""
        guard said.lowercased().contains("version") else {
            throw BridgeFailure("'qstat --version' says '\(said.prefix(80))'.")
        }
        return String(said)
    }

    package func look() throws(BridgeFailure) -> BridgeLook {
        let queue = try tools.run("qstat", ["-f"])
        let nodes = try tools.run("pbsnodes", ["-a"])
        return try Self.look(queue: queue, nodes: nodes, settings)
    }

    /// - Parameter queue: of a qstat that succeeded, which prints nothing where there are no jobs.
    static func look(
        queue: String, nodes: String, _ settings: BridgeSettings
    ) throws(BridgeFailure) -> BridgeLook {
        var jobs: [QueuedJob] = []
        if queue.contains(where: { !$0.isWhitespace }) {
            guard let told = QstatOutput(parsing: queue)?.jobs else {
                throw BridgeFailure(
                    "qstat told of no queue: \(QstatOutput(parsing: queue)?.truncation ?? "unknown text").")
            }
            jobs = told
        }
        guard let (all, truncation) = PbsNode.nodes(parsing: nodes), truncation == nil else {
            throw BridgeFailure("'pbsnodes -a' told of no nodes.")
        }
        let unknown = settings.nodes.filter { name in !all.contains { $0.name == name } }
        guard unknown.isEmpty else {
            throw BridgeFailure("The server does not know \(unknown.joined(separator: ", ")).")
        }
        return BridgeLook(
            demand: try SlurmQueue.demand(jobs, settings),
            nodes: all.filter { settings.nodes.contains($0.name) }.map { node in
                let words = node.state.split(separator: ",")
                let isDown = words.contains {
                    ["down", "offline", "unknown", "state-unknown", "stale"].contains($0)
                }
                let isOffline = words.contains("offline")
                return BridgeLook.Node(
                    name: node.name, isUsable: !isDown, hasJobs: node.jobs != nil && !words.contains("down"),
                    // Only of an offline node: a note may stand at any.
                    drainReason: isOffline ? node.note ?? "" : nil)
            })
    }

    package func join(_ node: String) throws(BridgeFailure) { try mark(node, ["-r"]) }
    package func drain(_ node: String) throws(BridgeFailure) {
        try mark(node, ["-o", "-N", settings.drainReason])
    }
    package func resume(_ node: String) throws(BridgeFailure) { try mark(node, ["-r"]) }

    /// The server keeps the names of its nodes.
    package func forget(_ node: String) throws(BridgeFailure) {}

    private func mark(_ node: String, _ words: [String]) throws(BridgeFailure) {
        guard settings.nodes.contains(node) else {
            throw BridgeFailure("'\(node)' is no node of this bridge.")
        }
        try tools.change("pbsnodes", words + [node])
    }
}
