import ArgumentParser

// The nouns; each verb has its own file, NounVerb.swift.

struct Job: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job",
        abstract: "Look at jobs, wait for them, pause and cancel them.",
        discussion: "Example: mortise job list --state running",
        subcommands: [
            JobList.self, JobShow.self, JobWait.self, JobCancel.self, JobPause.self, JobResume.self,
            JobUsage.self, JobExport.self,
        ])
}

/// `task`; the plain name is Swift's own.
struct TaskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "task",
        abstract: "Look at the tasks of a job, read their output, append and retry them.",
        discussion: "Example: mortise task list 12 --state failed",
        subcommands: [TaskList.self, TaskShow.self, TaskLogs.self, TaskRetry.self, TaskAppend.self])
}

struct Slot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slot",
        abstract: "Look at slots: which job runs where.",
        discussion: "Example: mortise slot list --job 12",
        subcommands: [SlotList.self, SlotShow.self, SlotLogs.self])
}

struct Node: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Look at nodes, take them out of service and back.",
        discussion: "Example: mortise node drain n17 --reason 'disk is failing'",
        subcommands: [
            NodeList.self, NodeShow.self, NodeDrain.self, NodeCordon.self, NodeUncordon.self, NodeAccept.self,
            NodeRemove.self, NodeHistory.self,
        ])
}

struct Cluster: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Look at the whole cluster.",
        discussion: "Example: mortise cluster show",
        subcommands: [ClusterShow.self])
}

struct VirtualCluster: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "virtual-cluster",
        abstract: "Look at virtual clusters and their quotas, make, change and delete them.",
        discussion: "Example: mortise virtual-cluster list",
        subcommands: [
            VirtualClusterList.self, VirtualClusterShow.self, VirtualClusterSet.self,
            VirtualClusterDelete.self,
        ], aliases: ["vc"])
}

struct Pool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pool",
        abstract: "Look at pools and at what the autoscaler does in them; pause and scale them.",
        discussion: "Example: mortise pool list",
        subcommands: [
            PoolList.self, PoolShow.self, PoolExplain.self, PoolScale.self, PoolPause.self, PoolResume.self,
        ])
}

struct Launch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "launch",
        abstract: "Look at launches: requests for nodes, and what became of them.",
        discussion: "Example: mortise launch list --pool cloud",
        subcommands: [LaunchList.self, LaunchShow.self])
}

/// `inventory`; the plain name is its module's.
struct InventoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inventory",
        abstract: "Read lists of hosts in many forms, and write them in others.",
        discussion: "Example: mortise inventory show hosts.json",
        subcommands: [InventoryShow.self, InventoryImport.self, InventoryExport.self])
}

struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say why something is as it is: why a job waits, why a task failed, why a node is lost.",
        discussion: "Example: mortise explain job 12",
        subcommands: [ExplainJob.self, ExplainTask.self, ExplainSlot.self, ExplainNode.self])
}
