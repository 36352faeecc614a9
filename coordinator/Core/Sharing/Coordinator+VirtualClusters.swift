import ClusterTypes
import CoordinatorPlacement

extension Coordinator {
    // MARK: Orders

    mutating func setVirtualCluster(
        _ wanted: VirtualClusterRecord, at now: Instant, into output: inout Output
    ) throws(CommandRefusal) -> Reply {
        let name = wanted.name
        let former = sharing.virtualClusters[name]
        if former == nil, sharing.virtualClusters.count >= limits.virtualClusters {
            throw CommandRefusal(
                .limitReached, "\(limits.virtualClusters) virtual clusters exist: delete some")
        }
        try check(wanted)
        var record = wanted
        record.createdAt = former?.createdAt ?? now
        if let former, former == record { return .virtualCluster(record) }
        try checkNothingStranded(by: record)
        sharing.virtualClusters[name] = record
        output.writes.append(.putVirtualCluster(record))
        let quotas = record.quotas.map { "\($0.name)=\($0.count)" }.joined(separator: " ")
        output.writes.append(
            .addEvent(
                EventRecord(
                    at: now, subject: .cluster,
                    message: "virtual cluster '\(name)' is set: weight \(record.weight), quotas "
                        + (quotas.isEmpty ? "none" : quotas))))
        needsPlacement = true
        return .virtualCluster(record)
    }

    private func check(_ wanted: VirtualClusterRecord) throws(CommandRefusal) {
        if wanted.name.isEmpty { throw CommandRefusal(.invalid, "name: must not be empty") }
        if !VirtualClusterRecord.weights.contains(wanted.weight) {
            throw CommandRefusal(.invalid, "weight: must be 1 to 1000, not \(wanted.weight)")
        }
        for (list, quotas) in [("quotas", wanted.quotas), ("userQuotas", wanted.userQuotas)] {
            if quotas.count > limits.quotasPerVirtualCluster {
                throw CommandRefusal(
                    .limitReached, "\(list): at most \(limits.quotasPerVirtualCluster) types have one")
            }
            for (quota, next) in zip(quotas, quotas.dropFirst()) where quota.key == next.key {
                throw CommandRefusal(.invalid, "\(list): \(quota.name) stands twice")
            }
            if let quota = quotas.first(where: { $0.count > Quota.largest }) {
                throw CommandRefusal(
                    .invalid, "\(list): \(quota.name) must be 0 to \(Quota.largest), not \(quota.count)")
            }
        }
    }

    /// Work that runs is never above a quota because somebody has changed it.
    private func checkNothingStranded(by record: VirtualClusterRecord) throws(CommandRefusal) {
        for counter in sharing.used.keys where counter.virtualCluster == record.name {
            let amount = sharing.used[counter] ?? 0
            let quota =
                counter.user == nil ? record.quota(of: counter.key) : record.userQuotas[counter.key]
            guard let quota, Int64(quota) * 1_000 < amount else { continue }
            let whose = counter.user.map { "slots of user '\($0)' in" } ?? "slots of"
            throw CommandRefusal(
                .conflict,
                "a \(counter.user == nil ? "quota" : "user quota") of \(quota) \(counter.key) is less than the "
                    + "\(amount.thousandths) that running \(whose) virtual cluster '\(record.name)' have ("
                    + holders(of: counter)
                    + "): end some of them first, or set \((amount + 999) / 1_000) or more")
        }
    }

    /// `job 3 has 4, job 7 has 2`.
    private func holders(of counter: Sharing.Counter) -> String {
        var sums = OrderedTable<JobID, Int64>()
        for slot in slots.values {
            guard let charge = slot.charge, !charge.isPreemptible,
                charge.virtualCluster == counter.virtualCluster,
                counter.user == nil || charge.user == counter.user,
                let amount = charge.amounts.first(where: { $0.key == counter.key })?.amount
            else { continue }
            sums[slot.record.job] = (sums[slot.record.job] ?? 0) + amount
        }
        return list(sums.keys.sorted()) { "job \($0) has \((sums[$0] ?? 0).thousandths)" }
    }

    private func list(_ jobs: [JobID], _ words: (JobID) -> String) -> String {
        let shown = jobs.prefix(Self.jobsShown).map(words)
        let rest = jobs.count - shown.count
        return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }

    private static var jobsShown: Int { 10 }

    mutating func dropVirtualCluster(
        _ name: String, at now: Instant, into output: inout Output
    ) throws(CommandRefusal) -> Reply {
        guard let record = sharing.virtualClusters[name] else { throw unknown(name, .notFound) }
        let users = jobs.values.filter { job in
            job.record.specification.placement.virtualCluster == name
                && (!job.record.state.isEnded || !job.slots.isEmpty)
        }.map(\.record.job).sorted()
        if !users.isEmpty {
            let held = sharing.used.keys.filter { $0.virtualCluster == name && $0.user == nil }
                .map { "\((sharing.used[$0] ?? 0).thousandths) \($0.key)" }
            throw CommandRefusal(
                .conflict,
                "virtual cluster '\(name)' has active jobs ("
                    + list(users) { "job \($0)" } + "), which have "
                    + (held.isEmpty ? "nothing of its quotas now" : held.joined(separator: ", "))
                    + ": cancel them or let them end first")
        }
        sharing.virtualClusters[name] = nil
        output.writes.append(.dropVirtualCluster(name))
        output.writes.append(
            .addEvent(
                EventRecord(at: now, subject: .cluster, message: "virtual cluster '\(name)' is deleted")))
        return .virtualCluster(record)
    }

