import ClusterTypes
import CoordinatorPlacement
import ProtocolMessages

extension Coordinator {
    /// What must hold after every event; tests and simulation call it.
    /// - Returns: a sentence for each rule that is broken; empty when all hold.
    package func checkInvariants() -> [String] {
        checkSlots() + checkNodes() + liveness.checkInvariants(of: nodes.values) + checkConnections()
            + checkJobs() + checkSharing() + checkPools() + checkProgress()
    }

    private func checkSlots() -> [String] {
        var faults: [String] = []
        for slot in slots.values {
            let record = slot.record
            if record.state.isEnded { faults.append("slot \(record.key) has ended and is still kept") }
            if record.state.isPlaced != (record.node != nil) {
                let node = record.node.map(\.description) ?? "none"
                faults.append("slot \(record.key) is \(record.state.rawValue) with node \(node)")
            }
            if !record.state.isPlaced, !record.tasks.isEmpty || !record.devices.isEmpty || slot.credits > 0 {
                faults.append("slot \(record.key) has no place and holds tasks, devices or credits")
            }
            if let node = record.node, !(nodes[node]?.slots.contains(record.slot) ?? false) {
                faults.append("slot \(record.key) is on node \(node), which does not know it")
            }
            if record.tasks.count > limits.tasksPerSlot || Set(record.tasks).count < record.tasks.count {
                faults.append("slot \(record.key) holds too many tasks, or one twice")
            }
            guard let job = jobs[record.job], job.slots.contains(record.slot) else {
                faults.append("slot \(record.key) is not among the slots of its job \(record.job)")
                continue
            }
            for task in record.tasks {
                if job.ledger?.state(of: task.index) != .running {
                    faults.append("slot \(record.key) holds task \(task.index), which is not running")
                } else if job.ledger?.attempt(of: task.index) != task.attempt {
                    faults.append("slot \(record.key) holds a past attempt of task \(task.index)")
                }
                let crashes = job.ledger?.crashes(of: task.index).count ?? 0
                if hasReachedLimit(crashes, of: job) {
                    faults.append("task \(task.index) of job \(record.job) runs after \(crashes) crashes")
                }
            }
            if hasReachedLimit(record.crashes.count, of: job) {
                faults.append("slot \(record.key) goes on after \(record.crashes.count) crashes")
            }
            if job.record.state.isEnded, record.state != .stopping {
                faults.append(
                    "slot \(record.key) of the ended job \(record.job) is \(record.state.rawValue)")
            }
        }
        return faults
    }

