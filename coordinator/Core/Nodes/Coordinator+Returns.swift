import ClusterTypes
import ProtocolMessages

/// What becomes of a node that was lost and is there again. One that left in order is not meant: somebody has
/// started it anew.
package enum ReturnToService: String, Sendable, CaseIterable {
    /// It is cordoned until an operator uncordons it.
    case manual
    /// It takes work again if it could merely not be reached: the machine has not been restarted and lacks nothing.
    case unreachable
    /// It takes work again.
    case automatic
}

/// Comes and goes of one node, in memory: after a restart of the coordinator they are counted anew.
struct NodeReturns: Sendable {
    /// From suspect or lost, oldest first; at most `Limits.flapCount`.
    var times: [Instant] = []
    /// The end of its last damping.
    var calmSince: Instant?
}

extension Coordinator {
    /// A node that was silent is heard from: what that says about it.
    /// - Parameter hello: nil when its connection held all the time.
    mutating func noteReturn(of node: NodeID, with hello: Hello?, at now: Instant, into output: inout Output)
    {
        guard let record = nodes[node]?.record else { return }
        if let hello {
            noteReboot(of: record, bootID: hello.bootID, at: now, into: &output)
            nodes[node]?.record.hasLeft = false
        }
        guard !record.hasLeft else { return }
        switch record.state {
        case .lost:
            noteFlap(of: node, at: now)
            if let hello { returnToService(node, hello) }
        case .suspect: noteFlap(of: node, at: now)
        case .joining, .ready, .draining, .drained, .cordoned, .released: break
        }
    }

    private mutating func noteReboot(
        of record: NodeRecord, bootID: String, at now: Instant, into output: inout Output
    ) {
        guard record.isRebooted(bootID), !record.hasLeft, nodes[record.node]?.stateWhenHeard != .drained
        else { return }
        output.writes.append(
            .addEvent(
                EventRecord(
                    at: now, subject: .node(record.node),
                    message: "rebooted unexpectedly: boot id \(record.bootID) -> \(bootID)")))
    }

    /// Before the description of `hello` is adopted.
    private mutating func returnToService(_ node: NodeID, _ hello: Hello) {
        guard var record = nodes[node]?.record, !record.isCordoned else { return }
        let capacity = hello.hardware.capacity(labels: hello.labels)
        let reason: String?
        switch limits.returnToService {
        case .manual: reason = "it was lost and is back"
        case .unreachable:
            if record.isRebooted(hello.bootID) {
                reason = "it was lost and is back after a reboot"
            } else {
                let shortfall = record.declared?.shortfall(of: capacity)
                reason = shortfall.map { "it was lost and is back \($0)" }
            }
        case .automatic: reason = nil
        }
        guard let reason else { return }
        record.isCordoned = true
        record.cordonReason = reason + ": uncordon it to give it work again"
        nodes[node]?.record = record
    }

    // MARK: Flaps

    private mutating func noteFlap(of node: NodeID, at now: Instant) {
        guard var known = nodes[node],
            !liveness.wasPoolSilent(known.record.pool, since: known.record.since)
        else { return }
        known.returns.times.append(now)
        known.returns.times.removeAll { $0 + limits.flapWindow <= now }
        if known.returns.times.count >= limits.flapCount {
            known.returns.times = []
            let isForgiven = known.returns.calmSince.map { $0 + limits.dampingLongest <= now } ?? false
            if isForgiven { known.record.dampingCount = 0 }
            known.record.dampingCount += 1
            let end = now + limits.damping(known.record.dampingCount)
            known.record.dampedUntil = end
            dampingEnds.set(node, to: end)
        }
        nodes[node] = known
    }

    mutating func endDampings(at now: Instant, into output: inout Output) {
        for node in dampingEnds.popExpired(at: now) {
            guard nodes[node]?.record.dampedUntil != nil else { continue }
            nodes[node]?.record.dampedUntil = nil
            nodes[node]?.returns.calmSince = now
            settle(node, reason: "", at: now, into: &output, alwaysWrite: true)
            needsPlacement = true
        }
    }

    /// Why a node is given nothing new although it is heard from and does not drain, for people.
    func cordonReason(of record: NodeRecord) -> String {
        let flapping =
            "flapping: silent and back \(limits.flapCount) times within \(limits.flapWindowSeconds) s; "
            + "nothing new for \(limits.damping(record.dampingCount).wholeMilliseconds / 1_000) s"
        let reasons = [
            record.isCordoned ? record.cordonReason : nil, record.shortfall,
            record.dampedUntil == nil ? nil : flapping,
            record.quarantine?.until == nil ? nil : record.quarantine?.reason,
        ]
        return reasons.compactMap(\.self).filter { !$0.isEmpty }.joined(separator: "; ")
    }

    mutating func forgetFlaps(of node: NodeID) {
        dampingEnds.remove(node)
        nodes[node]?.record.dampedUntil = nil
        nodes[node]?.record.dampingCount = 0
        nodes[node]?.returns = NodeReturns()
    }
}

extension NodeRecord {
    /// Its machine is not the run of the machine that was known; false while none was.
    func isRebooted(_ bootID: String) -> Bool { !self.bootID.isEmpty && self.bootID != bootID }
}

extension Limits {
    var flapWindow: Duration { .seconds(Int64(flapWindowSeconds)) }
    var dampingLongest: Duration { .seconds(Int64(dampingLongestSeconds)) }

    /// How long the so-manieth damping takes, from 1.
    func damping(_ count: UInt32) -> Duration {
        min(.seconds(Int64(dampingFirstSeconds)) * Int(1 << min(max(count, 1) - 1, 20)), dampingLongest)
    }
}
