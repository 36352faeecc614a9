import ClusterTypes
import CoordinatorCore
import Synchronization

extension MemoryStore {
    /// Everything in one step, whatever the number of rows.
    package func drop(beyond retention: Retention, rows: Int) throws -> Bool {
        state.withLock { $0.drop(beyond: retention) }
        return false
    }
}

extension MemoryStore.State {
    fileprivate mutating func drop(beyond retention: Retention) {
        let stopping = Set(slots.values.filter { !$0.state.isEnded }.map(\.job))
        for (place, job) in endedJobs.enumerated() where place >= retention.leastJobs {
            let isOld = job.endedAt.map { $0 < retention.endedBefore } ?? false
            guard place >= retention.jobs || isOld, !stopping.contains(job.job) else { continue }
            jobs[job.job] = nil
            tasks[job.job] = nil
            payloads[job.job] = nil
            slots = slots.filter { $0.value.job != job.job }
        }
        slots = slots.filter { !$0.value.state.isEnded || $0.value.since >= retention.endedBefore }
        let last = Int64(clamping: slots.keys.max()?.rawValue ?? 0)
        slots = slots.filter { slot, record in
            !record.state.isEnded || Int64(clamping: slot.rawValue) > last - Int64(retention.slots)
        }
        events = events.filter { $0.at >= retention.eventsBefore }.suffix(retention.events)
    }

    mutating func sumUpUsage(before end: Instant) {
        let day: Int64 = 86_400_000_000
        let end = end.microseconds - end.microseconds % day
        let old = usage.filter { $0.from.microseconds < end && $0.from.microseconds % day != 0 }
        usage.removeAll(where: old.contains)
        for var record in old {
            record.from = Instant(microseconds: record.from.microseconds / day * day)
            if let place = usage.firstIndex(where: { $0.hasKey(of: record) }) {
                usage[place].add(record)
            } else {
                usage.append(record)
            }
        }
    }
}
