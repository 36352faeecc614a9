import ClusterTypes
import NIOCore
import Platform
import ProtocolMessages

/// Answers one log request, piece by piece.
final class LogFollower {
    let request: LogRequest
    private let reader: LogReader
    private var next: Scheduled<Void>?
    private(set) var hasRead = false

    init(request: LogRequest, path: String) {
        self.request = request
        reader = LogReader(path: path, tailBytes: request.tailBytes)
    }

    func read() throws(SystemError) -> [UInt8] {
        let bytes = try reader.next(limitBytes: ProtocolLimits.logChunkBytes)
        if !bytes.isEmpty { hasRead = true }
        return bytes
    }

    func schedule(_ scheduled: Scheduled<Void>) { next = scheduled }
    func cancel() { next?.cancel() }
}

// Reading logs on the manager's event loop: in small pieces, so that nothing else waits for them.
extension SlotTable {
    static let followerLimit = 64
    /// Between two pieces that are there: bounds what a reader who is slow to be sent to piles up.
    static let pieceMilliseconds: Int64 = 5
    /// Between two looks at a log that grows.
    static let followMilliseconds: Int64 = 200

    func readLog(_ request: LogRequest) {
        cancelLog(request: request.request)
        guard followers.count < Self.followerLimit else {
            return answerEnd(request, "this node reads \(Self.followerLimit) logs already; try again later")
        }
        let live = folder(of: request.key)
        let folder = FileStatus(of: live) != nil ? live : ended.folder(of: request.key)
        guard FileStatus(of: folder) != nil else {
            return answerEnd(
                request, "this node has no log of slot \(request.key): it never ran here, or was too long ago"
            )
        }
        let files = SlotFiles(folder: folder)
        let follower = LogFollower(request: request, path: files.log(request.task, request.stream))
        followers[request.request] = follower
        advance(follower)
    }

    func cancelLog(request: UInt64) { followers.removeValue(forKey: request)?.cancel() }

    private func advance(_ follower: LogFollower) {
        let request = follower.request
        // Asked before reading: what is written until the end is then read for certain.
        let mayGrow = request.follow && isWriting(request)
        do throws(SystemError) {
            let bytes = try follower.read()
            if bytes.isEmpty, !mayGrow {
                followers[request.request] = nil
                return answerEnd(request, follower.hasRead ? nil : missing(request))
            }
            if !bytes.isEmpty { onEvent(.logRead(LogChunk(request: request.request, bytes: bytes))) }
            let pause = bytes.isEmpty ? Self.followMilliseconds : Self.pieceMilliseconds
            let bound = NIOLoopBound((self, follower), eventLoop: eventLoop)
            follower.schedule(
                eventLoop.scheduleTask(in: .milliseconds(pause)) {
                    let (table, follower) = bound.value
                    table.advance(follower)
                })
        } catch {
            followers[request.request] = nil
            answerEnd(request, error.description)
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

    private func answerEnd(_ request: LogRequest, _ error: String?) {
        onEvent(.logRead(LogChunk(request: request.request, isEnd: true, error: error)))
    }
}
