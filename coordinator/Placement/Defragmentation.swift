package import ClusterTypes

/// A slot that could be elsewhere.
package struct Move: Sendable, Hashable {
    package var slot: SlotID
    package var job: JobID
    package var from: NodeID
    package var to: NodeID
    package var devices: [DeviceGrant]
}

/// Moves that make one device whole again.
package struct FreedDevice: Sendable, Hashable {
    package var node: NodeID
    package var device: UInt32
    package var moves: [Move]
}

extension PlacementBoard {
    /// Which devices would be whole again if what shares them were placed anew, the least used first. Nothing is moved.
    ///
    /// - Parameter demand: how such a slot would be placed now; nil: it cannot be moved.
    package func defragmentation(
        at now: Instant, demand: (Occupant) -> PlacementRequest?
    ) -> [FreedDevice] {
        var board = self
        var freed: [FreedDevice] = []
        for (node, device) in board.sharedDevices {
            if let moves = board.moves(off: device, of: node, at: now, demand) {
                freed.append(FreedDevice(node: node, device: device, moves: moves))
            }
        }
        return freed
    }

    package var wholeDevices: Int {
        nodes.reduce(0) { $0 + $1.freeShares.count { $0 == wholeDeviceShares } }
    }

    /// In part used, the least used first.
    private var sharedDevices: [(NodeID, UInt32)] {
        var found: [(free: UInt32, node: NodeID, device: UInt32)] = []
        for node in nodes {
            for (device, free) in node.freeShares.enumerated() where free > 0 && free < wholeDeviceShares {
                found.append((free, node.node, UInt32(device)))
            }
        }
        return found.sorted { ($1.free, $0.node, $0.device) < ($0.free, $1.node, $1.device) }.map {
            ($0.node, $0.device)
        }
    }

    /// The moves are done on this board; nil and unchanged where they would not make more devices whole.
    private mutating func moves(
        off device: UInt32, of node: NodeID, at now: Instant, _ demand: (Occupant) -> PlacementRequest?
    ) -> [Move]? {
        let before = self
        let whole = wholeDevices
        let there = self[node]?.occupants.filter { $0.devices.contains { $0.device == device } } ?? []
        guard !there.isEmpty else { return nil }
        var moves: [Move] = []
        for occupant in there { change(node) { $0.release(occupant.slot) } }
        let hold = self[node]?.hold
        // Back to where it was is no move.
        change(node) { $0.takesWork = false }
        for occupant in there {
            guard var request = demand(occupant), let place = place(occupant.slot, of: &request, at: now)
            else {
                self = before
                return nil
            }
            moves.append(
                Move(
                    slot: occupant.slot, job: occupant.job, from: node, to: place.node,
                    devices: place.devices))
        }
        change(node) {
            $0.takesWork = true
            $0.hold = hold
        }
        guard wholeDevices > whole else {
            self = before
            return nil
        }
        return moves
    }
}
