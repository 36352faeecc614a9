package import ClusterTypes

/// The simplest correct rule: the first node, in the order given, that satisfies every constraint and has room;
/// of its devices the fullest that still fit, so that whole ones stay whole.
package enum FirstFit {
    /// - Returns: the position in `nodes` and the devices to take there; nil when no node fits now.
    package static func place(_ demand: PlacementDemand, on nodes: [PlacementNode]) -> (Int, [DeviceGrant])? {
        for position in nodes.indices {
            if case .fits(let grants) = fit(demand, on: nodes[position]) { return (position, grants) }
        }
        return nil
    }

    package enum Fit: Sendable, Hashable {
        case fits([DeviceGrant])
        case misses(Misfit)
    }

    package static func fit(_ demand: PlacementDemand, on node: PlacementNode) -> Fit {
        for constraint in demand.constraints {
            if let misfit = violation(of: constraint, by: node) { return .misses(misfit) }
        }
        if let needed = demand.neededUntil, let endsAt = node.endsAt, endsAt < needed {
            return .misses(.time)
        }
        var grants: [DeviceGrant] = []
        if let request = demand.request.devices {
            switch chooseDevices(request, on: node) {
            case .fits(let chosen): grants = chosen
            case .misses(let misfit): return .misses(misfit)
            }
        }
        let wanted = demand.request.resources
        if wanted.milliCPU > node.free.milliCPU { return .misses(.processor) }
        if wanted.memoryBytes > node.free.memoryBytes { return .misses(.memory) }
        if wanted.diskBytes > node.free.diskBytes { return .misses(.disk) }
        if node.credits == 0 { return .misses(.credits) }
        return .fits(grants)
    }

    /// Each misfit with the number of nodes that it keeps out, most nodes first.
    package static func misfits(_ demand: PlacementDemand, on nodes: [PlacementNode]) -> [(Misfit, Int)] {
        var counts = [Int](repeating: 0, count: Misfit.allCases.count)
        for node in nodes {
            if case .misses(let misfit) = fit(demand, on: node) { counts[misfit.rawValue] += 1 }
        }
        return Misfit.allCases.map { ($0, counts[$0.rawValue]) }.filter { $0.1 > 0 }.sorted {
            ($1.1, $0.0) < ($0.1, $1.0)
        }
    }

    private static func violation(of constraint: Constraint, by node: PlacementNode) -> Misfit? {
        switch constraint {
        case .architecture(let architecture): node.capacity.architecture == architecture ? nil : .architecture
        case .pool(let pool): node.pool == pool ? nil : .pool
        case .node(let name): node.name == name ? nil : .name
        case .label(let key, let value):
            node.capacity.labels.contains(Label(key, value)) ? nil : .label
        case .labelAmong(let key, let values):
            node.capacity.labels.contains { $0.key == key && values.contains($0.value) } ? nil : .label
        case .hasLabel(let key): node.capacity.labels.contains { $0.key == key } ? nil : .label
        case .lacksLabel(let key): node.capacity.labels.contains { $0.key == key } ? .label : nil
        case .nodes, .with, .apart: nil
        }
    }

    private static func chooseDevices(_ request: DeviceRequest, on node: PlacementNode) -> Fit {
        let devices = node.capacity.devices
        let ofModel = devices.indices.filter {
            devices[$0].type == request.type && devices[$0].isUsable
                && matches(request.model, devices[$0].model)
        }
        if ofModel.isEmpty { return .misses(.deviceModel) }
        let large = ofModel.filter { devices[$0].memoryBytes >= request.memoryBytes }
        if large.isEmpty { return .misses(.deviceMemory) }
        let free = large.filter { node.freeShares[$0] >= request.shares }
        guard free.count >= Int(request.count) else { return .misses(.deviceCount) }
        let fullest = free.sorted { (node.freeShares[$0], $0) < (node.freeShares[$1], $1) }
        return .fits(
            fullest.prefix(Int(request.count)).sorted().map {
                DeviceGrant(device: UInt32($0), shares: request.shares)
            })
    }

    /// True when `wanted` is one of the model name's words ("A100" in "NVIDIA A100-SXM4-80GB"), or all of it. A part of
    /// a GPU ("NVIDIA H100 MIG 3g.40gb") answers to its own words alone: "MIG", "3g.40gb".
    private static func matches(_ wanted: String?, _ model: String) -> Bool {
        guard let wanted = wanted?.lowercased() else { return true }
        let model = model.lowercased()
        if model == wanted { return true }
        let profile = model.split(separator: " ").drop { $0 != "mig" }
        guard profile.isEmpty else { return profile.contains { $0 == wanted } }
        return model.split { !($0.isLetter || $0.isNumber) }.contains { $0 == wanted }
    }
}
