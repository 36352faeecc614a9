package import ClusterTypes

/// Whether a node can take a slot now: every constraint holds and there is room.
package enum Fit: Sendable, Hashable {
    /// With these devices.
    case fits([DeviceGrant])
    case misses(Misfit)

    package init(_ demand: PlacementDemand, on node: PlacementNode, at now: Instant) {
        if let misfit = demand.misfit(on: node, at: now) {
            self = .misses(misfit)
            return
        }
        guard let request = demand.request.devices else {
            self = .fits([])
            return
        }
        switch DeviceChoice(request, milliCPU: demand.request.resources.milliCPU, on: node) {
        case .chosen(let devices):
            self = .fits(
                devices.compactMap { position in
                    request.shares(of: node.capacity.devices[position]).map {
                        DeviceGrant(device: UInt32(position), shares: $0)
                    }
                })
        case .misses(let misfit): self = .misses(misfit)
        }
    }

    package var isFit: Bool {
        if case .fits = self { true } else { false }
    }

    /// Each misfit with the number of nodes that it keeps out, most nodes first.
    package static func misfits(
        _ demand: PlacementDemand, on nodes: [PlacementNode], at now: Instant
    ) -> [(Misfit, Int)] {
        var counts = [Int](repeating: 0, count: Misfit.allCases.count)
        for node in nodes {
            if case .misses(let misfit) = Fit(demand, on: node, at: now) { counts[misfit.rawValue] += 1 }
        }
        return Misfit.allCases.map { ($0, counts[$0.rawValue]) }.filter { $0.1 > 0 }.sorted {
            ($1.1, $0.0) < ($0.1, $1.0)
        }
    }
}

extension PlacementDemand {
    /// All but the devices; in the order of `Misfit`, but for these.
    func misfit(on node: PlacementNode, at now: Instant) -> Misfit? {
        for constraint in constraints {
            if let misfit = constraint.violation(by: node) { return misfit }
        }
        for wanted in request.counted where node.total(of: wanted.name) < Int(wanted.count) {
            return .counted
        }
        if isOverQuota || !isAllowed(on: node) { return .quota }
        if let misfit = company(on: node) { return misfit }
        if !node.takesWork { return .state }
        let needed = seconds.map { now + .seconds($0) }
        if let needed, let endsAt = node.endsAt, endsAt < needed { return .time }
        if let hold = node.hold, hold.job != job {
            guard endsInTime, let needed, let startsAt = hold.startsAt, needed <= startsAt else {
                return .hold
            }
        }
        for wanted in request.counted where node.free(of: wanted.name) < Int(wanted.count) { return .counted }
        let wanted = request.resources
        if wanted.milliCPU > node.free.milliCPU { return .processor }
        if wanted.memoryBytes > node.free.memoryBytes { return .memory }
        if wanted.diskBytes > node.free.diskBytes { return .disk }
        return node.credits == 0 ? .credits : nil
    }

    /// A node with devices of one type and several vendors must be allowed for each.
    private func isAllowed(on node: PlacementNode) -> Bool {
        guard let deviceTypes, let wanted = request.devices else { return true }
        return node.capacity.devices.allSatisfy { device in
            device.type != wanted.type
                || deviceTypes.contains(DeviceTypeKey(device, node.capacity.architecture))
        }
    }

    /// What depends on who else is there.
    private func company(on node: PlacementNode) -> Misfit? {
        guard let limit = slotLimit(onNodeNamed: node.name) else { return .name }
        if limit < .max, let job, node.occupants.count(where: { $0.job == job }) >= Int(limit) {
            return .slotsPerNode
        }
        let isApart = apart.isEmpty || !node.occupants.contains { apart.contains($0.job) }
        let isWith = with.allSatisfy { jobs in node.occupants.contains { jobs.contains($0.job) } }
        return isApart && isWith ? nil : .affinity
    }

    /// How many of the preferences such a node fulfils.
    func preferred(on node: PlacementNode) -> Int {
        preferences.count { $0.violation(by: node) == nil }
    }
}

extension Constraint {
    /// nil where it holds, and for those that are looked at together (`nodes`, `with`, `apart`).
    func violation(by node: PlacementNode) -> Misfit? {
        switch self {
        case .architecture(let architecture): node.capacity.architecture == architecture ? nil : .architecture
        case .pool(let pool): node.pool == pool ? nil : .pool
        case .node(let name): node.name == name ? nil : .name
        case .label(let key, let value): node.value(of: key) == value ? nil : .label
        case .labelAmong(let key, let values): node.value(of: key).map(values.contains) == true ? nil : .label
        case .hasLabel(let key): node.value(of: key) != nil ? nil : .label
        case .lacksLabel(let key): node.value(of: key) == nil ? nil : .label
        case .nodes, .with, .apart: nil
        }
    }
}
