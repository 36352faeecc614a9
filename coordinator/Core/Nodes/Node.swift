import ClusterTypes
import CoordinatorPlacement
import ProtocolMessages

/// A connection that the gateway has accepted.
enum Connection: Sendable {
    /// No `hello` was accepted yet.
    indirect case unnamed(PeerIdentity)
    case named(NodeID)

    var node: NodeID? {
        switch self {
        case .unnamed: nil
        case .named(let node): node
        }
    }
}

/// A node's record, and what is known of it only while the coordinator runs.
struct Node: Sendable {
    var record: NodeRecord
    var connection: ConnectionID?
    /// Of the agent process that said `hello` last; nil while none has since the coordinator started.
    var instance: UInt64?
    /// The interval of its heartbeats, as its agent was told; 0 while it was not.
    var heartbeatMilliseconds: UInt32 = 0
    /// Slots that it asked for and has not been given.
    var credits: UInt32 = 0
    /// What its agent and this coordinator both speak.
    var version = ProtocolVersion.current
    /// Assignments that its connection has carried.
    var assignments: UInt64 = 0
    /// After so many of them it was asked on its connection whether it is empty; nil: it was not.
    var emptinessAsked: UInt64?
    /// Its time is about to end, says its agent.
    var isEnding = false
    /// It is to be empty, and its agent has said that it is.
    var isEmptyConfirmed: Bool
    /// Placed here, in the order of assignment.
    var occupants: [Occupant] = []
    var slots: [SlotID] { occupants.map(\.slot) }
    /// Since when nothing is placed here, as the autoscaler saw; nil: something was, or it has not looked.
    var idleSince: Instant?
    /// Kept for a job that waits; nil: for nobody.
    var hold: Hold?
    /// Since placement looked last.
    var isTouched = false
    var used = Resources.none
    /// Of each device, in 1/1000.
    var usedShares: [UInt32]
    /// Crashes that were counted when its lease was over; taken back if it returns and was only cut off.
    var presumedCrashes: [PresumedCrash] = []
    var watch = Watch()
    /// Of each device that has had something to note.
    var deviceWatches: [Watch] = []
    var returns = NodeReturns()

    init(record: NodeRecord) {
        self.record = record
        usedShares = record.capacity.devices.map { _ in 0 }
        isEmptyConfirmed = record.state == .drained
    }

    /// It has shown itself since it was enrolled.
    var takesItsPlace: Bool { record.state != .joining && record.state != .lost && record.state != .released }

    var takesWork: Bool { record.state == .ready && connection != nil && !isProbing }

    var placement: PlacementNode {
        var node = PlacementNode(
            node: record.node, name: record.name, pool: record.pool, capacity: record.capacity,
            free: record.capacity.resources - used,
            freeShares: usedShares.enumerated().map { device, used in
                used > wholeDeviceShares || isWithheld(device) ? 0 : wholeDeviceShares - used
            },
            credits: isProbing ? 0 : hasQuarantine ? min(credits, 1) : credits, endsAt: record.endsAt)
        node.takesWork = takesWork
        node.occupants = occupants
        node.hold = hold
        return node
    }

    /// What runs there is to end, and nothing new comes.
    var isGoing: Bool { record.isDraining || isEnding }

    /// Why it is in that state, where an order does not say so once.
    var standingReason: String {
        if let removal = record.removal { return "to be removed: \(removal)" }
        guard isEnding, !record.isDraining else { return "" }
        return "its time ends" + (record.endsAt.map { " at \($0.rfc3339Seconds)" } ?? "")
    }

    /// What orders, what it lacks, its flaps and the running slots make of a node that is heard from.
    var stateWhenHeard: NodeState {
        if record.isDraining { return slots.isEmpty && isEmptyConfirmed ? .drained : .draining }
        if isEnding { return .draining }
        let isHeld =
            record.isCordoned || record.shortfall != nil || record.dampedUntil != nil
            || record.quarantine?.until != nil
        return isHeld ? .cordoned : .ready
    }
}
