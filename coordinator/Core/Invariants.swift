import ClusterTypes
import ProtocolMessages

extension Coordinator {
    /// What must hold after every event; tests and simulation call it.
    /// - Returns: a sentence for each rule that is broken; empty when all hold.
    package func checkInvariants() -> [String] {
        checkSlots() + checkNodes() + checkJobs()
    }

    private func checkSlots() -> [String] {
        var faults: [String] = []
        for slot in slots.values {
            let record = slot.record
            if record.state.isEnded { faults.append("slot \(record.key) has ended and is still kept") }
            if record.state.isPlaced != (record.node != nil) && record.state != .stopping {
                faults.append(
                    "slot \(record.key) is \(record.state.rawValue) with node \(record.node.map(\.description) ?? "none")"
                )
            }
            if let node = record.node, !(nodes[node]?.slots.contains(record.slot) ?? false) {
                faults.append("slot \(record.key) is on node \(node), which does not know it")
            }
            if !(jobs[record.job]?.slots.contains(record.slot) ?? false) {
                faults.append("slot \(record.key) is not among the slots of its job \(record.job)")
            }
            for task in record.tasks where jobs[record.job]?.ledger?.state(of: task.index) != .running {
                faults.append("slot \(record.key) holds task \(task.index), which is not running")
            }
        }
        return faults
    }

    private func checkNodes() -> [String] {
        var faults: [String] = []
        for node in nodes.values {
            let record = node.record
            var used = Resources.none
            var shares = node.usedShares.map { _ in UInt32(0) }
            for slot in node.slots {
                guard let slot = slots[slot]?.record, slot.node == record.node, let job = jobs[slot.job]
                else {
                    faults.append("node \(record.node) holds slot \(slot), which is not there")
                    continue
                }
                used += job.record.specification.resources.resources
                for grant in slot.devices { shares[Int(grant.device)] += grant.shares }
            }
            if used != node.used {
                faults.append("node \(record.node) counts \(node.used), its slots hold \(used)")
            }
            if shares != node.usedShares {
                faults.append(
                    "node \(record.node) counts shares \(node.usedShares), its slots hold \(shares)")
            }
            if shares.contains(where: { $0 > wholeDeviceShares }) {
                faults.append("node \(record.node) has handed out a device twice: \(shares)")
            }
            if let connection = node.connection, connections[connection]?.node != record.node {
                faults.append("node \(record.node) has a connection that is not its own")
            }
            if record.state == .released, !node.slots.isEmpty {
                faults.append("node \(record.node) is released with slots")
            }
        }
        return faults
    }

    private func checkJobs() -> [String] {
        var faults: [String] = []
        for job in jobs.values {
            let record = job.record
            if let ledger = job.ledger {
                let held = job.slots.reduce(0) { $0 + (slots[$1]?.record.tasks.count ?? 0) }
                if held != Int(ledger.counts.running) {
                    faults.append(
                        "job \(record.job) has \(ledger.counts.running) running tasks, its slots hold \(held)"
                    )
                }
                if ledger.counts != record.counts { faults.append("job \(record.job) has stale counts") }
                if Int(record.counts.total) != Int(record.taskCount) {
                    faults.append("job \(record.job) has \(record.counts.total) of \(record.taskCount) tasks")
                }
            }
            if record.state.isEnded, record.counts.decided != record.counts.total {
                faults.append("job \(record.job) has ended with open tasks")
            }
            if job.isOver { faults.append("job \(record.job) is over and still \(record.state.rawValue)") }
        }
        return faults
    }
}
