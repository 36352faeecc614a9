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

    init(record: JobRecord) { self.record = record }

    func demand(at now: Instant, _ limits: Limits) -> PlacementDemand {
        PlacementDemand(
            request: record.specification.resources, constraints: record.specification.constraints,
            neededUntil: limits.neededUntil(record.specification, from: now))
    }

    var isOver: Bool {
        guard record.state == .running || record.state == .paused, !record.isOpen else { return false }
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

    init(record: SlotRecord) { self.record = record }
}
