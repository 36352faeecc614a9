import ClusterTypes
import ProtocolMessages

// How a node goes away in order: its slots end, its agent confirms that nothing is left of them, and only then is
// it drained, or gone.
extension Coordinator {
    // MARK: Removal

    /// A node that may run something is emptied first; one that is lost or never came is gone at once: its
    /// operator says that nothing runs there any more.
    mutating func remove(
        _ node: NodeID, reason: String, at now: Instant, into output: inout Output
    ) throws(CommandRefusal) -> Reply {
        guard let known = nodes[node]?.record, known.state != .released else {
            throw CommandRefusal(.notFound, "there is no node \(node)")
        }
        guard known.removal == nil else { return .node(known) }
        switch known.state {
        case .joining, .lost, .released: conclude(reason, of: node, at: now, into: &output)
        case .ready, .suspect, .draining, .drained, .cordoned:
            nodes[node]?.record.removal = reason
            nodes[node]?.record.isDraining = true
            for slot in nodes[node]?.slots ?? [] {
                stop(slot, reason: "its node is to be removed", at: now, into: &output)
            }
            settle(node, reason: "", at: now, into: &output, alwaysWrite: true)
            needsPlacement = true
        }
        return .node(nodes[node]?.record ?? known)
    }

    /// The removal's last step: whoever still speaks for the node is turned away.
    mutating func conclude(_ removal: String, of node: NodeID, at now: Instant, into output: inout Output) {
        if let connection = nodes[node]?.connection {
            refuse(connection, Refusal(.revoked, "the node was removed: \(removal)"), into: &output)
        }
        release(node, reason: removal, at: now, into: &output)
        needsPlacement = true
    }

    // MARK: Emptiness

    /// Asks a node that is to be empty, and is by the book, whether it is; once that is confirmed, a removal is
    /// carried out.
    /// - Returns: true when the node is gone.
    mutating func concludeDrain(of node: NodeID, at now: Instant, into output: inout Output) -> Bool {
        guard let known = nodes[node], known.record.isDraining, known.slots.isEmpty,
            known.record.state != .released
        else { return false }
        if !known.isEmptyConfirmed {
            guard let connection = known.connection else { return false }
            if known.version >= .withEmptiness {
                guard known.emptinessAsked != known.assignments else { return false }
                nodes[node]?.emptinessAsked = known.assignments
                output.actions.append(.send(connection, .confirmEmpty(generation: known.assignments)))
                return false
            }
            // An agent that does not know the question is taken at the book's word.
            nodes[node]?.isEmptyConfirmed = true
        }
        guard let removal = known.record.removal else { return false }
        conclude(removal, of: node, at: now, into: &output)
        return true
    }

    /// Counts only if nothing was assigned since the question.
    mutating func noteEmpty(
        _ generation: UInt64, of node: NodeID, at now: Instant, into output: inout Output
    ) {
        guard let known = nodes[node], known.record.isDraining, known.slots.isEmpty,
            known.emptinessAsked == generation, known.assignments == generation
        else { return }
        nodes[node]?.isEmptyConfirmed = true
        settle(node, reason: "", at: now, into: &output)
    }
}
