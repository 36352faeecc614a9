import ClusterTypes
package import CoordinatorCore
import Dispatch
import Synchronization

/// What waits for the driver. Many threads put in, the driver alone takes out: everything at once, with one wake-up
/// per batch.
final class Inbox: Sendable {
    private let waiting = Mutex<[Input]>([])
    private let signal = DispatchSemaphore(value: 0)

    func put(_ input: Input) {
        let wasEmpty = waiting.withLock { waiting in
            waiting.append(input)
            return waiting.count == 1
        }
        if wasEmpty { signal.signal() }
    }

    /// Blocks until there is something, but not longer than `timeout`.
    func takeAll(waitingUpTo timeout: Duration?) -> [Input] {
        let now = DispatchTime.now()
        let deadline =
            timeout.map { now + .microseconds(Int(max(0, $0.wholeMicroseconds))) } ?? .distantFuture
        _ = signal.wait(timeout: deadline)
        return waiting.withLock { waiting in
            let taken = waiting
            waiting = []
            return taken
        }
    }
}

/// One thing that the driver is told.
package enum Input: Sendable {
    /// As it came from the wire: the driver decodes in bulk.
    case agents(ConnectionBatch)
    /// The transaction under way has ended, at this revision.
    case committed(Result<UInt64, any Error>)
    case command(Command, @Sendable (Reply) -> Void)
    /// Stop after everything that came before this.
    case stop
}
