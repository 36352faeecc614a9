import ClusterTypes
import CoordinatorPlacement
import ProtocolMessages

struct Job: Sendable {
    var record: JobRecord
    /// `tasks` jobs only.
    var ledger: TaskLedger?
    /// Not ended, in the order of creation.
    var slots: [SlotID] = []
    /// Slots that ended badly since the last task was decided.
    var slotFailuresInARow = 0
    /// Where it has had a success: the first two nodes.
    var successNodes: [NodeID] = []

    /// What a slot needs, best alternative first.
    let demands: [PlacementDemand]
    /// Nodes that are kept for it.
    var heldNodes: [NodeID] = []
    /// When it last began to wait for places; nil: it does not.
    var waitsSince: Instant?
    /// When the last of its slots might have started, had it started them as fast as it may.
    var startsUntil: Instant = .epoch

    init(record: JobRecord, _ limits: Limits) {
        self.record = record
        let specification = record.specification
        demands = ([specification.resources] + specification.placement.alternatives).map { request in
            var demand = PlacementDemand(
                request: request, constraints: specification.constraints,
                seconds: limits.secondsNeeded(specification))
            demand.endsInTime = specification.kind == .batch && specification.timeRequestSeconds != nil
            demand.preferences = specification.placement.preferences
            demand.slotsPerNode = specification.placement.slotsPerNode
            return demand
        }
    }

    var isOver: Bool {
        guard record.state == .running || record.state == .paused, !record.isOpen,
            !record.specification.isEverywhere
        else { return false }
        return record.counts.decided == record.counts.total
    }
}

/// A slot that has not ended.
struct Slot: Sendable {
    var record: SlotRecord
    /// Tasks that it asked for and has not been given.
    var credits: UInt32 = 0
    /// A task has been executed here, well or badly.
    var hasRunTask = false
    /// While it is placed.
    var charge: Charge?

    init(record: SlotRecord) { self.record = record }
}
