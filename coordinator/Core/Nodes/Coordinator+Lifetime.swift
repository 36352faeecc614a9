import ClusterTypes
import ProtocolMessages

// Nodes whose end is known: they are given what fits into the rest of their time, and drain before it is over.
extension Coordinator {
    /// The agent says, in `hello` or later, how long it will be there.
    mutating func learnLifetime(_ lifetime: Lifetime?, of node: NodeID, at now: Instant) {
        nodes[node]?.isEnding = lifetime?.isEnding ?? false
        let endsAt = lifetime?.remainingMilliseconds.map { now + .milliseconds(Int64(clamping: $0)) }
        // What remains is measured anew each time: the same end moves a little with the way of the message.
        if let endsAt, let known = nodes[node]?.record.endsAt {
            let shift = (endsAt - known).wholeMilliseconds.magnitude
            if shift <= UInt64(limits.endToleranceMilliseconds) { return }
        }
        nodes[node]?.record.endsAt = endsAt
    }

    mutating func updateLifetime(
        _ lifetime: Lifetime, of node: NodeID, at now: Instant, into output: inout Output
    ) {
        let former = nodes[node]?.record.endsAt
        learnLifetime(lifetime, of: node, at: now)
        if lifetime.isEnding { quiesce(node, at: now, into: &output) }
        settle(
            node, reason: "", at: now, into: &output, alwaysWrite: nodes[node]?.record.endsAt != former)
        // An end that is taken back or put off: slots may have asked meanwhile.
        grantWaiting(on: node, at: now, into: &output)
        needsPlacement = true
    }

    /// How many tasks of the job could still run there, one after the other; nil: any number, as far as is known.
    func tasksThatFit(_ specification: JobSpecification, on node: NodeRecord, at now: Instant) -> Int? {
        guard let endsAt = node.endsAt else { return nil }
        guard let request = specification.timeRequestSeconds else {
            return limits.neededUntil(specification, from: now) <= endsAt ? nil : 0
        }
        let usable = endsAt - now - .seconds(Int64(specification.stopGraceSeconds) + limits.timeReserve)
        return Int(max(0, usable.wholeMicroseconds) / (Int64(request) * 1_000_000))
    }
}

extension Limits {
    fileprivate var timeReserve: Int64 { Int64(timeReserveSeconds) }

    /// If such a slot is placed now, it may need its node until then.
    func neededUntil(_ specification: JobSpecification, from now: Instant) -> Instant {
        now + .seconds(secondsNeeded(specification))
    }

    func secondsNeeded(_ specification: JobSpecification) -> Int64 {
        let work = Int64(specification.timeRequestSeconds ?? leastTimeSeconds)
        return work + Int64(specification.stopGraceSeconds) + timeReserve
    }
}
