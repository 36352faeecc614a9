package import ClusterTypes
package import CoordinatorCore
import ProtocolCodec
package import ProtocolMessages
import Synchronization

/// Questions to one agent that need no decision of the machine: logs and fresh probes pass beside it.
package final class Relay: Sendable {
    private enum Waiter {
        case log(AsyncThrowingStream<[UInt8], any Error>.Continuation)
        case probe(CheckedContinuation<HardwareReport, any Error>)
    }

    private struct State {
        var nextRequest: UInt64 = 1
        var waiters: [UInt64: (ConnectionID, Waiter)] = [:]
    }

    private let state = Mutex(State())
    private let transport: any AgentTransport

    init(transport: any AgentTransport) { self.transport = transport }

    /// The log's bytes as they come; ending the stream tells the agent to stop.
    ///
    /// A reader that is 1,024 pieces behind is cut: the log stays on its node.
    package func readLog(
        _ connection: ConnectionID, _ key: SlotKey, _ task: TaskAttempt?, stream: LogStream, follow: Bool,
        tailBytes: Int64?
    ) -> AsyncThrowingStream<[UInt8], any Error> {
        let (bytes, continuation) = AsyncThrowingStream.makeStream(
            of: [UInt8].self, bufferingPolicy: .bufferingOldest(1_024))
        let request = add(connection, .log(continuation))
        continuation.onTermination = { [weak self] _ in
            guard let self, self.remove(request) != nil else { return }
            self.send(.cancelLog(request: request), to: connection)
        }
        send(
            .requestLog(
                LogRequest(
                    request: request, key: key, task: task, stream: stream, follow: follow,
                    tailBytes: tailBytes)),
            to: connection)
        return bytes
    }

    /// Asks for a fresh probe, now.
    /// - Throws: `CommandRefusal` when the node does not answer in time or its connection ends.
    package func probe(_ connection: ConnectionID, upTo limit: Duration) async throws -> HardwareReport {
        let request = state.withLock { state in
            state.nextRequest += 1
            return state.nextRequest
        }
        let timeout = Task {
            try await Task.sleep(for: limit)
            self.fail(request, CommandRefusal(.nodeUnreachable, "the node did not answer within \(limit)"))
        }
        defer { timeout.cancel() }
        return try await withCheckedThrowingContinuation { continuation in
            state.withLock { $0.waiters[request] = (connection, .probe(continuation)) }
            send(.requestHardware(request: request), to: connection)
        }
    }

    /// - Returns: true when the message was the answer to a question asked here, and of no use to the machine.
    func take(_ message: AgentMessage) -> Bool {
        switch message {
        case .logChunk(let chunk):
            deliver(chunk)
            return true
        case .hardware(let report, let request) where request != 0:
            if case .probe(let continuation) = remove(request) { continuation.resume(returning: report) }
            return false
        case .hello, .heartbeat, .pull, .slotReport, .pullTasks, .taskResults, .hardware, .renewCertificate,
            .leaving, .empty, .lifetime:
            return false
        }
    }

    /// Whoever waits for this connection learns that it is gone.
    func forget(_ connection: ConnectionID) {
        let requests = state.withLock { state in
            state.waiters.filter { $0.value.0 == connection }.map(\.key)
        }
        for request in requests {
            fail(request, CommandRefusal(.nodeUnreachable, "the connection to the node has ended"))
        }
    }

    private func deliver(_ chunk: LogChunk) {
        let waiter = state.withLock { $0.waiters[chunk.request]?.1 }
        guard case .log(let continuation) = waiter else { return }
        if !chunk.bytes.isEmpty, case .dropped = continuation.yield(chunk.bytes) {
            fail(chunk.request, CommandRefusal(.limitReached, "the log comes faster than it is read"))
            return
        }
        guard chunk.isEnd else { return }
        _ = remove(chunk.request)
        if let error = chunk.error {
            continuation.finish(throwing: CommandRefusal(.notFound, error))
        } else {
            continuation.finish()
        }
    }

    private func fail(_ request: UInt64, _ refusal: CommandRefusal) {
        switch remove(request) {
        case .log(let continuation): continuation.finish(throwing: refusal)
        case .probe(let continuation): continuation.resume(throwing: refusal)
        case nil: break
        }
    }

    private func add(_ connection: ConnectionID, _ waiter: Waiter) -> UInt64 {
        state.withLock { state in
            state.nextRequest += 1
            state.waiters[state.nextRequest] = (connection, waiter)
            return state.nextRequest
        }
    }

    private func remove(_ request: UInt64) -> Waiter? {
        state.withLock { $0.waiters.removeValue(forKey: request)?.1 }
    }

    private func send(_ message: CoordinatorMessage, to connection: ConnectionID) {
        var encoder = FrameEncoder()
        if let frame = try? encoder.encode(message) { transport.send([(connection, frame)]) }
    }
}
