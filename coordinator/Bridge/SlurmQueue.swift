import CoordinatorSchedulers

/// A partition of Slurm. Nodes are changed as one of Slurm's operators.
package struct SlurmQueue: ForeignQueue {
    private let settings: BridgeSettings
    private let tools: SchedulerTools

    package init(_ settings: BridgeSettings, _ tools: SchedulerTools = SchedulerTools()) {
        self.settings = settings
        self.tools = tools
    }

    package func version() throws(BridgeFailure) -> String {
        let said = try tools.run("squeue", ["--version"]).split(whereSeparator: \.isNewline).first ?? ""
        guard said.hasPrefix("slurm") else {
            throw BridgeFailure("'squeue --version' says '\(said.prefix(80))'.")
        }
        return String(said)
    }

    /// Columns without a width cut nothing, and the header shows that an empty queue is one. The partition is not named in
    /// the command: one that does not exist would give an empty queue as well.
    static let lookArguments = ["--states=PD,R,CF,CG,S,ST,SI,SO,RS,RQ,RF,RH", "--format=%i|%P|%t|%D|%r"]

    package func look() throws(BridgeFailure) -> BridgeLook {
        let queue = try tools.run("squeue", Self.lookArguments)
        // Of a partition whose nodes register themselves there may be none; it has to be there all the same.
        if settings.isDynamic { _ = try tools.run("scontrol", ["show", "partition", settings.queue]) }
        let nodes = try tools.run("scontrol", ["--oneliner", "show", "node"])
        return try Self.look(queue: queue, nodes: nodes, settings)
    }

    static func look(
        queue: String, nodes: String, _ settings: BridgeSettings
    ) throws(BridgeFailure) -> BridgeLook {
        guard let output = SqueueOutput(parsing: queue), let jobs = output.jobs else {
            let why = SqueueOutput(parsing: queue)?.truncation ?? "it printed nothing that is a queue"
            throw BridgeFailure("squeue told of no queue: \(why).")
        }
        let hasNone = settings.isDynamic && nodes.hasPrefix("No nodes in the system")
        guard let (all, truncation) = hasNone ? ([], nil) : ScontrolNode.nodes(parsing: nodes),
            truncation == nil
        else { throw BridgeFailure("'scontrol show node' told of no nodes.") }
        let unknown = settings.nodes.filter { name in !all.contains { $0.name == name } }
        guard unknown.isEmpty || settings.isDynamic else {
            throw BridgeFailure(
                "Slurm does not know \(unknown.joined(separator: ", ")): they are to be in slurm.conf, or to "
                    + "register themselves ('slurmd -Z') with a bridge that is told so.")
        }
        guard settings.isDynamic || all.contains(where: { $0.partitions.contains(settings.queue) }) else {
            throw BridgeFailure("Slurm has no partition '\(settings.queue)' with nodes.")
        }
        return BridgeLook(
            demand: try demand(jobs, settings),
            nodes: all.filter { settings.nodes.contains($0.name) }.map { node in
                let state = node.parsedState
                return BridgeLook.Node(
                    name: node.name, isUsable: state?.isUsable ?? false, hasJobs: state?.hasJobs ?? false,
                    drainReason: state?.isDraining == true ? node.reason ?? "" : nil)
            })
    }

    static func demand(
        _ jobs: [QueuedJob], _ settings: BridgeSettings
    ) throws(BridgeFailure) -> SchedulerDemand {
        let queue = settings.queue
        do throws(SchedulerDemand.Fault) {
            return try SchedulerDemand(of: jobs, queue: queue, isDynamic: settings.isDynamic)
        } catch {
            switch error {
            case .noQueue(let job): throw BridgeFailure("The queue of the job \(job) is not told.")
            case .queueIsCut(let name): throw BridgeFailure("The queue '\(name)' may be '\(queue)', or not.")
            }
        }
    }

    /// A node that registered itself would stay in Slurm's list for ever.
    package func forget(_ node: String) throws(BridgeFailure) {
        guard settings.isDynamic else { return }
        try own(node)
        do throws(BridgeFailure) { try tools.change("scontrol", ["delete", "nodename=\(node)"]) } catch {
            guard error.description.contains("Invalid node name") else { throw error }
        }
    }

    /// Slurm needs minutes to notice a node that is back. `resume` makes it usable at once; of a node whose daemon does not
    /// answer yet it takes away only what held it.
    package func join(_ node: String) throws(BridgeFailure) { try resume(node) }

    package func drain(_ node: String) throws(BridgeFailure) {
        try update(node, ["state=drain", "reason=\(settings.drainReason)"])
    }

    package func resume(_ node: String) throws(BridgeFailure) {
        do throws(BridgeFailure) { try update(node, ["state=resume"]) } catch {
            // There is nothing to resume: it is usable, or in use.
            guard error.description.contains("Invalid node state") else { throw error }
        }
    }

    private func update(_ node: String, _ words: [String]) throws(BridgeFailure) {
        try own(node)
        try tools.change("scontrol", ["update", "nodename=\(node)"] + words)
    }

    private func own(_ node: String) throws(BridgeFailure) {
        guard settings.nodes.contains(node) else {
            throw BridgeFailure("'\(node)' is no node of this bridge.")
        }
    }
}
