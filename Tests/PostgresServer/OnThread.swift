import Foundation
import Synchronization

/// A call on a thread of its own, for what blocks: the threads that tests run on are few, and all may be blocked.
package final class OnThread<Value: Sendable>: Sendable {
    private let outcome = Mutex<Result<Value, any Error>?>(nil)
    private let ended = DispatchSemaphore(value: 0)

    package init(_ body: @escaping @Sendable () throws -> Value) {
        Thread.detachNewThread {
            let result = Result { try body() }
            self.outcome.withLock { $0 = result }
            self.ended.signal()
        }
    }

    /// nil while it goes on.
    package var resultSoFar: Result<Value, any Error>? { outcome.withLock { $0 } }

    /// Blocks until it has ended; to be asked once.
    package func result() throws -> Value {
        ended.wait()
        guard let result = resultSoFar else { throw ServerFailure(message: "asked twice") }
        return try result.get()
    }
}
