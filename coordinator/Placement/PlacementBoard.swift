package import ClusterTypes

/// All nodes, and for each class of slots the best place among them.
///
/// A value: on a copy one can try what would happen. Each class keeps the score of every node in a tree whose root is the
/// best; only nodes that have changed since the class was asked for are scored again. No node is left out, so the
/// result is that of a look at all of them.
package struct PlacementBoard: Sendable {
    /// In the order of their first appearance, in which equally good ones are preferred.
    package private(set) var nodes: [PlacementNode] = []
    private var positions: [NodeID: Int] = [:]
    private var rooms = NodeRooms()
    private var models = ModelTable()
    private var scorer: any NodeScore
    private var standings: [Double] = []
    private var classes: [PlacementDemand: Int] = [:]
    private var rankings: [Ranking] = []
    /// Positions of nodes in the order in which they have changed; of older changes only the number is known.
    private var changes: [Int32] = []
    private var forgottenChanges = 0
    /// The number of the change that a node had last.
    private var lastChange: [Int] = []
    private var uses = 0
    private var domains: [String: [String]] = [:]
    /// As many nodes as the trees have leaves for.
    private var leaves: Int { rankings.first?.tree.capacity ?? .max }

    /// Scores of all classes together. 8,000,000: 128 MB.
    private static let largestScores = 8_000_000

    package init(scorer: any NodeScore) { self.scorer = scorer }

    // MARK: Nodes

    /// Takes in what a node is now.
    package mutating func update(_ node: PlacementNode) {
        let room = room(of: node)
        if let position = positions[node.node] {
            guard nodes[position] != node else { return }
            if nodes[position].capacity.labels != node.capacity.labels { domains = [:] }
            nodes[position] = node
            rooms.set(position, to: room, with: node.occupants.lazy.map { WorkClass($0.request) })
            noteChange(of: position)
        } else {
            positions[node.node] = nodes.count
            nodes.append(node)
            rooms.append(room)
            rooms.set(
                nodes.count - 1, to: room, with: node.occupants.lazy.map { WorkClass($0.request) })
            standings.append(0)
            lastChange.append(-1)
            domains = [:]
            if nodes.count > leaves { forgetRankings() }
            noteChange(of: nodes.count - 1)
        }
    }

    /// The values that nodes have of this label, in the order of their first appearance.
    mutating func domains(of label: String) -> [String] {
        if let known = domains[label] { return known }
        var values: [String] = []
        var seen: Set<String> = []
        for node in nodes {
            if let value = node.value(of: label), seen.insert(value).inserted { values.append(value) }
        }
        domains[label] = values
        return values
    }

    package subscript(node: NodeID) -> PlacementNode? { positions[node].map { nodes[$0] } }

    /// Changes one node in place; nothing where it is not known.
    package mutating func change(_ node: NodeID, _ body: (inout PlacementNode) -> Void) {
        guard let position = positions[node] else { return }
        var changed = nodes[position]
        body(&changed)
        update(changed)
    }

    /// Places are judged anew, as of now.
    package mutating func judge(by scorer: any NodeScore) {
        self.scorer = scorer
        for position in nodes.indices { standings[position] = scorer.standing(of: position, in: rooms) }
        forgetRankings()
    }

    private mutating func forgetRankings() {
        rankings.removeAll(keepingCapacity: true)
        classes.removeAll(keepingCapacity: true)
    }

    private mutating func room(of node: PlacementNode) -> NodeRooms.Room {
        let devices = node.capacity.devices
        let known = models.count
        let model = models.model(of: devices)
        // Which models a class may use was told by those that were known.
        if models.count > known { forgetRankings() }
        return NodeRooms.Room(
            model: model, milliCPU: Int(node.free.milliCPU),
            memory: Int(node.free.memoryBytes),
            shares: devices.indices.map { devices[$0].isUsable ? Int(node.freeShares[$0]) : 0 })
    }

    private mutating func noteChange(of position: Int) {
        standings[position] = scorer.standing(of: position, in: rooms)
        if changes.count > 4 * nodes.count + 1_024 {
            forgottenChanges += changes.count
            changes.removeAll(keepingCapacity: true)
        }
        lastChange[position] = forgottenChanges + changes.count
        changes.append(Int32(position))
    }

    /// Whole devices of each of the scorer's models.
    package var devicesByModel: [Int] {
        var counts = [Int](repeating: 0, count: ModelTable.size)
        for position in nodes.indices where rooms.models[position] >= 0 {
            counts[rooms.models[position]] += nodes[position].capacity.devices.count
        }
        return counts
    }

    /// The nodes with nothing running on them.
    package var emptyRooms: [NodeRooms.Room] {
        nodes.indices.map { position in
            let capacity = nodes[position].capacity
            return NodeRooms.Room(
                model: rooms.models[position] < 0 ? nil : rooms.models[position],
                milliCPU: Int(capacity.resources.milliCPU), memory: Int(capacity.resources.memoryBytes),
                shares: capacity.devices.map { $0.isUsable ? Int(wholeDeviceShares) : 0 })
        }
    }

    /// The same for the scorer, which knows numbers alone.
    package func work(of demand: PlacementDemand) -> WorkClass { models.work(of: demand.request) }

    // MARK: Places

    /// - Returns: the best node and the devices to take there; nil where none has room. Nothing is taken.
    package mutating func best(_ demand: PlacementDemand, at now: Instant) -> (NodeID, [DeviceGrant])? {
        let number = ranking(of: demand)
        refresh(number, at: now)
        while let position = rankings[number].tree.best {
            if let devices = devices(for: rankings[number].slots, on: position, at: now) {
                return (nodes[position].node, devices)
            }
            // What has changed is time alone, and time does not come back.
            rankings[number].tree.set(position, -.infinity)
        }
        return nil
    }

    private mutating func ranking(of demand: PlacementDemand) -> Int {
        uses += 1
        if let number = classes[demand] {
            rankings[number].lastUse = uses
            return number
        }
        let ranking = Ranking(
            slots: SlotClass(demand: demand, work: models.work(of: demand.request)),
            // Some nodes may come without a new tree.
            tree: BestNode(count: min(leaves, nodes.count + 64)), lastUse: uses)
        let most = max(16, Self.largestScores / max(1, nodes.count))
        var number = rankings.count
        if number >= most,
            let oldest = rankings.indices.min(by: { rankings[$0].lastUse < rankings[$1].lastUse })
        {
            classes[rankings[oldest].slots.demand] = nil
            rankings[oldest] = ranking
            number = oldest
        } else {
            rankings.append(ranking)
        }
        classes[demand] = number
        return number
    }

    private mutating func refresh(_ number: Int, at now: Instant) {
        let seen = rankings[number].seen
        let known = forgottenChanges + changes.count
        if seen < forgottenChanges || known - seen > nodes.count {
            let slots = rankings[number].slots
            let values = nodes.indices.map { value(of: $0, for: slots, at: now) }
            rankings[number].tree.fill(values.count) { values[$0] }
        } else {
            for change in seen..<known {
                let position = Int(changes[change - forgottenChanges])
                // A later change tells the same.
                guard lastChange[position] == change else { continue }
                let value = value(of: position, for: rankings[number].slots, at: now)
                rankings[number].tree.set(position, value)
            }
        }
        rankings[number].seen = known
    }

    private func value(of position: Int, for slots: SlotClass, at now: Instant) -> Double {
        guard rooms.fits(slots.work, on: position),
            slots.demand.misfit(on: nodes[position], at: now) == nil
        else { return -.infinity }
        if needsExactDevices(slots, on: position), !Fit(slots.demand, on: nodes[position], at: now).isFit {
            return -.infinity
        }
        let score = scorer.score(slots.work, on: position, standings[position], in: rooms)
        return slots.demand.preferences.isEmpty
            ? score : score + 1e9 * Double(slots.demand.preferred(on: nodes[position]))
    }

    /// Numbers alone do not say which devices will do.
    private func needsExactDevices(_ slots: SlotClass, on position: Int) -> Bool {
        guard let request = slots.demand.request.devices else { return false }
        return rooms.models[position] == ModelTable.mixed || (request.count > 1 && request.type == .npu)
    }

    private func devices(for slots: SlotClass, on position: Int, at now: Instant) -> [DeviceGrant]? {
        let node = nodes[position]
        guard let request = slots.demand.request.devices else {
            return slots.demand.misfit(on: node, at: now) == nil ? [] : nil
        }
        if request.count > 1 || needsExactDevices(slots, on: position) {
            guard case .fits(let grants) = Fit(slots.demand, on: node, at: now) else { return nil }
            return grants
        }
        guard slots.demand.misfit(on: node, at: now) == nil else { return nil }
        return scorer.devices(slots.work, on: position, standings[position], in: rooms).map {
            DeviceGrant(device: UInt32($0), shares: request.shares)
        }
    }
}

