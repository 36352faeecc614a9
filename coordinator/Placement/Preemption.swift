package import ClusterTypes

/// Slots that have to end so that others have a place.
package struct Preemption: Sendable, Hashable {
    package var node: NodeID
    package var victims: [SlotID]
}

extension PlacementBoard {
    /// The least that has to end for a slot to fit: where the most valuable victim is worth least, and of these where
    /// they are fewest. None of the victims could be spared.
    ///
    /// - Parameter worth: what a job's slots are worth; nil: they may not be stopped.
    /// - Returns: nil where no node would have room even then, and where nothing has to end.
    package func preemption(
        for demand: PlacementDemand, at now: Instant, worth: (JobID) -> Int32?
    ) -> Preemption? {
        var best: (worth: Int32, count: Int, plan: Preemption)?
        for node in nodes where node.takesWork {
            guard let victims = node.victims(for: demand, at: now, worth: worth),
                let most = victims.map(\.worth).max()
            else { continue }
            if let best, (best.worth, best.count) <= (most, victims.count) { continue }
            best = (most, victims.count, Preemption(node: node.node, victims: victims.map(\.slot)))
        }
        return best?.plan
    }
}

extension PlacementNode {
    fileprivate func victims(
        for demand: PlacementDemand, at now: Instant, worth: (JobID) -> Int32?
    ) -> [(worth: Int32, slot: SlotID)]? {
        var candidates: [(worth: Int32, occupant: Occupant)] = []
        for occupant in occupants {
            if let worth = worth(occupant.job) { candidates.append((worth, occupant)) }
        }
        guard !candidates.isEmpty else { return nil }
        var node = self
        for candidate in candidates { node.release(candidate.occupant.slot) }
        guard Fit(demand, on: node, at: now).isFit else { return nil }
        // The most valuable are spared first, of these the oldest.
        candidates.sort { ($1.worth, $0.occupant.slot) < ($0.worth, $1.occupant.slot) }
        var victims: [(worth: Int32, slot: SlotID)] = []
        for candidate in candidates {
            var spared = node
            spared.take(candidate.occupant)
            if Fit(demand, on: spared, at: now).isFit {
                node = spared
            } else {
                victims.append((candidate.worth, candidate.occupant.slot))
            }
        }
        return victims
    }
}
