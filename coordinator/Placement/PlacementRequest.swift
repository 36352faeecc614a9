package import ClusterTypes

/// What a job wants for each of its slots.
package struct PlacementRequest: Sendable, Hashable {
    package var job: JobID
    /// Any of them will do, best first; never empty.
    package var alternatives: [PlacementDemand]
    /// The values of this label are to hold equally many slots of the job.
    package var spread: String?
    /// How many slots of the job each value of `spread` holds.
    package var spreadCounts: [String: Int] = [:]

    package init(job: JobID, alternatives: [PlacementDemand], spread: String? = nil) {
        self.job = job
        self.alternatives = alternatives
        self.spread = spread
    }
}

/// Where a slot goes.
package struct Placement: Sendable, Hashable {
    package var node: NodeID
    package var devices: [DeviceGrant]
    /// Which of the request's alternatives it is.
    package var alternative: Int
}

extension PlacementBoard {
    /// Finds the best place and takes it.
    ///
    /// - Returns: nil where no alternative has room anywhere.
    package mutating func place(
        _ slot: SlotID, of request: inout PlacementRequest, at now: Instant
    ) -> Placement? {
        for (alternative, demand) in request.alternatives.enumerated() {
            guard !demand.isOverQuota, let (node, devices) = best(demand, spreadAs: request, at: now) else {
                continue
            }
            let place = Placement(node: node, devices: devices, alternative: alternative)
            take(place, for: slot, of: &request)
            return place
        }
        return nil
    }

    /// Places all slots or none.
    package mutating func placeAll(
        _ slots: [SlotID], of request: inout PlacementRequest, at now: Instant
    ) -> [Placement]? {
        var places: [Placement] = []
        let counts = request.spreadCounts
        for slot in slots {
            guard let place = place(slot, of: &request, at: now) else {
                for (slot, place) in zip(slots, places) { change(place.node) { $0.release(slot) } }
                request.spreadCounts = counts
                return nil
            }
            places.append(place)
        }
        return places
    }

    mutating func take(_ place: Placement, for slot: SlotID, of request: inout PlacementRequest) {
        let occupant = Occupant(
            slot: slot, job: request.job, request: request.alternatives[place.alternative].request,
            devices: place.devices)
        change(place.node) { $0.take(occupant) }
        if let spread = request.spread, let value = self[place.node]?.value(of: spread) {
            request.spreadCounts[value, default: 0] += 1
        }
    }

    /// Where slots are spread over a label, each of its values is a class of its own, and those with the fewest slots
    /// come first; a node without the label takes none.
    private mutating func best(
        _ demand: PlacementDemand, spreadAs request: PlacementRequest, at now: Instant
    ) -> (NodeID, [DeviceGrant])? {
        guard let spread = request.spread else { return best(demand, at: now) }
        let values = domains(of: spread).enumerated().sorted {
            (request.spreadCounts[$0.element] ?? 0, $0.offset)
                < (request.spreadCounts[$1.element] ?? 0, $1.offset)
        }
        for (_, value) in values {
            var narrowed = demand
            narrowed.constraints.append(.label(key: spread, value: value))
            if let found = best(narrowed, at: now) { return found }
        }
        return nil
    }
}
