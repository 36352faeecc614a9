import ClusterTypes
import CoordinatorCore

/// What the store holds, row by row, as the commits made it; other checkers compare with it. In the end it has to
/// be what the machine believes.
struct DurableRows: Checker {
    static let name = "store and machine agree"

    private(set) var nodes = OrderedTable<NodeID, NodeRecord>()
    private(set) var jobs = OrderedTable<JobID, JobRecord>()
    private(set) var slots = OrderedTable<SlotID, SlotRecord>()
    private(set) var pools = OrderedTable<String, PoolRecord>()
    private(set) var launches = OrderedTable<LaunchID, LaunchRecord>()

    mutating func observe(_ observation: Observation, _ world: World) -> [String] {
        guard case .committed(let writes, _) = observation else { return [] }
        for write in writes {
            switch write {
            case .putNode(let record):
                if record.state == .lost, nodes[record.node]?.state != .lost {
                    world.statistics.nodesLost += 1
                }
                nodes[record.node] = record
            case .putJob(let record): jobs[record.job] = record
            case .putSlot(let record): slots[record.slot] = record.state.isEnded ? nil : record
            case .putPool(let record): pools[record.name] = record
            case .putLaunch(let record):
                if !launches.contains(record.launch) { world.statistics.launches += 1 }
                launches[record.launch] = record
            case .dropLaunch(let launch): launches[launch] = nil
            case .appendPayloads, .putTasks, .putToken, .putVirtualCluster, .dropVirtualCluster,
                .putFairShare, .addEvent, .putHistory, .putUsage,
                .dropHistory:
                break
            }
        }
        return []
    }

    mutating func finish(_ world: World) -> [String] {
        guard let leader = world.leader, let machine = leader.machine, leader.backlog.isWritten
        else { return [] }
        var faults: [String] = []
        let believed = machine.records
        for record in believed.nodes where nodes[record.node] != record {
            faults.append("node \(record.node) is \(record.state) in memory and another row in the store")
        }
        for job in believed.jobs where jobs[job.record.job] != job.record {
            faults.append(
                "job \(job.record.job) is \(job.record.state) in memory and another row in the store")
        }
        for record in believed.slots where slots[record.slot] != record {
            faults.append("slot \(record.key) is \(record.state) in memory and another row in the store")
        }
        for record in slots.values where !believed.slots.contains(where: { $0.slot == record.slot }) {
            faults.append("slot \(record.key) is \(record.state) in the store and unknown in memory")
        }
        for record in believed.pools where pools[record.name] != record {
            faults.append("pool '\(record.name)' is one in memory and another row in the store")
        }
        for record in believed.launches where launches[record.launch] != record {
            faults.append("launch \(record.launch) is \(record.state) in memory and another row in the store")
        }
        for launch in launches.keys where !believed.launches.contains(where: { $0.launch == launch }) {
            faults.append("launch \(launch) is in the store and unknown in memory")
        }
        return faults
    }

    func knows(_ allocation: LaunchedAllocation) -> Bool {
        guard let launch = launches[allocation.launch], !launch.state.isOver else { return false }
        return launch.allocations.contains { $0.name == allocation.name }
    }

    /// Nodes that the autoscaler is about to release: their cordons are its own.
    var going: Set<NodeID> {
        Set(launches.values.flatMap(\.allocations).filter(\.isGoing).compactMap(\.node))
    }
}
