import ClusterTypes
import CoordinatorAutoscale
import CoordinatorPlacement
import ProtocolMessages

extension Coordinator {
    /// What a slot waits for: every node counted once, under the first reason that keeps it out.
    func explainPending(_ slot: SlotID, _ state: Job) -> [String] {
        let now = liveness.lastHandled ?? .epoch
        let job = state.record.job
        let demands = request(of: job).alternatives
        let open = nodes.values.filter(\.takesWork).map(\.placement)
        let kept = nodes.values.filter { !$0.takesWork && $0.record.state != .released }
        var lines: [String] = []
        if open.isEmpty, kept.isEmpty { lines.append("slot \(slot) waits: no node has joined yet") }
        if let next = startDeadlines.deadline(of: job) {
            lines.append("its job may start its next slot at \(next.rfc3339Seconds): no more a minute")
        }
        if state.record.specification.placement.gang != nil {
            lines += explainGang(state, open, at: now)
        }
        for (number, demand) in demands.enumerated() {
            let misfits = Fit.misfits(demand, on: open, at: now)
            let which = number == 0 ? "slot \(slot)" : "alternative \(number)"
            let isOpen = misfits.reduce(0) { $0 + $1.1 } < open.count
            if !open.isEmpty, misfits.isEmpty { lines.append("\(which) is placed in a moment") }
            guard !misfits.isEmpty else { continue }
            let nearest = isOpen ? nil : nearest(demand, of: open, at: now)
            lines.append(
                "\(which) waits: of \(open.count) nodes that take work, "
                    + misfits.map { "\($0.1) \($0.0.explanation(for: demand))" }.joined(separator: ", ")
                    + (nearest.map { "; nearest: \($0)" } ?? ""))
        }
        lines += [quotaExplanation(for: job)].compactMap(\.self)
        lines += explainWaiting(slot, state, at: now)
        if let crashes = slots[slot]?.record.crashes, !crashes.isEmpty {
            lines.append(explain(crashes, limit: state.record.specification.crashLimit))
        }
        for nodeState in NodeState.allCases {
            let count = kept.count { $0.record.state == nodeState }
            if count > 0 { lines.append("\(count) nodes take no work: \(nodeState.rawValue)") }
        }
        lines += explainCluster()
        lines += explainPools(for: state.record, wanted: slotsWanted(job))
        return lines
    }

    /// Whether nodes come that it could have, and why none do.
    private func explainPools(for job: JobRecord, wanted: Int) -> [String] {
        guard wanted > 0 else { return [] }
        let unmet = pools.unmet.first { $0.demand == Self.demandName(of: job) }
        var lines = unmet?.reasons ?? []
        for status in poolStatus(at: liveness.lastHandled ?? .epoch) {
            if status.launcher == nil {
                lines.append(Autoscaler.advice(staticPool: status.name, slots: wanted))
            } else if unmet == nil, !status.outlook.isEmpty {
                lines.append(status.outlook)
            }
        }
        return lines
    }

    private func explainGang(_ state: Job, _ open: [PlacementNode], at now: Instant) -> [String] {
        let count = Int(state.record.counts.ready)
        let leaving = state.slots.count { slots[$0]?.record.state != .pending }
        if leaving > 0 {
            return ["it is a gang: \(leaving) of its slots end first, then all start together"]
        }
        var board = board
        var request = request(of: state.record.job)
        var fitting = 0
        while fitting < count,
            board.place(SlotID(lastSlot + 1 + UInt64(fitting)), of: &request, at: now) != nil
        {
            fitting += 1
        }
        return ["it is a gang of \(count): \(fitting) of its slots would fit now, all or none start"]
    }

    /// What of its waiting is its own: nodes that are kept for it, and when it would start.
    private func explainWaiting(_ slot: SlotID, _ state: Job, at now: Instant) -> [String] {
        let job = state.record.job
        var lines: [String] = []
        if !state.heldNodes.isEmpty {
            lines.append("kept for it: \(names(of: state.heldNodes))")
        }
        guard state.waitsSince != nil else { return lines }
        let found = board.reservation(for: [slot], of: request(of: job), at: now) { end(of: $0, at: now) }
        if let start = found?.startsAt, start > now {
            lines.append(
                "by what is known of the ends of other slots, it would start about \(start.rfc3339Seconds)")
        }
        return lines
    }

