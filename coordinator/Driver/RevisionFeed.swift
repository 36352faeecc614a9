import Synchronization

/// Wakes those who wait for a newer commit.
package final class RevisionFeed: Sendable {
    private struct State {
        var revision: UInt64 = 0
        var nextWaiter: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    package var revision: UInt64 { state.withLock { $0.revision } }

    func publish(_ revision: UInt64) {
        let waiters = state.withLock { state in
            state.revision = revision
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }

    /// - Returns: the newest revision: greater than `revision`, unless the time was over or the task canceled.
    package func waitForRevision(after revision: UInt64, upTo limit: Duration) async -> UInt64 {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.nextCommit(after: revision) }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
        return self.revision
    }

    private func nextCommit(after revision: UInt64) async {
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.revision > revision || Task.isCancelled { return true }
                    state.waiters[waiter] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
        }
    }
}
