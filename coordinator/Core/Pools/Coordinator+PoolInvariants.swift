import ClusterTypes

extension Coordinator {
    /// A launch is over once, its nodes are its pool's, and no node has joined from two allocations.
    func checkPools() -> [String] {
        var faults: [String] = []
        var seen: Set<NodeID> = []
        for launch in pools.launches.values {
            let record = launch.record
            if record.state.isOver != (record.endedAt != nil) {
                faults.append(
                    "launch \(record.launch) is \(record.state.rawValue) and has an end, or has none")
            }
            if record.state.isOver, record.token != nil {
                faults.append("launch \(record.launch) is over and still admits nodes")
            }
            if record.state.isOver, !pools.endedLaunches.contains(record.launch) {
                faults.append("launch \(record.launch) is over and will never be forgotten")
            }
            if record.launch.rawValue > lastLaunch {
                faults.append("launch \(record.launch) was never numbered")
            }
            for allocation in record.allocations {
                guard let node = allocation.node else { continue }
                if !seen.insert(node).inserted {
                    faults.append("node \(node) has joined from two allocations")
                }
                if let pool = nodes[node]?.record.pool, pool != record.pool {
                    faults.append("node \(node) of pool '\(pool)' has joined from one of '\(record.pool)'")
                }
                if allocation.isGoing, let known = nodes[node]?.record, known.state == .ready {
                    faults.append("node \(node) is about to be released and takes work")
                }
            }
        }
        return faults
    }
}