    /// The node that lacks least, and what; nil where no node lacks room alone.
    private func nearest(_ demand: PlacementDemand, of open: [PlacementNode], at now: Instant) -> String? {
        var best: (lack: Double, text: String)?
        for node in open {
            guard case .misses(let misfit) = Fit(demand, on: node, at: now),
                let (lack, what) = demand.lack(of: misfit, on: node)
            else { continue }
            if best.map({ lack < $0.lack }) ?? true { best = (lack, "node '\(node.name)' lacks \(what)") }
        }
        return best?.text
    }

    /// Why a placed slot is where it is, and where it would go now.
    func explain(_ slot: SlotID, at now: Instant) throws(CommandRefusal) -> [String] {
        guard let record = slots[slot]?.record, let job = jobs[record.job] else {
            throw CommandRefusal(.notFound, "there is no slot \(slot) now")
        }
        guard let node = record.node, let known = nodes[node] else {
            return ["slot \(slot) of job \(record.job) is \(record.state.rawValue)"]
                + explainPending(slot, job)
        }
        var lines = [
            "slot \(record.key) of job \(record.job) '\(job.record.specification.job)' is "
                + "\(record.state.rawValue) on node '\(known.record.name)' since \(record.since.rfc3339Seconds)"
        ]
        if !record.reason.isEmpty { lines.append(record.reason) }
        if !job.record.specification.placement.alternatives.isEmpty {
            lines.append("it has request \(record.alternative) of its job (0 is the one that is preferred)")
        }
        let share = job.record.specification.request(record.alternative).devices?.memoryShareBytes
        for grant in record.devices {
            let devices = known.record.capacity.devices
            guard Int(grant.device) < devices.count else { continue }
            let device = devices[Int(grant.device)]
            let places = [
                device.linkGroup.map { ", link group \($0)" },
                device.rootPort.map { ", PCIe root port \($0)" },
                device.memoryNode.map { ", NUMA node \($0)" },
            ].compactMap { $0 }.joined()
            let memory = share.map { ", for \($0.binaryBytes) of its memory" } ?? ""
            lines.append(
                "device \(grant.device) (\(device.model)): \(grant.shares) of \(wholeDeviceShares) shares"
                    + memory + places)
        }
        var board = board
        board.change(node) { $0.release(slot) }
        var request = request(of: record.job)
        if let place = board.place(slot, of: &request, at: now), let best = nodes[place.node]?.record.name {
            let policy = limits.placementPolicy.rawValue
            lines.append(
                place.node == node
                    ? "by the policy '\(policy)' this is the best place for it now as well"
                    : "placed now it would go to node '\(best)' (policy '\(policy)'); what runs is not moved")
        }
        return lines
    }
}

extension PlacementDemand {
    /// How much more of its own wish than it has the node would need, as a part of the wish; nil where it is not room
    /// that it lacks.
    fileprivate func lack(of misfit: Misfit, on node: PlacementNode) -> (Double, String)? {
        let wanted = request.resources
        switch misfit {
        case .processor:
            let lack = wanted.milliCPU - node.free.milliCPU
            return (
                Double(lack) / Double(max(1, wanted.milliCPU)),
                lack == 1_000 ? "1 CPU" : "\(lack.thousandths) CPUs"
            )
        case .memory:
            let lack = wanted.memoryBytes - node.free.memoryBytes
            return (
                Double(lack) / Double(max(1, wanted.memoryBytes)), "\((lack + 1_048_575) >> 20) MiB of memory"
            )
        case .disk:
            let lack = wanted.diskBytes - node.free.diskBytes
            return (
                Double(lack) / Double(max(1, wanted.diskBytes)), "\((lack + 1_048_575) >> 20) MiB of disk"
            )
        case .deviceCount:
            guard let devices = request.devices else { return nil }
            if let wanted = devices.memoryShareBytes {
                return node.lackOfDeviceMemory(for: devices).map {
                    (Double($0) / Double(wanted), "\($0.binaryBytes) free on \(devices.places)")
                }
            }
            let free = node.freeShares.count { $0 >= devices.shares }
            let lack = max(1, Int(devices.count) - free)
            let share = devices.shares < wholeDeviceShares ? " with \(devices.shares) free shares" : ""
            return (
                Double(lack) / Double(devices.count),
                "\(lack) free \(devices.type.rawValue)\(lack == 1 ? "" : "s")\(share)"
            )
        default: return nil
        }
    }
}
