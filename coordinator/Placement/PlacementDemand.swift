package import ClusterTypes

/// What one slot needs of a node. Slots whose demands are equal are one class: what is known of one holds for all.
package struct PlacementDemand: Sendable, Hashable {
    package var request: ResourceRequest
    package var constraints: [Constraint]
    package var preferences: [Constraint] = []
    /// How long a slot that is given now may need its node; nil: that does not matter.
    package var seconds: Int64?
    /// After `seconds` it is over, as its job says: it may use nodes that are kept for later.
    package var endsInTime = false
    /// Whose slots are counted for `slotsPerNode`, and who may use what is held; nil where neither matters, so that
    /// equal jobs share a class.
    package var job: JobID?
    /// At most so many slots of `job` on the node.
    package var slotsPerNode: UInt32?
    /// Of which types its devices may be, by quotas; nil: of any.
    package var deviceTypes: [DeviceTypeKey]?
    /// Quotas leave no room for it at all.
    package var isOverQuota = false
    /// Of each entry a slot of one of the jobs must be on the node.
    package var with: [[JobID]] = []
    /// No slot of any of them may be.
    package var apart: [JobID] = []
    /// Of `constraints`, those that name nodes by a pattern: one of them must fit.
    private var patterns: [Pattern] = []

    private struct Pattern: Sendable, Hashable {
        var names: NamePattern
        var slots: UInt32?
    }

    package init(request: ResourceRequest, constraints: [Constraint] = [], seconds: Int64? = nil) {
        self.request = request
        self.constraints = constraints
        self.seconds = seconds
        for case .nodes(let text, let slots) in constraints {
            // What does not parse was refused at submission; it fits no node.
            if let names = try? NamePattern(text) { patterns.append(Pattern(names: names, slots: slots)) }
        }
    }

    /// It is said how many slots a node may hold.
    package var countsOnNodes: Bool { slotsPerNode != nil || patterns.contains { $0.slots != nil } }

    /// - Returns: how many of the job's slots such a node may hold; nil: the node's name fits no pattern.
    func slotLimit(onNodeNamed name: String) -> UInt32? {
        let own = slotsPerNode ?? .max
        guard constraints.contains(where: \.isPattern) else { return own }
        guard let pattern = patterns.first(where: { $0.names.matches(name) }) else { return nil }
        return min(own, pattern.slots ?? .max)
    }
}

extension Constraint {
    fileprivate var isPattern: Bool {
        if case .nodes = self { true } else { false }
    }
}
