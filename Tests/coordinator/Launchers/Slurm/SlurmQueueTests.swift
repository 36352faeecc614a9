import ClusterTypes
import CoordinatorBridge
import CoordinatorSchedulers
import LauncherServers
import PostgresServer
import Testing

/// The bridge's view of a real controller, and its orders to it.
extension SlurmLauncherTests {
    @Test func `A bridge counts what waits, and drains, resumes and joins nodes`() throws {
        let cluster = try SlurmCluster.shared()
        var settings = BridgeSettings(queue: "cloud", nodes: ["n2", "n3"])
        settings.drainReason = "mortise-test"
        let queue = SlurmQueue(settings, cluster.tools)
        #expect(try queue.version().hasPrefix("slurm"))
        let idle = try queue.look()
        #expect(idle.demand == SchedulerDemand())
        #expect(
            idle.nodes == [
                .init(name: "n2", isUsable: true, hasJobs: false),
                .init(name: "n3", isUsable: true, hasJobs: false),
            ])

        try queue.drain("n3")
        let drained = try #require(try queue.look().nodes.last)
        #expect(
            !drained.isUsable && !drained.hasJobs && drained.drainReason?.hasPrefix("mortise-test") == true)
        let quiet = "--output=/dev/null"
        try cluster.run("sbatch", quiet, "--array=0-4", "--wrap=sleep 300", "--job-name=a b|c")
        try cluster.run("sbatch", quiet, "--hold", "--wrap=true")
        try cluster.run("sbatch", quiet, "--begin=now+1hour", "--nodes=2", "--wrap=true")
        try SlurmCluster.await("two jobs to run") { try queue.look().demand.runningJobs == 2 }
        let demand = try queue.look().demand
        #expect(demand.waitingNodes == 3 && demand.runningNodes == 2)
        #expect(Set(demand.setAside.map(\.reason)) == ["JobHeldUser", "BeginTime"])
        #expect(try queue.look().nodes.first == .init(name: "n2", isUsable: true, hasJobs: true))

        try queue.drain("n2")
        let draining = try #require(try queue.look().nodes.first)
        #expect(draining.hasJobs && !draining.isUsable && draining.drainReason != nil)
        try queue.resume("n2")
        try queue.join("n3")
        try SlurmCluster.await("three jobs to run") { try queue.look().demand.runningJobs == 3 }
        // A node that is in use already is no failure.
        try queue.join("n3")
        try cluster.clear()
    }

    @Test func `A partition or a node that Slurm does not have is no empty queue`() throws {
        let cluster = try SlurmCluster.shared()
        for settings in [
            BridgeSettings(queue: "nowhere", nodes: ["n1"]), BridgeSettings(queue: "cloud", nodes: ["n9"]),
        ] {
            let queue = SlurmQueue(settings, cluster.tools)
            #expect(throws: BridgeFailure.self) { try queue.look() }
        }
    }
}

extension SlurmCluster {
    var tools: SchedulerTools {
        var tools = SchedulerTools()
        tools.environment = ["SLURM_CONF=\(configuration)"]
        return tools
    }
}
