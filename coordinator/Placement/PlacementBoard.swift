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

    /// The same for the scorer, which knows numbers alone. What takes a part by its memory counts as it does on most of
    /// the devices that it could have.
    package func work(of request: ResourceRequest) -> WorkClass {
        let sizes = models.sizes(of: request)
        guard sizes.sharesOfModels != nil else { return sizes.work }
        let counts = devicesByModel
        let commonest = (0..<models.count).filter { sizes.work.admits(model: $0) }.max {
            (counts[$0], $1) < (counts[$1], $0)
        }
        return commonest.map { sizes.work(on: $0) } ?? sizes.work
    }

    /// What a slot takes of a device that will do, in 1/1000: the least and the most among those that are known.
    package func shares(of request: DeviceRequest) -> ClosedRange<UInt32> { models.shares(of: request) }

    // MARK: Places

    /// - Returns: the best node and the devices to take there; nil where none has room. Nothing is taken.
    package mutating func best(_ demand: PlacementDemand, at now: Instant) -> (NodeID, [DeviceGrant])? {
        let slots = SlotClass(demand: demand, sizes: models.rememberedSizes(of: demand.request))
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
    let sizes: WorkSizes
}

/// The work of a class, which takes more of a device that has less memory.
private struct WorkSizes: Sendable {
    var work: WorkClass
    /// What it takes of a device of each model, in 1/1000; nil: the same of all.
    var sharesOfModels: [Int]?

    /// - Parameter model: of the node's devices; of mixed ones nobody knows but `Fit`.
    func work(on model: Int) -> WorkClass {
        guard let sharesOfModels else { return work }
        var sized = work
        sized.shares = sharesOfModels.indices.contains(model) ? sharesOfModels[model] : 1
        return sized
    }
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
            with: node.occupants.lazy.map { WorkClass($0.request, shares: $0.devices.first?.shares) })
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
        var work = slots.sizes.work(on: rooms.models[position])
        guard rooms.fits(work, on: position),
            slots.demand.misfit(on: nodes[position], at: now) == nil
        else { return -.infinity }
        if needsExactDevices(slots, on: position) {
            guard case .fits(let grants) = Fit(slots.demand, on: nodes[position], at: now) else {
                return -.infinity
            }
            if slots.sizes.sharesOfModels != nil, let least = grants.map(\.shares).min() {
                work.shares = Int(least)
            }
        }
        let score = scorer.score(work, on: position, standings[position], in: rooms)
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
        if request.count > 1 || request.shares == wholeDeviceShares || needsExactDevices(slots, on: position)
        {
            guard case .fits(let grants) = Fit(slots.demand, on: node, at: now) else { return nil }
            return grants
        }
        guard slots.demand.misfit(on: node, at: now) == nil else { return nil }
        let work = slots.sizes.work(on: rooms.models[position])
        var chosen = scorer.devices(work, on: position, standings[position], in: rooms)
        // A score says whether a whole device is begun, and not which.
        if chosen.allSatisfy({ node.freeShares[$0] == wholeDeviceShares }) {
            let whole = node.capacity.devices.indices.filter {
                node.capacity.devices[$0].isUsable && node.freeShares[$0] == wholeDeviceShares
            }
            let near = NearDevices(of: node, milliCPU: slots.demand.request.resources.milliCPU)
            chosen = near.choose(chosen.count, among: whole)
        }
        return chosen.map { DeviceGrant(device: UInt32($0), shares: UInt32(work.shares)) }
    }
}

extension WorkClass {
    /// Whatever the models.
    ///
    /// - Parameter shares: what it has of each device; nil: what it asks for.
    fileprivate init(_ request: ResourceRequest, shares: UInt32? = nil) {
        self.init(
            milliCPU: Int(request.resources.milliCPU), memory: Int(request.resources.memoryBytes),
            devices: Int(request.devices?.count ?? 0), shares: Int(shares ?? request.devices?.shares ?? 0))
    }
}

/// Numbers for the models of devices, as scorers want them.
private struct ModelTable: Sendable {
    /// More than one model on the node, or a model beyond those that have numbers: looked at exactly.
    static let mixed = 63
    static let size = 64

    /// One device of each.
    private var models: [DeviceCapacity] = []
    private var sizes: [ResourceRequest: WorkSizes] = [:]
    /// Requests whose sizes are remembered: more than are asked for at once.
    private static let mostSizes = 4_096

    var count: Int { models.count }

    mutating func model(of devices: [DeviceCapacity]) -> Int? {
        guard let first = devices.first else { return nil }
        let model = number(of: first)
        guard devices.allSatisfy({ Self.isSame($0, first) }) else {
            for device in devices { _ = number(of: device) }
            return Self.mixed
        }
        return model
    }

    private static func isSame(_ left: DeviceCapacity, _ right: DeviceCapacity) -> Bool {
        left.type == right.type && left.model == right.model && left.memoryBytes == right.memoryBytes
            && left.vendor == right.vendor
    }

    private mutating func number(of device: DeviceCapacity) -> Int {
        if let known = models.firstIndex(where: { Self.isSame($0, device) }) { return known }
        guard models.count < Self.mixed else { return Self.mixed }
        sizes = [:]
        models.append(device)
        return models.count - 1
    }

    mutating func rememberedSizes(of request: ResourceRequest) -> WorkSizes {
        if let known = sizes[request] { return known }
        if sizes.count >= Self.mostSizes { sizes = [:] }
        let found = self.sizes(of: request)
        sizes[request] = found
        return found
    }

    func sizes(of request: ResourceRequest) -> WorkSizes {
        var sizes = WorkSizes(work: WorkClass(request))
        guard let devices = request.devices else { return sizes }
        let wish = devices.wish
        var bits: UInt64 = 1 << UInt64(Self.mixed)
        var admitted = 0
        for (number, model) in models.enumerated() where wish.admits(model) {
            guard model.memoryBytes >= devices.leastMemoryBytes else { continue }
            bits |= 1 << UInt64(number)
            admitted += 1
        }
        sizes.work.models = admitted == models.count ? 0 : bits
        if devices.memoryShareBytes != nil {
            sizes.sharesOfModels = models.map { Int(devices.shares(of: $0) ?? wholeDeviceShares) }
        }
        return sizes
    }

    func shares(of request: DeviceRequest) -> ClosedRange<UInt32> {
        guard request.memoryShareBytes != nil else { return request.shares...request.shares }
        let wish = request.wish
        let shares = models.filter { wish.admits($0) && $0.memoryBytes >= request.leastMemoryBytes }
            .compactMap { request.shares(of: $0) }
        // A model without a number may be any.
        guard let least = shares.min(), let most = shares.max(), models.count < Self.mixed else {
            return 1...wholeDeviceShares
        }
        return least...most
    }
}
