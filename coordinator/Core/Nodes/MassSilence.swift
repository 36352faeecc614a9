import ClusterTypes

/// How many of each pool's nodes are silent at once.
///
/// Nodes fail one by one; when most of a pool falls silent together, the fault is in what they share: a switch, a
/// wall, our own link. Then nothing is gained by declaring them all lost, and much by waiting: slots that may not
/// run on without us end by their own leases. So a brake holds losses back while more than
/// `Limits.massSilencePercent` of the watched nodes are silent, for at most `Limits.massSilenceHoldSeconds`.
///
/// All moments are of the clock that stands still while the coordinator does not run.
struct MassSilence: Sendable {
    enum Change: Sendable, Hashable {
        case begun(pool: String, silent: Int, watched: Int)
        case ended(pool: String, silent: Int, watched: Int)
        /// The silence goes on, and so do the losses.
        case overdue(pool: String)
    }

    struct Pool: Sendable {
        let name: String
        /// Nodes that are heard or awaited and do not leave in order.
        var watched = 0
        var silent = 0
        /// Of the silence that is on.
        var begunAt: Instant?
        var isOverdue = false
        /// Of the last one.
        var endedAt: Instant?
        /// Who has not come back by then after it is lost.
        var patientUntil: Instant?
        /// Losses that wait for its end.
        var held: [NodeID] = []
    }

    private(set) var pools: [Pool] = []
    private var positions: [String: Int] = [:]
    /// What has not been told yet.
    private var changes: [Change] = []

    mutating func position(of pool: String) -> Int {
        if let position = positions[pool] { return position }
        positions[pool] = pools.count
        pools.append(Pool(name: pool))
        return pools.count - 1
    }

    func pool(_ name: String) -> Pool? { positions[name].map { pools[$0] } }

    var hasChanges: Bool { !changes.isEmpty }

    mutating func takeChanges() -> [Change] {
        defer { changes = [] }
        return changes
    }

    /// - Returns: nodes whose loss was held back until now.
    mutating func count(
        watched: Int = 0, silent: Int = 0, in position: Int, at standing: Instant, _ limits: Limits
    ) -> [NodeID] {
        pools[position].watched += watched
        pools[position].silent += silent
        let pool = pools[position]
        let isOn =
            pool.watched >= limits.massSilenceNodes
            && pool.silent * 100 > pool.watched * limits.massSilencePercent
        if isOn, pool.begunAt == nil {
            pools[position].begunAt = standing
            changes.append(.begun(pool: pool.name, silent: pool.silent, watched: pool.watched))
        } else if !isOn, pool.begunAt != nil {
            pools[position].begunAt = nil
            pools[position].isOverdue = false
            pools[position].endedAt = standing
            pools[position].patientUntil = pool.isOverdue ? nil : standing + limits.lease
            pools[position].held = []
            changes.append(.ended(pool: pool.name, silent: pool.silent, watched: pool.watched))
            return pool.held
        }
        return []
    }

    /// Until when a loss in this pool is held back; nil when nothing speaks against it.
    ///
    /// After a silence the nodes come back one after the other, as their back-off tells them: the last ones are
    /// waited for as long as a lease.
    /// - Parameter due: when the node would be lost without the brake. It never costs more than the hold from then.
    func brake(in position: Int, due: Instant, at standing: Instant, _ limits: Limits) -> Instant? {
        let pool = pools[position]
        let end = pool.begunAt.map { $0 + limits.massSilenceHold } ?? pool.patientUntil
        guard let end else { return nil }
        let until = min(end, due + limits.massSilenceHold)
        return until > standing ? until : nil
    }

    /// The node's loss waits for the end of the silence.
    mutating func hold(_ node: NodeID, in position: Int) {
        if pools[position].begunAt != nil { pools[position].held.append(node) }
    }

    mutating func noteLoss(in position: Int) {
        guard pools[position].begunAt != nil, !pools[position].isOverdue else { return }
        pools[position].isOverdue = true
        changes.append(.overdue(pool: pools[position].name))
    }
}

extension Coordinator {
    mutating func noteMassSilence(at now: Instant, into output: inout Output) {
        guard liveness.massSilence.hasChanges else { return }
        for change in liveness.massSilence.takeChanges() {
            let message =
                switch change {
                case .begun(let pool, let silent, let watched):
                    "mass silence in pool '\(pool)': \(silent) of \(watched) nodes are silent; "
                        + "none is declared lost for up to \(limits.massSilenceHoldSeconds) s"
                case .ended(let pool, let silent, let watched):
                    "mass silence in pool '\(pool)' is over: \(silent) of \(watched) nodes are silent"
                case .overdue(let pool):
                    "mass silence in pool '\(pool)' lasts longer than \(limits.massSilenceHoldSeconds) s: "
                        + "its silent nodes are declared lost"
                }
            output.writes.append(.addEvent(EventRecord(at: now, subject: .cluster, message: message)))
        }
    }

    /// What is out of the ordinary in the whole cluster, for people.
    func explainCluster() -> [String] {
        liveness.massSilence.pools.compactMap { explainSilence(of: $0) }
    }

    func explainSilence(of pool: MassSilence.Pool) -> String? {
        guard pool.begunAt != nil else { return nil }
        let consequence =
            pool.isOverdue
            ? "they are declared lost, as it lasts longer than \(limits.massSilenceHoldSeconds) s"
            : "none is declared lost while it lasts, for up to \(limits.massSilenceHoldSeconds) s"
        return "mass silence in pool '\(pool.name)': \(pool.silent) of \(pool.watched) nodes are silent; "
            + consequence
    }
}

extension Limits {
    var massSilenceHold: Duration { .seconds(Int64(massSilenceHoldSeconds)) }
}