extension WorkClass {
    /// Whatever the models.
    fileprivate init(_ request: ResourceRequest) {
        self.init(
            milliCPU: Int(request.resources.milliCPU), memory: Int(request.resources.memoryBytes),
            devices: Int(request.devices?.count ?? 0), shares: Int(request.devices?.shares ?? 0))
    }
}

private struct SlotClass: Sendable {
    let demand: PlacementDemand
    /// The same for the scorer.
    let work: WorkClass
}

private struct Ranking: Sendable {
    let slots: SlotClass
    var tree: BestNode
    /// How many changes it knows of; -1: none of the nodes was looked at.
    var seen = -1
    var lastUse: Int
}

/// Numbers for the models of devices, as scorers want them.
private struct ModelTable: Sendable {
    /// More than one model on the node, or a model beyond those that have numbers: looked at exactly.
    static let mixed = 63
    static let size = 64

    private struct Model: Sendable {
        let type: DeviceType
        let name: String
        let vendor: String?
        let memoryBytes: Int64
    }

    private var models: [Model] = []

    var count: Int { models.count }

    mutating func model(of devices: [DeviceCapacity]) -> Int? {
        guard let first = devices.first else { return nil }
        let isUniform = devices.allSatisfy {
            $0.type == first.type && $0.model == first.model && $0.memoryBytes == first.memoryBytes
                && $0.vendor == first.vendor
        }
        guard isUniform else { return Self.mixed }
        let known = models.firstIndex {
            $0.type == first.type && $0.name == first.model && $0.memoryBytes == first.memoryBytes
                && $0.vendor == first.vendor
        }
        if let known { return known }
        guard models.count < Self.mixed else { return Self.mixed }
        models.append(
            Model(
                type: first.type, name: first.model, vendor: first.vendor, memoryBytes: first.memoryBytes))
        return models.count - 1
    }

    func work(of request: ResourceRequest) -> WorkClass {
        var work = WorkClass(request)
        guard let devices = request.devices else { return work }
        var bits: UInt64 = 1 << UInt64(Self.mixed)
        var admitted = 0
        for (number, model) in models.enumerated() {
            var device = DeviceCapacity(type: model.type, model: model.name, memoryBytes: model.memoryBytes)
            device.vendor = model.vendor
            guard device.matches(devices.type, devices.model), device.memoryBytes >= devices.memoryBytes
            else { continue }
            bits |= 1 << UInt64(number)
            admitted += 1
        }
        work.models = admitted == models.count ? 0 : bits
        return work
    }
}
