import Dispatch
import PostgreSQL
import Synchronization

/// The connections that read. Who awaits a result blocks none of the threads that tasks run on.
final class ReaderPool: Sendable {
    private struct State {
        var idle: [Connection] = []
        var workers = 0
        /// The first waits longest.
        var waiting: [@Sendable () -> Void] = []
        var isClosed = false
    }

    private let session: Session
    private let queue = DispatchQueue(label: "mortise.store.readers", attributes: .concurrent)
    private let state = Mutex(State())

    init(_ session: Session) { self.session = session }

    /// As `perform`, on a thread of the pool.
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (Connection) throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            submit { continuation.resume(with: Swift.Result { try self.perform(body) }) }
        }
    }

    /// Performs `body` on a connection, anew if the connection is lost in it and the server comes back in time.
    ///
    /// Blocks. A caller's own thread gets a connection even while all of the pool are in use.
    func perform<Result>(_ body: (Connection) throws -> Result) throws -> Result {
        let deadline = Deadline.after(.seconds(session.options.outageSeconds))
        var backoff = Backoff()
        while true {
            do {
                let connection = try take(until: deadline)
                let result = try body(connection)
                giveBack(connection)
                return result
            } catch let error as PostgresError
                where error.isOutage && error.kind != .deadlinePassed && !deadline.isOver
            {
                backoff.pause(until: deadline)
            }
        }
    }

    func close() {
        let idle = state.withLock { state in
            defer { state.idle = [] }
            state.isClosed = true
            return state.idle
        }
        for connection in idle { connection.close() }
    }

    private func take(until deadline: Deadline) throws -> Connection {
        let (idle, isClosed) = state.withLock { ($0.idle.popLast(), $0.isClosed) }
        guard !isClosed else { throw PostgresError(.other, "the store is closed") }
        return try idle ?? session.open(.reading, until: deadline)
    }

    /// Only a connection on which all went well comes back; another one may be in the middle of a transaction.
    private func giveBack(_ connection: Connection) {
        state.withLock { state in
            if !state.isClosed, state.idle.count < session.options.readers { state.idle.append(connection) }
        }
    }

    private func submit(_ work: @escaping @Sendable () -> Void) {
        let isWorkerNeeded = state.withLock { state in
            state.waiting.append(work)
            guard state.workers < session.options.readers else { return false }
            state.workers += 1
            return true
        }
        guard isWorkerNeeded else { return }
        queue.async {
            while let work = self.nextWork() { work() }
        }
    }

    private func nextWork() -> (@Sendable () -> Void)? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.workers -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
    }
}

extension Connection {
    /// Several statements on one committed state.
    func inReadTransaction<Result>(_ body: () throws -> Result) throws -> Result {
        try execute(Statement("begin", "BEGIN"))
        let result = try body()
        try execute(Statement("commit", "COMMIT"))
        return result
    }
}
