package import ClusterTypes

/// Outputs that are not finished: writes to be committed, and the actions that wait for them. The part of every
/// driver that makes "durable before visible" true.
package struct Backlog: Sendable {
    package private(set) var writes: [Write] = []
    private var actions: [Action] = []
    /// Set while commits fail.
    package var retryAt: Instant?

    package init() {}

    package var isEmpty: Bool { writes.isEmpty && actions.isEmpty }

    package mutating func take(_ output: Output) {
        writes += output.writes
        actions += output.actions
    }

    /// All writes are durable.
    package mutating func written() {
        writes.removeAll(keepingCapacity: true)
        retryAt = nil
    }

    /// All when nothing is left to write; else those that say nothing about what is written.
    package mutating func releaseActions() -> [Action] {
        let released = writes.isEmpty ? actions : actions.filter(\.isIndependentOfWrites)
        actions = writes.isEmpty ? [] : actions.filter { !$0.isIndependentOfWrites }
        return released
    }
}
