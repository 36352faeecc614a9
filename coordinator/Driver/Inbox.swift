import ClusterTypes
import CoordinatorCore
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
        var isClosed = false
    }

    private let waiting = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)

    var count: Int { waiting.withLock { $0.inputs.count } }

    /// - Returns: false when it is closed: nobody takes this out.
    @discardableResult
    func put(_ input: Input) -> Bool {
        let now = Instant(microseconds: SteadyClock.now())
        let (isTaken, wasEmpty) = waiting.withLock { waiting in
            guard !waiting.isClosed else { return (false, false) }
            waiting.inputs.append(input)
            guard waiting.since == nil else { return (true, false) }
            waiting.since = now
            return (true, true)
        }
        if wasEmpty { signal.signal() }
        return isTaken
    }

    /// Takes nothing any more.
    /// - Returns: what waited.
    func close() -> [Input] {
        waiting.withLock { waiting in
            defer { waiting = State(isClosed: true) }
            return waiting.inputs
        }
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
enum Input: Sendable {
    /// As it came from the wire: the driver decodes in bulk.
    case agents(ConnectionBatch)
    /// The transaction under way has ended, at this revision.
    case committed(Result<UInt64, any Error>, rows: Int, from: Instant)
    /// The store was asked at this moment whether it is still ours.
    case confirmed(Result<Void, any Error>, from: Instant)
    /// A step of dropping what is old has ended: whether there is more to drop.
    case dropped(Result<Bool, any Error>, from: Instant)
    case command(Command, @Sendable (Reply) -> Void)
    /// Stop after everything that came before this.
    case stop
}
