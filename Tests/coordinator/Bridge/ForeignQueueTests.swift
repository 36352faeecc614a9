import CoordinatorSchedulers
import Testing

@testable import CoordinatorBridge

/// What schedulers say, as the bridge sees it.
@Suite("Looks at foreign queues")
struct ForeignQueueTests {
    private let settings = BridgeSettings(queue: "cloud", nodes: ["c1", "c2", "c3"])
    private let header = "JOBID|PARTITION|ST|NODES|REASON\n"
    private let nodes = """
        NodeName=c1 CPUTot=1 State=IDLE+CLOUD Partitions=cloud
        NodeName=c2 CPUTot=1 State=MIXED+DRAIN Partitions=cloud Reason=mortise-bridge [root@2026-01-01T00:00:00]
        NodeName=c3 CPUTot=1 State=DOWN*+CLOUD Partitions=cloud Reason=Not responding [slurm@2026-01-01T00:00:00]
        NodeName=local CPUTot=1 State=IDLE Partitions=batch

        """

    @Test func `Slurm's queue and nodes become a look`() throws {
        let queue =
            header
            + "1|cloud|PD|2|Resources\n2_[0-9]|cloud|PD|1|Dependency\n3|batch|PD|1|Priority\n4|cloud|R|1|None\n"
        let look = try SlurmQueue.look(queue: queue, nodes: nodes, settings)
        #expect(look.demand.waitingNodes == 2 && look.demand.runningJobs == 1)
        #expect(
            look.nodes == [
                .init(name: "c1", isUsable: true, hasJobs: false),
                .init(
                    name: "c2", isUsable: false, hasJobs: true,
                    drainReason: "mortise-bridge [root@2026-01-01T00:00:00]"),
                .init(name: "c3", isUsable: false, hasJobs: false),
            ])
        #expect(try SlurmQueue.look(queue: header, nodes: nodes, settings).demand == SchedulerDemand())
    }

    @Test func `A command that printed nothing, half or something else is no look`() {
        for queue in [
            "", "\n", "1|cloud|PD", header + "1|cloud|P", "slurm_load_jobs error: Unable to contact\n",
        ] {
            #expect(throws: BridgeFailure.self, "\(queue)") {
                try SlurmQueue.look(queue: queue, nodes: nodes, settings)
            }
        }
        for text in ["", "NodeName=c1 CPUTot=1\n", "No nodes in the system\n"] {
            #expect(throws: BridgeFailure.self, "\(text)") {
                try SlurmQueue.look(queue: header, nodes: text, settings)
            }
        }
    }

    @Test func `Names and partitions that Slurm does not know are said`() {
        var unknown = settings
        unknown.nodes.append("c9")
        let missing = #expect(throws: BridgeFailure.self) {
            try SlurmQueue.look(queue: header, nodes: nodes, unknown)
        }
        #expect(missing?.description.contains("c9") == true)
        var elsewhere = settings
        elsewhere.queue = "clouds"
        #expect(throws: BridgeFailure.self) { try SlurmQueue.look(queue: header, nodes: nodes, elsewhere) }
    }

    @Test func `Torque's empty queue is silent, its nodes tell the rest`() throws {
        let nodes = """
            c1
                 state = free
                 np = 1
                 ntype = cluster

            c2
                 state = offline
                 np = 1
                 ntype = cluster
                 jobs = 0/12.master
                 note = mortise-bridge

            c3
                 state = down
                 np = 1
                 ntype = cluster
                 note = since yesterday

            """
        let look = try TorqueQueue.look(queue: "", nodes: nodes, settings)
        #expect(look.demand == SchedulerDemand())
        #expect(
            look.nodes == [
                .init(name: "c1", isUsable: true, hasJobs: false),
                .init(name: "c2", isUsable: false, hasJobs: true, drainReason: "mortise-bridge"),
                .init(name: "c3", isUsable: false, hasJobs: false),
            ])
        let queue = "Job Id: 1.master\n    job_state = Q\n    queue = cloud\n    Resource_List.nodect = 2\n"
        #expect(try TorqueQueue.look(queue: queue, nodes: nodes, settings).demand.waitingNodes == 2)
        #expect(throws: BridgeFailure.self) {
            try TorqueQueue.look(queue: "Job Id: 1.master\n", nodes: nodes, settings)
        }
    }

    @Test func `A scheduler that is not there stops the bridge before it begins`() {
        #expect(throws: BridgeFailure.self) {
            try SlurmQueue(settings, SchedulerTools(folder: "/nowhere")).version()
        }
        #expect(throws: BridgeFailure.self) {
            try SlurmQueue(settings, SchedulerTools(folder: "/nowhere")).look()
        }
        #expect(throws: BridgeFailure.self) {
            try TorqueQueue(settings, SchedulerTools(folder: "/nowhere")).version()
        }
        #expect(throws: BridgeFailure.self) { try SlurmQueue(settings).join("") }
        #expect(throws: BridgeFailure.self) { try TorqueQueue(settings).drain("c9") }
    }
}
