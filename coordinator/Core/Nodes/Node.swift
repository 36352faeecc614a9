import ClusterTypes
import CoordinatorPlacement
import ProtocolMessages

/// A connection that the gateway has accepted.
struct Connection: Sendable {
    let peer: PeerIdentity
    /// nil until `hello` was accepted.
    var node: NodeID?
}

/// A node's record, and what is known of it only while the coordinator runs.
struct Node: Sendable {
    var record: NodeRecord
    var connection: ConnectionID?
    /// Of the agent process that said `hello` last; nil while none has since the coordinator started.
    var instance: UInt64?
    /// Slots that it asked for and has not been given.
    var credits: UInt32 = 0
    /// Placed here, in the order of assignment.
    var slots: [SlotID] = []
    var used = Resources.none
    /// Of each device, in 1/1000.
    var usedShares: [UInt32]
    var returns = NodeReturns()

    init(record: NodeRecord) {
        self.record = record
        usedShares = record.capacity.devices.map { _ in 0 }
    }

    /// It has shown itself since it was enrolled.
    var takesItsPlace: Bool { record.state != .joining && record.state != .lost && record.state != .released }

    var takesWork: Bool { record.state == .ready && connection != nil }

    var placement: PlacementNode {
        PlacementNode(
            node: record.node, name: record.name, pool: record.pool, capacity: record.capacity,
            free: record.capacity.resources - used,
            freeShares: usedShares.map { $0 > wholeDeviceShares ? 0 : wholeDeviceShares - $0 },
            credits: credits)
    }

    /// What orders, what it lacks, its flaps and the running slots make of a node that is heard from.
    var stateWhenHeard: NodeState {
        if record.isDraining { return slots.isEmpty ? .drained : .draining }
        let isHeld = record.isCordoned || record.shortfall != nil || record.dampedUntil != nil
        return isHeld ? .cordoned : .ready
    }
}
