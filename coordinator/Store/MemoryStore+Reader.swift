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

extension JobFilter {
    fileprivate func admits(_ record: JobRecord) -> Bool {
        (states?.contains(record.state) ?? true)
            && (app.map { isSame($0, record.specification.app) } ?? true)
            && (name.map { isSame($0, record.specification.job) } ?? true)
            && (before.map { record.job < $0 } ?? true)
    }

    /// Byte for byte, as databases compare; `==` takes two spellings of one letter for the same.
    private func isSame(_ left: String, _ right: String) -> Bool {
        left.utf8.elementsEqual(right.utf8)
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
