import ClusterTypes
import CoordinatorPlacement

extension Coordinator {
    // MARK: What slots have

    /// A slot is placed: it counts from now on.
    mutating func charge(_ slot: SlotRecord, on node: NodeID) {
        guard let job = jobs[slot.job]?.record, let node = nodes[node]?.record else { return }
        let charge = Charge(slot, of: job, on: node)
        slots[slot.slot]?.charge = charge
        sharing.add(charge, at: liveness.lastHandled ?? .epoch)
    }

    /// It has no place any more.
    mutating func discharge(_ slot: SlotID, at now: Instant) {
        guard let charge = slots[slot]?.charge else { return }
        slots[slot]?.charge = nil
        sharing.remove(charge, at: now)
    }

    // MARK: Order

    /// The least goes first. It changes as slots are placed.
    func standing(of job: JobID, at now: Instant) -> Standing {
        guard let record = jobs[job]?.record else { return Standing(clusterUsage: 0, userUsage: 0) }
        let name = record.specification.placement.virtualCluster
        let weight = name.flatMap { sharing.virtualClusters[$0]?.weight } ?? 1
        return sharing.fairShare.standing(
            of: record.submitter, in: name, weight: Double(weight), cluster: sharing.cluster, at: now)
    }

    // MARK: What is kept

    /// Writes down every few minutes who had how much: what a restart forgets is no more than these.
    mutating func keepUsage(at now: Instant, into output: inout Output) {
        guard now >= sharing.usageWrittenAt + .seconds(Int64(limits.usageWriteSeconds)) else { return }
        let changed = sharing.fairShare.users(heldSince: sharing.usageWrittenAt)
        let forgotten = sharing.fairShare.forgetIdle(at: now)
        sharing.usageWrittenAt = now
        let records =
            changed.map { user in
                FairShareRecord(
                    sharing.fairShare.usage(of: .user(user.name, in: user.virtualCluster), at: now),
                    of: user.name, in: user.virtualCluster, asOf: now)
            }
            + forgotten.map {
                FairShareRecord(virtualCluster: $0.virtualCluster, user: $0.name, asOf: now)
            }
        if !records.isEmpty { output.writes.append(.putFairShare(records)) }
    }

    mutating func restoreSharing(_ snapshot: Snapshot, at now: Instant) {
        for record in snapshot.virtualClusters { sharing.virtualClusters[record.name] = record }
        for record in snapshot.fairShare where !record.usage.isForgotten {
            sharing.fairShare.restore(
                record.usage, of: record.user, in: record.virtualCluster, asOf: record.asOf, at: now)
        }
        for node in nodes.values { sharing.cluster += HeldAmounts(node.record.capacity) }
    }

    // MARK: Status

    func virtualClusterStatus(at now: Instant) -> [VirtualClusterStatus] {
        let records = sharing.virtualClusters.values.sorted { $0.name < $1.name }
        var types: [DeviceTypeKey] = []
        for key in records.flatMap(\.quotas).map(\.key) + sharing.used.keys.map(\.key)
        where !types.contains(key) { types.append(key) }
        let stocks = stocks()
        var shares = records.map { _ in [VirtualClusterStatus.TypeShare]() }
        for key in types.sorted() {
            let claims = records.map { record in
                VirtualClusterShares.Claim(
                    quota: record.quotas[key] ?? 0, used: whole(sharing.used(of: key, in: record.name)))
            }
            let parts = VirtualClusterShares.divide(
                stocks[key]?.whole ?? VirtualClusterShares.Stock(total: 0, available: 0, unschedulable: 0),
                among: claims)
            for (position, part) in parts.enumerated()
            where records[position].quotas[key] != nil || part.used > 0 {
                shares[position].append(VirtualClusterStatus.TypeShare(key, part))
            }
        }
        return zip(records, shares).map { record, shares in
            VirtualClusterStatus(
                record: record, shares: shares,
                usageSeconds: sharing.fairShare.usage(of: .virtualCluster(record.name), at: now)
                    .dominant(of: sharing.cluster), users: userStatus(in: record.name, at: now))
        }
    }

    private func userStatus(in name: String, at now: Instant) -> [VirtualClusterStatus.User] {
        sharing.fairShare.users.filter { $0.virtualCluster == name }.map(\.name).sorted().map { user in
            let used = sharing.used.keys.filter { $0.virtualCluster == name && $0.user == user }
            return VirtualClusterStatus.User(
                name: user,
                used: used.map { Quota($0.key, whole(sharing.used[$0] ?? 0)) }.sorted { $0.key < $1.key },
                usageSeconds: sharing.fairShare.usage(of: .user(user, in: name), at: now)
                    .dominant(of: sharing.cluster))
        }
    }

    private func whole(_ thousandths: Int64) -> UInt32 {
        UInt32(clamping: (max(0, thousandths) + 999) / 1_000)
    }

    /// Of each type that nodes have.
    private func stocks() -> OrderedTable<DeviceTypeKey, StockThousandths> {
        var stocks = OrderedTable<DeviceTypeKey, StockThousandths>()
        for node in nodes.values where node.record.state != .released && node.record.state != .joining {
            let capacity = node.record.capacity
            let takesWork = node.record.state == .ready
            stocks.add(
                capacity.resources.milliCPU, free: capacity.resources.milliCPU - node.used.milliCPU,
                of: .processors, takesWork)
            for (position, device) in capacity.devices.enumerated() {
                let whole = Int64(wholeDeviceShares)
                let used = position < node.usedShares.count ? Int64(node.usedShares[position]) : 0
                stocks.add(
                    whole, free: whole - used, of: DeviceTypeKey(device, capacity.architecture),
                    takesWork && device.isUsable && !node.isWithheld(position))
            }
        }
        guard sharing.preemptibleSlots > 0 else { return stocks }
        // What they have is to be had by others.
        for slot in slots.values {
            guard let charge = slot.charge, charge.isPreemptible, let node = slot.record.node,
                nodes[node]?.record.state == .ready
            else { continue }
            for (key, amount) in charge.amounts { stocks[key]?.free += amount }
        }
        return stocks
    }
}

private struct StockThousandths {
    var total: Int64 = 0
    var free: Int64 = 0
    var unschedulable: Int64 = 0

    var whole: VirtualClusterShares.Stock {
        let total = UInt32(clamping: total / 1_000)
        let unschedulable = min(total, UInt32(clamping: (unschedulable + 999) / 1_000))
        let free = UInt32(clamping: max(0, free) / 1_000)
        return VirtualClusterShares.Stock(
            total: total, available: min(free, total - unschedulable), unschedulable: unschedulable)
    }
}

extension OrderedTable<DeviceTypeKey, StockThousandths> {
    fileprivate mutating func add(_ amount: Int64, free: Int64, of key: DeviceTypeKey, _ takesWork: Bool) {
        var stock = self[key] ?? StockThousandths()
        stock.total += amount
        if takesWork { stock.free += max(0, free) } else { stock.unschedulable += amount }
        self[key] = stock
    }
}
