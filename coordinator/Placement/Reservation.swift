package import ClusterTypes

/// When a slot will be gone.
package enum ExpectedEnd: Sendable, Hashable {
    case latest(Instant)
    /// It will, but nobody knows when.
    case unknown
    /// Nobody waits for its end: a service.
    case never
}

/// Nodes that are kept for slots which have waited long: what runs there ends, nothing that would delay them is added.
package struct Reservation: Sendable, Hashable {
    /// Each once.
    package var nodes: [NodeID]
    /// When all of them have room, as far as the ends of what runs there are known; nil: nobody knows.
    package var startsAt: Instant?
}

extension PlacementBoard {
    /// Where so many slots would have their places soonest. Ends that are not known count as later than all known
    /// ones; of such nodes those come first where the least has to end.
    ///
    /// - Returns: nil where not all of them would fit even if all that will end has ended.
    package func reservation(
        for slots: [SlotID], of request: PlacementRequest, at now: Instant, end: (Occupant) -> ExpectedEnd
    ) -> Reservation? {
        var board = self
        var request = request
        var found = Reservation(nodes: [], startsAt: now)
        for slot in slots {
            if let place = board.place(slot, of: &request, at: now) {
                found.add(place.node, startsAt: now)
                continue
            }
            guard let (start, node) = board.soonest(request.alternatives, now, end) else { return nil }
            board.update(node)
            guard let place = board.place(slot, of: &request, at: now) else { return nil }
            found.add(place.node, startsAt: start)
        }
        return found
    }

    /// - Returns: when, and the node as it will be then.
    private func soonest(
        _ demands: [PlacementDemand], _ now: Instant, _ end: (Occupant) -> ExpectedEnd
    ) -> (Instant?, PlacementNode)? {
        var best: (start: Instant?, ended: Int, node: PlacementNode)?
        for node in nodes where node.takesWork {
            guard let (start, ended, cleared) = node.soonest(demands, now, end) else { continue }
            if let best {
                let isBetter: Bool
                switch (start, best.start) {
                case (let start?, let other?): isBetter = (start, ended) < (other, best.ended)
                case (_?, nil): isBetter = true
                case (nil, _?): isBetter = false
                case (nil, nil): isBetter = ended < best.ended
                }
                guard isBetter else { continue }
            }
            best = (start, ended, cleared)
        }
        return best.map { ($0.start, $0.node) }
    }
}

extension Reservation {
    fileprivate mutating func add(_ node: NodeID, startsAt start: Instant?) {
        if !nodes.contains(node) { nodes.append(node) }
        startsAt = if let start, let known = startsAt { max(start, known) } else { nil }
    }
}

extension PlacementNode {
    /// Lets what is there end, soonest first, until one of the demands fits.
    fileprivate func soonest(
        _ demands: [PlacementDemand], _ now: Instant, _ end: (Occupant) -> ExpectedEnd
    ) -> (start: Instant?, ended: Int, node: PlacementNode)? {
        let last = Instant(microseconds: .max)
        var leaving: [(end: Instant?, slot: SlotID)] = []
        for occupant in occupants {
            switch end(occupant) {
            case .latest(let end): leaving.append((end, occupant.slot))
            case .unknown: leaving.append((nil, occupant.slot))
            case .never: break
            }
        }
        leaving.sort { ($0.end ?? last, $0.slot) < ($1.end ?? last, $1.slot) }
        var node = self
        for (ended, occupant) in leaving.enumerated() {
            node.release(occupant.slot)
            if demands.contains(where: { Fit($0, on: node, at: occupant.end ?? now).isFit }) {
                return (occupant.end, ended + 1, node)
            }
        }
        return nil
    }
}
