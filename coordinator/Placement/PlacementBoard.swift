package import ClusterTypes

/// All nodes, and for each class of slots the best place among them. A value: on a copy one can try what would happen.
package struct PlacementBoard: Sendable {
    private var values: NodeValues
    private var positions: [NodeID: Int] = [:]
    private var models = ModelTable()
    private var rankings = ClassRankings<PlacementDemand>()
    private var domains: [String: [String]] = [:]

    /// In the order of their first appearance, in which equally good ones are preferred.
    package var nodes: [PlacementNode] { values.nodes }

    package init(scorer: any NodeScore) { values = NodeValues(scorer: scorer) }

    // MARK: Nodes

    /// Takes in what a node is now.
    package mutating func update(_ node: PlacementNode) {
        let model = model(of: node)
        if let position = positions[node.node] {
            guard nodes[position] != node else { return }
            if nodes[position].capacity.labels != node.capacity.labels { domains = [:] }
            values.set(position, to: node, model: model)
            rankings.noteChange(of: position)
        } else {
            positions[node.node] = nodes.count
            values.append(node, model: model)
            rankings.addNode()
            domains = [:]
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
        values.use(scorer)
        rankings.forget()
    }

    private mutating func model(of node: PlacementNode) -> Int? {
        let known = models.count
        let model = models.model(of: node.capacity.devices)
        // Which models a class may use was told by those that were known.
        if models.count > known { rankings.forget() }
        return model
    }

    /// Whole devices of each of the scorer's models.
    package var devicesByModel: [Int] {
        var counts = [Int](repeating: 0, count: ModelTable.size)
        for position in nodes.indices where values.rooms.models[position] >= 0 {
            counts[values.rooms.models[position]] += nodes[position].capacity.devices.count
        }
        return counts
    }

    /// The nodes with nothing running on them.
    package var emptyRooms: [NodeRooms.Room] {
        nodes.indices.map { position in
            let capacity = nodes[position].capacity
            return NodeRooms.Room(
                model: values.rooms.models[position] < 0 ? nil : values.rooms.models[position],
                milliCPU: Int(capacity.resources.milliCPU), memory: Int(capacity.resources.memoryBytes),
                shares: capacity.devices.map { $0.isUsable ? Int(wholeDeviceShares) : 0 })
        }
    }

    /// The same for the scorer, which knows numbers alone.
    package func work(of request: ResourceRequest) -> WorkClass { models.work(of: request) }

    // MARK: Places

    /// - Returns: the best node and the devices to take there; nil where none has room. Nothing is taken.
    package mutating func best(_ demand: PlacementDemand, at now: Instant) -> (NodeID, [DeviceGrant])? {
        let slots = SlotClass(demand: demand, work: models.rememberedWork(of: demand.request))
        let values = values
        var best = rankings.best(demand) { values.value(of: $0, for: slots, at: now) }
        while let position = best {
            if let devices = values.devices(for: slots, on: position, at: now) {
                return (nodes[position].node, devices)
            }
            // What has changed is time alone, and time does not come back.
            best = rankings.best(demand, without: position)
        }
        return nil
    }
}

private struct SlotClass: Sendable {
    let demand: PlacementDemand
    /// The same for the scorer.
    let work: WorkClass
}

/// The nodes, and what a place on each is worth.
private struct NodeValues: Sendable {
    private(set) var nodes: [PlacementNode] = []
    private(set) var rooms = NodeRooms()
    private var scorer: any NodeScore
    private var standings: [Double] = []

    init(scorer: any NodeScore) { self.scorer = scorer }

    mutating func append(_ node: PlacementNode, model: Int?) {
        nodes.append(node)
        rooms.append(Self.room(of: node, model: model))
        standings.append(0)
        set(nodes.count - 1, to: node, model: model)
    }

    mutating func set(_ position: Int, to node: PlacementNode, model: Int?) {
        nodes[position] = node
        rooms.set(
            position, to: Self.room(of: node, model: model),
            with: node.occupants.lazy.map { WorkClass($0.request) })
        standings[position] = scorer.standing(of: position, in: rooms)
    }

    mutating func use(_ scorer: any NodeScore) {
        self.scorer = scorer
        for position in nodes.indices { standings[position] = scorer.standing(of: position, in: rooms) }
    }

    private static func room(of node: PlacementNode, model: Int?) -> NodeRooms.Room {
        let devices = node.capacity.devices
        return NodeRooms.Room(
            model: model, milliCPU: Int(node.free.milliCPU), memory: Int(node.free.memoryBytes),
            shares: devices.indices.map { devices[$0].isUsable ? Int(node.freeShares[$0]) : 0 })
    }

    func value(of position: Int, for slots: SlotClass, at now: Instant) -> Double {
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

    /// nil where it does not fit any more.
    func devices(for slots: SlotClass, on position: Int, at now: Instant) -> [DeviceGrant]? {
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
    private var works: [ResourceRequest: WorkClass] = [:]
    /// Requests whose work is remembered: more than are asked for at once.
    private static let mostWorks = 4_096

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
        works = [:]
        models.append(
            Model(
                type: first.type, name: first.model, vendor: first.vendor, memoryBytes: first.memoryBytes))
        return models.count - 1
    }

    mutating func rememberedWork(of request: ResourceRequest) -> WorkClass {
        if let known = works[request] { return known }
        if works.count >= Self.mostWorks { works = [:] }
        let work = work(of: request)
        works[request] = work
        return work
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