    private func unknown(_ name: String, _ code: CommandRefusal.Code) -> CommandRefusal {
        let names = sharing.virtualClusters.keys.sorted()
        guard !names.isEmpty else {
            return CommandRefusal(code, "there is no virtual cluster '\(name)', and no other one either")
        }
        let meant = names.min { $0.edits(to: name) < $1.edits(to: name) }.flatMap {
            $0.edits(to: name) <= max(1, name.count / 3) ? "; did you mean '\($0)'?" : nil
        }
        return CommandRefusal(
            code,
            "there is no virtual cluster '\(name)'\(meant ?? ".") There "
                + (names.count == 1 ? "is " : "are ") + names.prefix(20).joined(separator: ", ")
                + (names.count > 20 ? " and \(names.count - 20) more" : ""))
    }

    // MARK: Submission

    /// That its virtual cluster exists, and could have such work if nothing else ran.
    func checkVirtualCluster(
        of specification: JobSpecification, by submitter: String
    ) throws(CommandRefusal) {
        guard let name = specification.placement.virtualCluster else { return }
        guard let record = sharing.virtualClusters[name] else { throw unknown(name, .invalid) }
        guard !specification.placement.isPreemptible else { return }
        let together = specification.placement.gang == nil ? 1 : Int64(max(1, specification.gangSlots))
        let ways = specification.ways(within: record) { board.shares(of: $0).lowerBound }
        let isPossible = ways.contains { way in
            way.allSatisfy { key, amount in
                [record.quota(of: key), record.userQuotas[key]].allSatisfy { quota in
                    quota.map { amount * together <= Int64($0) * 1_000 } ?? true
                }
            }
        }
        guard !isPossible else { return }
        let slots = together == 1 ? "a slot" : "a gang of \(together) slots"
        let quotas = record.quotas.map { "\($0.name)=\($0.count)" }
        let userQuotas = record.userQuotas.map { "\($0.name)=\($0.count)" }
        throw CommandRefusal(
            .impossible,
            "virtual cluster '\(name)' could never have \(slots) of this job, "
                + (ways.first.map { "which needs \(text($0, times: together))" }
                    ?? "for whose devices it has no quota")
                + "; its quotas: " + (quotas.isEmpty ? "none" : quotas.joined(separator: " "))
                + (userQuotas.isEmpty ? "" : "; each user's: " + userQuotas.joined(separator: " ")))
    }

    private func text(_ way: JobSpecification.Way, times count: Int64) -> String {
        way.map { "\(($0.amount * count).thousandths) \($0.key)" }.joined(separator: " and ")
    }

    // MARK: Room

    /// How many more slots of this job its virtual cluster and its user may have now; `.max` where nothing limits them.
    ///
    /// Before a slot is placed nobody knows of which vendor its devices will be: the type with the most room counts,
    /// and `narrow` says which of them have any. Nor how much a part by its memory takes of them: the most counts.
    func quotaRoom(for job: JobID) -> UInt32 {
        guard let record = jobs[job]?.record, let name = record.specification.countedVirtualCluster else {
            return .max
        }
        guard let cluster = sharing.virtualClusters[name] else { return 0 }
        return record.specification.ways(within: cluster) { board.shares(of: $0).upperBound }
            .map { room(for: $0, in: cluster, record.submitter) }.max() ?? 0
    }

    /// Narrows what a job wants to what quotas leave, for so many more slots of it.
    func narrow(_ demand: inout PlacementDemand, of job: JobRecord, slots: UInt32) {
        guard let name = job.specification.countedVirtualCluster else { return }
        guard let cluster = sharing.virtualClusters[name] else {
            demand.isOverQuota = true
            return
        }
        let request = demand.request
        func isRoom(_ key: DeviceTypeKey?) -> Bool {
            let way = request.way(key) { board.shares(of: $0).upperBound }
            return room(for: way, in: cluster, job.submitter) >= slots
        }
        guard let wanted = request.devices else {
            demand.isOverQuota = !isRoom(nil)
            return
        }
        let types = cluster.quotas.map(\.key).filter { key in
            guard case .devices(_, let type, _) = key else { return false }
            return type == wanted.type && isRoom(key)
        }
        demand.deviceTypes = types
        demand.isOverQuota = types.isEmpty
    }

