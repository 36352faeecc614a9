import ClusterTypes
import NIOCore
import Platform
package import ProtocolMessages

/// Answers one log request, piece by piece.
final class LogFollower {
    let request: LogRequest
    private let reader: LogReader
    private let onChunk: (LogChunk) -> Void
    private var next: Scheduled<Void>?
    private(set) var hasRead = false

    init(request: LogRequest, path: String, onChunk: @escaping (LogChunk) -> Void) {
        self.request = request
        self.onChunk = onChunk
        reader = LogReader(path: path, tailBytes: request.tailBytes)
    }

    /// Answers with the next bytes; false when there are none now.
    func advance() throws(SystemError) -> Bool {
        let bytes = try reader.next(limitBytes: ProtocolLimits.logChunkBytes)
        if bytes.isEmpty { return false }
        hasRead = true
        onChunk(LogChunk(request: request.request, bytes: bytes))
        return true
    }

    func end(_ error: String?) {
        onChunk(LogChunk(request: request.request, isEnd: true, error: error))
    }

    func schedule(_ scheduled: Scheduled<Void>) { next = scheduled }
    func cancel() { next?.cancel() }
}

// Reading logs on the manager's event loop: in small pieces, so that nothing else waits for them.
extension SlotManager {
    static let followerLimit = 64
    /// Between two pieces that are there: bounds what a reader who is slow to be sent to piles up.
    static let pieceMilliseconds: Int64 = 5
    /// Between two looks at a log that grows.
    static let followMilliseconds: Int64 = 200

    /// Answers in `logRead` events with the request's number, in order, the last one with `isEnd`.
    package func readLog(_ request: LogRequest) {
        cancelLog(request: request.request)
        let live = folder(of: request.key)
        let folder = FileStatus(of: live) != nil ? live : ended.folder(of: request.key)
        let follower = LogFollower(
            request: request, path: SlotFiles(folder: folder).log(request.task, request.stream),
            onChunk: { [weak self] in self?.emit(.logRead($0)) })
        if followers.count >= Self.followerLimit {
            follower.end("this node reads \(Self.followerLimit) logs already; try again later")
        } else if FileStatus(of: folder) == nil {
            follower.end(
                "this node has no log of slot \(request.key): it never ran here, or was too long ago")
        } else {
            followers[request.request] = follower
            advance(follower)
        }
    }

    /// No more comes for this request.
    package func cancelLog(request: UInt64) { followers.removeValue(forKey: request)?.cancel() }

    private func advance(_ follower: LogFollower) {
        let request = follower.request
        // Asked before reading: what is written until the end is then read for certain.
        let mayGrow = request.follow && isWriting(request)
        do throws(SystemError) {
            let hasMore = try follower.advance()
            guard hasMore || mayGrow else {
                followers[request.request] = nil
                return follower.end(follower.hasRead ? nil : missing(request))
            }
            let pause = hasMore ? Self.pieceMilliseconds : Self.followMilliseconds
            let bound = NIOLoopBound((self, follower), eventLoop: eventLoop)
            follower.schedule(
                eventLoop.scheduleTask(in: .milliseconds(pause)) {
                    let (manager, follower) = bound.value
                    manager.advance(follower)
                })
        } catch {
            followers[request.request] = nil
            follower.end(error.description)
        }
    }

    private func isWriting(_ request: LogRequest) -> Bool {
        guard let entry = slots[request.key], !entry.report.state.isEnded else { return false }
        guard let task = request.task else { return true }
        return entry.held.contains(task)
    }

    /// Why a task's log may be empty; nil when it wrote nothing for certain.
    private func missing(_ request: LogRequest) -> String? {
        let folders = [folder(of: request.key), ended.folder(of: request.key)]
        guard request.task != nil,
            folders.contains(where: { FileStatus(of: SlotFiles(folder: $0).pruned) != nil })
        else { return nil }
        return "the task wrote nothing, or its log was removed to make room for newer ones"
    }
}
