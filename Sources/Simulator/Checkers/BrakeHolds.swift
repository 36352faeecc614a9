import ClusterTypes
import CoordinatorCore

/// While most of a pool is silent at once, none of its nodes is declared lost: counted by the rows of the nodes.
struct BrakeHolds: Checker {
    static let name = "mass-death brake"

    /// What is counted of each node. Looked up, never iterated.
    private var nodes: [NodeID: Standing] = [:]
    /// By name.
    private var pools: [String: Silence] = [:]
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
        noteSilences(transaction.lead, at: now)
        for record in lost { note(record) }
        // A transaction may be later than its decisions, and the hold counts from when the machine saw the silence.
        // One that failed before holds the decisions of many seconds, and says nothing of their order.
        guard process.backlog.retryAt == nil else { return [] }
        for record in lost {
            guard let since = pools[record.pool]?.since else { continue }
            let lasted = now - since
            guard lasted > 2_000_000, lasted < Self.hold else { continue }
            return [
                "of \(lost.count) nodes that are lost \(record.node) is one of pool '\(record.pool)', most of which has "
                    + "been silent for \(lasted / 1_000_000) s"
            ]
        }
        return []
    }

    private struct Silence {
        var watched = 0
        var silent = 0
        /// By how long the coordinator has listened: since when it lasts.
        var since: Int64?

        var isOfMost: Bool {
            watched >= Limits.defaults.massSilenceNodes
                && silent * 100 > watched * Limits.defaults.massSilencePercent
        }
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
        var pool = pools[record.pool] ?? Silence()
        pool.watched += (standing.isWatched ? 1 : 0) - (former.isWatched ? 1 : 0)
        pool.silent += (standing.isSilent ? 1 : 0) - (former.isSilent ? 1 : 0)
        pools[record.pool] = pool
    }

    private mutating func noteSilences(_ lead: UInt64, at now: Int64) {
        // A new coordinator begins to listen anew.
        let isNewLead = self.lead != lead
        self.lead = lead
        for name in pools.keys {
            if isNewLead { pools[name]?.since = nil }
            if !(pools[name]?.isOfMost ?? false) {
                pools[name]?.since = nil
            } else if pools[name]?.since == nil {
                pools[name]?.since = now
            }
        }
    }
}