    /// Why its virtual cluster or its user may have fewer slots of it than it wants; nil where they may have all.
    func quotaExplanation(for job: JobID) -> String? {
        guard let record = jobs[job]?.record, let name = record.specification.countedVirtualCluster,
            Int(quotaRoom(for: job)) < max(1, slotsWanted(job))
        else { return nil }
        guard let cluster = sharing.virtualClusters[name] else {
            return "virtual cluster '\(name)' has been deleted: submit the job again to another one"
        }
        let ways = record.specification.ways(within: cluster) { board.shares(of: $0).upperBound }
        let best = ways.max {
            room(for: $0, in: cluster, record.submitter) < room(for: $1, in: cluster, record.submitter)
        }
        guard let best else { return "virtual cluster '\(name)' has no quota for devices of this type" }
        let tight = best.min {
            room(for: [$0], in: cluster, record.submitter) < room(for: [$1], in: cluster, record.submitter)
        }
        guard let tight else { return nil }
        let key = tight.key
        let parts = bounds(of: key, in: cluster, record.submitter).map { bound in
            let who =
                bound.user.map { "user '\($0)' in virtual cluster '\(name)'" } ?? "virtual cluster '\(name)'"
            return "\(who) may have \(max(0, bound.limit - bound.used).thousandths) more of \(key) "
                + "(quota \(bound.limit.thousandths), used \(bound.used.thousandths))"
        }
        return parts.joined(separator: "; ") + "; a slot needs \(tight.amount.thousandths)"
    }

    private func room(
        for way: JobSpecification.Way, in cluster: VirtualClusterRecord, _ user: String
    ) -> UInt32 {
        var room = UInt32.max
        for (key, amount) in way {
            for bound in bounds(of: key, in: cluster, user) {
                room = min(room, UInt32(clamping: max(0, bound.limit - bound.used) / amount))
            }
        }
        return room
    }

    /// In 1/1000; without what has no limit.
    private func bounds(
        of key: DeviceTypeKey, in cluster: VirtualClusterRecord, _ user: String
    ) -> [(user: String?, limit: Int64, used: Int64)] {
        var bounds: [(user: String?, limit: Int64, used: Int64)] = []
        if let quota = cluster.quota(of: key) {
            bounds.append((nil, Int64(quota) * 1_000, sharing.used(of: key, in: cluster.name)))
        }
        if let quota = cluster.userQuotas[key] {
            bounds.append((user, Int64(quota) * 1_000, sharing.used(of: key, in: cluster.name, by: user)))
        }
        return bounds
    }
}

extension VirtualClusterRecord {
    /// nil: no limit.
    func quota(of key: DeviceTypeKey) -> UInt32? {
        quotas[key] ?? (key == .processors ? nil : 0)
    }
}

extension JobSpecification {
    /// What a slot needs of each key, in 1/1000; nothing of what it needs none of.
    typealias Way = [(key: DeviceTypeKey, amount: Int64)]

    /// Whose quota its slots count against.
    fileprivate var countedVirtualCluster: String? {
        placement.isPreemptible ? nil : placement.virtualCluster
    }

    fileprivate var requests: [ResourceRequest] { [resources] + placement.alternatives }

    fileprivate var gangSlots: UInt32 { kind == .tasks ? slots.minimum : slots.maximum }

    /// All that a slot could be counted as: with each device type of the quotas that request and constraints allow.
    ///
    /// - Parameter shares: what it takes of each device.
    fileprivate func ways(
        within cluster: VirtualClusterRecord, shares: (DeviceRequest) -> UInt32
    ) -> [Way] {
        requests.flatMap { request in
            guard let wanted = request.devices else { return [request.way(nil, shares: shares)] }
            let keys = cluster.quotas.map(\.key).filter { key in
                guard case .devices(_, let type, let architecture) = key else { return false }
                return type == wanted.type
                    && constraints.allSatisfy { constraint in
                        guard case .architecture(let needed) = constraint else { return true }
                        return needed == architecture
                    }
            }
            return keys.map { request.way($0, shares: shares) }
        }
    }
}

extension ResourceRequest {
    /// - Parameters:
    ///   - key: of the devices; nil: they are not looked at.
    ///   - shares: what it takes of each device.
    fileprivate func way(
        _ key: DeviceTypeKey?, shares: (DeviceRequest) -> UInt32
    ) -> JobSpecification.Way {
        var way: JobSpecification.Way = []
        if resources.milliCPU > 0 { way.append((.processors, resources.milliCPU)) }
        if let key, let devices { way.append((key, Int64(devices.count) * Int64(shares(devices)))) }
        return way
    }
}

extension String {
    /// How many letters must be put in, taken out or exchanged.
    fileprivate func edits(to other: String) -> Int {
        let letters = Array(other)
        var row = Array(0...letters.count)
        for (position, letter) in enumerated() {
            var diagonal = row[0]
            row[0] = position + 1
            for column in letters.indices {
                let exchange = diagonal + (letters[column] == letter ? 0 : 1)
                let edits = Swift.min(row[column] + 1, row[column + 1] + 1, exchange)
                diagonal = row[column + 1]
                row[column + 1] = edits
            }
        }
        return row[letters.count]
    }
}
