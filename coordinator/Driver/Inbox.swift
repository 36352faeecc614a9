import ClusterTypes
package import CoordinatorCore
import Dispatch
import Platform
import Synchronization

/// What waits for the driver. Many threads put in, the driver alone takes out: everything at once, with one wake-up
/// per batch.
final class Inbox: Sendable {
    private struct State {
        var inputs: [Input] = []
        /// When the first of them came.
        var since: Instant?
    }

    private let waiting = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)

    var count: Int { waiting.withLock { $0.inputs.count } }

    func put(_ input: Input) {
        let now = Instant(microseconds: SteadyClock.now())
        let wasEmpty = waiting.withLock { waiting in
            waiting.inputs.append(input)
            guard waiting.since == nil else { return false }
            waiting.since = now
            return true
        }
        if wasEmpty { signal.signal() }
    }

    /// Blocks until there is something, but not longer than `timeout`.
    /// - Returns: also since when the oldest of them waited; nil without any.
    func takeAll(waitingUpTo timeout: Duration?) -> (inputs: [Input], since: Instant?) {
        let now = DispatchTime.now()
        let deadline =
            timeout.map { now + .microseconds(Int(max(0, $0.wholeMicroseconds))) } ?? .distantFuture
        _ = signal.wait(timeout: deadline)
        return waiting.withLock { waiting in
            let taken = waiting
            waiting = State()
            return (taken.inputs, taken.since)
        }
    }
}

/// One thing that the driver is told.
package enum Input: Sendable {
    /// As it came from the wire: the driver decodes in bulk.
    case agents(ConnectionBatch)
    /// The transaction under way has ended, at this revision.
    case committed(Result<UInt64, any Error>, rows: Int, time: Duration)
    case command(Command, @Sendable (Reply) -> Void)
    /// Stop after everything that came before this.
    case stop
}
