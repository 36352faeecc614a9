import APITypes
import ClusterTypes
import CoordinatorCore
import Hummingbird
import Logging
import NIOCore
import ProtocolMessages

extension APIHandlers {
    func readTaskLog(_ call: Call) async throws -> Answer {
        let job = try call.identifier("job", as: JobID.self)
        let attempt: UInt32? = try call.query.number("attempt", in: 1...UInt32.max)
        return try await readLog(call, of: .task(job, try taskIndex(call), attempt: attempt))
    }

    func readSlotLog(_ call: Call) async throws -> Answer {
        try await readLog(call, of: .slot(try call.identifier("slot")))
    }

    /// Waits a little for the first piece, so that an error before it is an ordinary answer; then streams.
    private func readLog(_ call: Call, of subject: LogSubject) async throws -> Answer {
        let stream: LogStream = try call.query.word("stream") ?? .stdout
        let follow = try call.query.flag("follow")
        let tail: Int64? = try call.query.number("tail", in: 0...Int64.max)
        let reply = try await submit(.locateLog(subject))
        guard case .logLocation(let connection, let key, let task) = reply else {
            throw unexpected(reply, to: "locateLog")
        }
        let source = LogSource(
            pieces: service.readLog(
                connection, key, task, stream: stream, follow: follow, tailBytes: tail),
            disconnected: try await DisconnectHandler.signal(of: call.channel))
        let first = FirstPiece(of: source)
        if await first.comes(within: .milliseconds(configuration.logHeadMilliseconds)) {
            do {
                _ = try await first.bytes
            } catch let error
                where error is CommandRefusal || error is NobodyWaits || error is CancellationError
            {
                throw error
            } catch {
                logger.error("A log cannot be read", metadata: ["slot": "\(key)", "error": "\(error)"])
                throw APIError(
                    CommandRefusal(.nodeUnreachable, "The log of slot \(key.slot) cannot be read now."))
            }
        }
        return Answer(
            status: 200,
            content: .stream { writer in
                var piece = try await first.bytes
                while let bytes = piece {
                    if !bytes.isEmpty { try await writer.write(ByteBuffer(bytes: bytes)) }
                    piece = try await source.next()
                }
                try await writer.finish(nil)
            })
    }
}

/// The first piece of a log, asked for before the answer's head is written and used by its body.
///
/// Handler and body run one after the other in one task, so a task of its own carries the question across. It ends
/// with the connection at the latest.
private struct FirstPiece: Sendable {
    private let task: Task<[UInt8]?, any Error>
    private let came = Signal()

    init(of source: LogSource) {
        task = Task { [came] in
            defer { came.fire() }
            return try await source.next()
        }
    }

    func comes(within limit: Duration) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await came.wait()
                return true
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }

    var bytes: [UInt8]? {
        get async throws {
            try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        }
    }
}

/// Reads a log until it ends, the client goes away or the server shuts down. One task reads it at a time.
private struct LogSource: Sendable {
    let pieces: AsyncThrowingStream<[UInt8], any Error>
    let disconnected: Signal

    /// - Throws: `NobodyWaits`; whatever the log's reading fails with.
    func next() async throws -> [UInt8]? {
        let pieces = pieces
        let piece = try await whileWanted(until: disconnected) { () -> Piece in
            // Iterators of one stream share its elements.
            var iterator = pieces.makeAsyncIterator()
            return Piece(bytes: try await iterator.next())
        }
        return piece.bytes
    }

    private struct Piece: Sendable {
        var bytes: [UInt8]?
    }
}