    private func hasReachedLimit(_ crashes: Int, of job: Job) -> Bool {
        let limit = job.record.specification.crashLimit
        return limit > 0 && crashes >= limit || crashes > limits.crashesKept
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
                used += job.record.specification.request(slot.alternative).resources
                for grant in slot.devices { shares[Int(grant.device)] += grant.shares }
                if record.state == .lost, job.record.specification.onDisconnect == .stop {
                    faults.append("node \(record.node) is lost and keeps slot \(slot.key)")
                }
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
            let isFoundByKey = directory.node(withKey: record.keyFingerprint) == record.node
            if !directory.nodes(named: record.name).contains(record.node)
                || (record.state != .released && !isFoundByKey)
            {
                faults.append("node \(record.node) is not found by its name or key")
            }
            if (record.state == .released) != releasedNodes.contains(record.node) {
                faults.append("node \(record.node) is \(record.state.rawValue), and counted otherwise")
            }
            if record.capacity.devices.contains(where: { $0.isUsable && $0.fault != nil }) {
                faults.append("node \(record.node) gives a device to work that is at fault")
            }
            if record.quarantine?.until != nil, record.state == .ready {
                faults.append("node \(record.node) is quarantined and takes work")
            }
            let probes = ([node.watch] + node.deviceWatches).compactMap(\.probe)
            if probes.contains(where: { !node.slots.contains($0) }) {
                faults.append("node \(record.node) is tried by slots that it does not hold: \(probes)")
            }
            if record.state == .ready || record.state == .cordoned, record.state != node.stateWhenHeard {
                faults.append(
                    "node \(record.node) is \(record.state.rawValue), not \(node.stateWhenHeard.rawValue)")
            }
            if let end = record.dampedUntil, dampingEnds.earliest.map({ $0 > end }) ?? true {
                faults.append("the damping of node \(record.node) has no end")
            }
            if record.state == .released, !node.slots.isEmpty {
                faults.append("node \(record.node) is released with slots")
            }
            if record.state == .drained, !node.slots.isEmpty {
                faults.append("node \(record.node) is drained with slots")
            }
            faults += checkDeparture(of: node)
        }
        return faults
    }

    /// Nobody calls a node empty but its agent, and nobody forgets to ask.
    private func checkDeparture(of node: Node) -> [String] {
        var faults: [String] = []
        let record = node.record
        if record.state == .drained, !node.isEmptyConfirmed || !record.isDraining {
            faults.append("node \(record.node) is drained, and nobody has confirmed it")
        }
        if node.isEmptyConfirmed, !record.isDraining {
            faults.append("node \(record.node) takes work and is called empty")
        }
        if record.state == .ready, node.isGoing {
            faults.append("node \(record.node) is about to go and is called ready")
        }
        if record.removal != nil, !record.isDraining || record.state == .released {
            faults.append("node \(record.node) is to be removed and is \(record.state.rawValue)")
        }
        guard record.isDraining, node.slots.isEmpty else { return faults }
        if node.connection != nil, !node.isEmptyConfirmed, node.emptinessAsked != node.assignments {
            faults.append("node \(record.node) is to be empty, and nobody asks whether it is")
        }
        if node.isEmptyConfirmed, record.removal != nil {
            faults.append("node \(record.node) is empty and is not removed")
        }
        return faults
    }

    private func checkConnections() -> [String] {
        var faults: [String] = []
        for node in nodes.values {
            let record = node.record
            guard let connection = node.connection else {
                if node.credits > 0 { faults.append("node \(record.node) has credits and no connection") }
                continue
            }
            if connections[connection]?.node != record.node {
                faults.append("node \(record.node) has a connection that is not its own")
            }
            if !node.presumedCrashes.isEmpty {
                faults.append("node \(record.node) is connected and its crashes are only presumed")
            }
            if !node.takesItsPlace {
                faults.append("node \(record.node) is connected and \(record.state.rawValue)")
            }
        }
        for connection in connections.keys {
            guard let node = connections[connection]?.node else { continue }
            if nodes[node]?.connection != connection {
                faults.append("connection \(connection) is of node \(node), which has another")
            }
        }
        return faults
    }

    private func checkJobs() -> [String] {
        var faults: [String] = []
        for job in jobs.values {
            let record = job.record
            let held = job.slots.compactMap { slots[$0]?.record }
            let pending = held.count { $0.state == .pending }
            if held.count != Set(job.slots).count {
                faults.append("job \(record.job) lists a slot that is not there, or one twice")
            }
            if let ledger = job.ledger {
                let tasks = held.reduce(0) { $0 + $1.tasks.count }
                if tasks != Int(ledger.counts.running) {
                    faults.append(
                        "job \(record.job) has \(ledger.counts.running) running tasks, its slots hold \(tasks)"
                    )
                }
                if ledger.counts != record.counts { faults.append("job \(record.job) has stale counts") }
                if pending > (ledger.counts.ready > 0 ? 1 : 0) {
                    faults.append(
                        "job \(record.job) has \(pending) waiting slots for \(ledger.counts.ready) tasks")
                }
            } else if !record.state.isEnded {
                if held.count - pending != Int(record.counts.running) {
                    faults.append("job \(record.job) counts \(record.counts.running) of its placed slots")
                }
                if pending > Int(record.counts.ready) {
                    faults.append("job \(record.job) has more waiting slots than it wants")
                }
            }
            if Int(record.counts.total) != Int(record.taskCount) {
                faults.append("job \(record.job) has \(record.counts.total) of \(record.taskCount) tasks")
            }
            if record.state.isEnded, record.counts.decided != record.counts.total {
                faults.append("job \(record.job) has ended with open tasks")
            }
            if job.isOver { faults.append("job \(record.job) is over and still \(record.state.rawValue)") }
        }
        let ended = jobs.values.filter(\.record.state.isEnded).map(\.record.job)
        if ended.sorted() != endedJobs.sorted() { faults.append("the list of ended jobs is not true") }
        return faults
    }

    /// Nothing waits for what is there.
    private func checkProgress() -> [String] {
        var faults: [String] = []
        let handledAt = liveness.lastHandled ?? .epoch
        for slot in slots.values where grantable(to: slot.record.slot, at: handledAt) != .nothing {
            faults.append("slot \(slot.record.key) waits for tasks, or for its end, and is not given it")
        }
        guard !needsPlacement, storeFailure == nil else { return faults }
        var tried = self
        tried.refreshBoard()
        for job in jobsThatWantSlots() where startDeadlines.deadline(of: job) == nil {
            var request = request(of: job)
            let isGang = jobs[job]?.record.specification.placement.gang != nil
            let waiting = pendingSlots(of: job)
            if isGang, waiting.count < jobs[job]?.slots.count ?? 0 { continue }
            let wanted = isGang ? waiting : [SlotID(lastSlot + 1)]
            if let placements = tried.board.placeAll(wanted, of: &request, at: handledAt) {
                faults.append(
                    "job \(job) wants a slot, node \(placements.first?.node ?? NodeID(0)) has room, and nothing happens"
                )
            }
        }
        return faults
    }
}
