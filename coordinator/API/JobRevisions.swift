import ClusterTypes
import CoordinatorCore
import Synchronization

/// Which revision a job changed at, as far as anybody looked.
///
/// The store counts commits, not changes of one job. What a long poll needs is weaker than the exact number: a
/// change that the client has not seen must have a larger revision than the one in the client's answer. So:
/// whoever reads a job reports its changeable part with the revision read *after* it; a part that is new gets
/// that revision, which is not below the commit that changed it. An answer carries at most the revision read
/// *before* the job, and every change that it misses was committed later. Forgetting an entry costs one early
/// answer and never a missed one.
final class JobRevisions: Sendable {
    /// About 200 bytes each; beyond it the memory starts anew.
    private static let limit = 10_000

    /// What of a job can change.
    private struct Mark: Hashable {
        var state: JobState
        var reason: String
        var taskCount: UInt32
        var isOpen: Bool
        var counts: TaskCounts
        var retried: UInt32
        var endedAt: Instant?

        init(_ record: JobRecord) {
            state = record.state
            reason = record.reason
            taskCount = record.taskCount
            isOpen = record.isOpen
            counts = record.counts
            retried = record.retried
            endedAt = record.endedAt
        }
    }

    private let entries = Mutex<[JobID: (mark: Mark, revision: UInt64)]>([:])

    init() {}

    /// - Parameter revision: of the store, read after the record.
    /// - Returns: the revision of the job's last change, or a later one.
    func changeRevision(of record: JobRecord, readUpTo revision: UInt64) -> UInt64 {
        let mark = Mark(record)
        return entries.withLock { entries in
            if let entry = entries[record.job] {
                if entry.mark == mark { return entry.revision }
                let newer = max(entry.revision, revision)
                entries[record.job] = (mark, newer)
                return newer
            }
            if entries.count >= Self.limit { entries = [:] }
            entries[record.job] = (mark, revision)
            return revision
        }
    }
}
