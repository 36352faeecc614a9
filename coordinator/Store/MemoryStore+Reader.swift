package import ClusterTypes
package import CoordinatorCore
import Synchronization

extension MemoryStore: StoreReader {
    package func revision() async throws -> UInt64 {
        state.withLock { $0.revision }
    }

    package func jobs(_ filter: JobFilter) async throws -> [Stored<JobRecord>] {
        let found = state.withLock { state in
            state.jobs.values.filter { filter.admits($0.record) }
        }
        return Array(found.sorted { $0.record.job > $1.record.job }.prefix(max(0, filter.limit)))
    }

    package func job(_ job: JobID) async throws -> Stored<JobRecord>? {
        state.withLock { $0.jobs[job] }
    }

    package func tasks(_ job: JobID, _ filter: TaskFilter) async throws -> [TaskRecord] {
        let found = state.withLock { state in
            (state.tasks[job] ?? [:]).values.filter { filter.admits($0) }
        }
        return Array(found.sorted { $0.index < $1.index }.prefix(max(0, filter.limit)))
    }

    package func payload(_ job: JobID, at position: TaskIndex) async throws -> String? {
        state.withLock { $0.payloads[job]?[position] }
    }

    package func slots(_ filter: SlotFilter) async throws -> [SlotRecord] {
        let found = state.withLock { state in
            state.slots.values.filter { filter.admits($0) }
        }
        return Array(found.sorted { $0.slot < $1.slot }.prefix(max(0, filter.limit)))
    }

    package func slot(_ slot: SlotID) async throws -> SlotRecord? {
        state.withLock { $0.slots[slot] }
    }

    package func nodes(includingReleased: Bool) async throws -> [NodeRecord] {
        let nodes = state.withLock { Array($0.nodes.values) }
        return nodes.filter { includingReleased || $0.state != .released }.sorted { $0.node < $1.node }
    }

    package func nodes(named name: String) async throws -> [NodeRecord] {
        try await nodes(includingReleased: false).filter { isSame($0.name, name) }
    }

    package func node(_ node: NodeID) async throws -> NodeRecord? {
        state.withLock { $0.nodes[node] }
    }

    package func tokens() async throws -> [TokenRecord] {
        state.withLock { Array($0.tokens.values) }.sorted { $0.token < $1.token }
    }

    package func token(secretHash: String) async throws -> TokenRecord? {
        let found = state.withLock { state in
            state.tokens.values.filter { $0.secretHash == secretHash && !$0.isRevoked }
        }
        return found.min { $0.token < $1.token }
    }

    package func events(_ subject: EventRecord.Subject?, limit: Int) async throws -> [EventRecord] {
        let events = state.withLock { $0.events }
        return Array(
            events.reversed().filter { subject == nil || $0.subject == subject }.prefix(max(0, limit)))
    }
}

extension MemoryStore {
    package func readHistory(
        _ resolution: HistoryRecord.Resolution, in range: ClosedRange<Instant>,
        _ visit: @escaping @Sendable (HistoryRecord) throws -> Void
    ) async throws {
        let found = state.withLock { state in
            state.history.filter {
                $0.resolution == resolution && $0.from <= range.upperBound && $0.through >= range.lowerBound
            }
        }
        for record in found { try visit(record) }
    }

    package func usage(_ filter: UsageFilter) async throws -> [UsageRecord] {
        let found = state.withLock { state in
            state.usage.filter { record in
                filter.range.contains(record.from) && (filter.job.map { $0 == record.job } ?? true)
                    && (filter.user.map { $0.utf8.elementsEqual(record.user.utf8) } ?? true)
            }
        }
        var sums: [UsageRecord] = []
        for record in found.sorted(by: { $0.from < $1.from }) {
            var record = record
            if filter.isByUser { record.job = JobID(0) }
            if let place = sums.firstIndex(where: { $0.isOfSameSum(as: record) }) {
                sums[place].add(record)
            } else {
                sums.append(record)
            }
        }
        return Array(sums.sorted { $0.isListedBefore($1) }.prefix(max(0, filter.limit)))
    }
}

extension UsageRecord {
    func hasKey(of other: UsageRecord) -> Bool {
        from == other.from && job == other.job && resource.utf8.elementsEqual(other.resource.utf8)
    }

    fileprivate func isOfSameSum(as other: UsageRecord) -> Bool {
        job == other.job && resource.utf8.elementsEqual(other.resource.utf8)
            && user.utf8.elementsEqual(other.user.utf8)
    }

    fileprivate func isListedBefore(_ other: UsageRecord) -> Bool {
        guard bookedMicroseconds == other.bookedMicroseconds else {
            return bookedMicroseconds > other.bookedMicroseconds
        }
        guard job == other.job else { return job < other.job }
        guard resource.utf8.elementsEqual(other.resource.utf8) else {
            return resource.utf8.lexicographicallyPrecedes(other.resource.utf8)
        }
        return user.utf8.lexicographicallyPrecedes(other.user.utf8)
    }
}

extension JobFilter {
    fileprivate func admits(_ record: JobRecord) -> Bool {
        (states?.contains(record.state) ?? true)
            && (app.map { isSame($0, record.specification.app) } ?? true)
            && (name.map { isSame($0, record.specification.job) } ?? true)
            && (before.map { record.job < $0 } ?? true)
    }
}

extension TaskFilter {
    fileprivate func admits(_ record: TaskRecord) -> Bool {
        (states?.contains(record.state) ?? true) && record.index >= first && record.index <= last
    }
}

extension SlotFilter {
    fileprivate func admits(_ record: SlotRecord) -> Bool {
        (job.map { $0 == record.job } ?? true)
            && (node.map { $0 == record.node } ?? true)
            && (states?.contains(record.state) ?? true)
            && (after.map { record.slot > $0 } ?? true)
    }
}

/// Byte for byte, as databases compare; `==` takes two spellings of one letter for the same.
private func isSame(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
