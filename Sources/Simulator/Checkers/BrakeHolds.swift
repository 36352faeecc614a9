import ClusterTypes
import CoordinatorCore

/// While most of a pool is silent at once, none of its nodes is declared lost: counted by the rows of the nodes.
struct BrakeHolds: Checker {
    static let name = "mass-death brake"

    /// What is counted of each node. Looked up, never iterated.
    private var nodes: [NodeID: Standing] = [:]
    private var watched = 0
    private var silent = 0
    /// By how long the coordinator has listened: since when the silence lasts.
    private var silentSince: Int64?
    private var lead: UInt64 = 0
    /// By the same count, since when each node is suspect. Looked up, never iterated.
    private var suspectSince: [NodeID: Int64] = [:]
    /// What the machine promises, less the time for which transactions and stalls may blur the count.
    private static let hold = Int64(Limits.defaults.massSilenceHoldSeconds) * 1_000_000 - 60_000_000

    mutating func observe(_ observation: Observation, _ world: World) -> [String] {
        guard case .committed(let writes, let transaction) = observation else { return [] }
        // Who comes back in the same transaction may have ended the silence.
        var lost: [NodeRecord] = []
        let process = transaction.process
        let now = process.listened(at: world.now)
        for case .putNode(let record) in writes {
            let wasSuspect = nodes[record.node]?.isSuspect ?? false
            if record.state == .suspect, !wasSuspect { suspectSince[record.node] = now }
            // No loss is held back for longer, however often most of the pool falls silent meanwhile.
            let isOverdue = suspectSince[record.node].map { now - $0 >= Self.hold } ?? false
            if record.state == .lost, wasSuspect, !isOverdue, record.removal == nil,
                !record.reason.hasPrefix("left")
            {
                lost.append(record)
            } else {
                note(record)
            }
        }
        let since = noteSilence(transaction.lead, at: now)
        for record in lost { note(record) }
        // A transaction may be later than its decisions, and the hold counts from when the machine saw the silence.
        // One that failed before holds the decisions of many seconds, and says nothing of their order.
        guard !lost.isEmpty, let since, process.backlog.retryAt == nil else { return [] }
        let lasted = now - since
        guard lasted > 2_000_000, lasted < Self.hold else { return [] }
        return [
            "\(lost.count) nodes are lost, the first \(lost[0].node), while most of their pool has been silent for "
                + "\(lasted / 1_000_000) s"
        ]
    }

    private struct Standing {
        var isSuspect = false
        var isWatched = false
        var isSilent: Bool { isSuspect && isWatched }
    }

    private mutating func note(_ record: NodeRecord) {
        var standing = Standing(isSuspect: record.state == .suspect)
        switch record.state {
        // One that drains without an order (its time ends) is expected to be heard.
        case .suspect, .ready, .cordoned, .draining, .drained: standing.isWatched = !record.isDraining
        case .joining, .lost, .released: break
        }
        let former = nodes.updateValue(standing, forKey: record.node) ?? Standing()
        watched += (standing.isWatched ? 1 : 0) - (former.isWatched ? 1 : 0)
        silent += (standing.isSilent ? 1 : 0) - (former.isSilent ? 1 : 0)
    }

    private mutating func noteSilence(_ lead: UInt64, at now: Int64) -> Int64? {
        if self.lead != lead {
            // A new coordinator begins to listen anew.
            self.lead = lead
            silentSince = nil
        }
        let isMassSilence =
            watched >= Limits.defaults.massSilenceNodes
            && silent * 100 > watched * Limits.defaults.massSilencePercent
        if !isMassSilence {
            silentSince = nil
        } else if silentSince == nil {
            silentSince = now
        }
        return silentSince
    }
}
