import ClusterTypes
import NIOCore
import Platform
import ProtocolMessages

/// One slot as the agent sees it.
final class SlotEntry {
    let key: SlotKey
    let files: SlotFiles
    var report: SlotReport
    var link: SupervisorLink?
    /// Of a supervisor that this process started, to be reaped.
    var process: Int32?
    /// No supervisor runs any more.
    var isGone = false
    /// To be removed once the supervisor is gone.
    var isForgotten = false
    /// Positions of the node's devices that it was given.
    var devices: [Int] = []
    /// Tasks that wait or run there.
    var held: Set<TaskAttempt> = []
    /// Told, not forgotten.
    var results: Set<TaskAttempt> = []
    var logBytes: Int64 = 0
    var connectAttempts = 0
    /// Waits for the supervisor's first word after `adopt`.
    var found: EventLoopPromise<Void>?

    init(key: SlotKey, folder: String) {
        self.key = key
        files = SlotFiles(folder: folder)
        report = SlotReport(
            key: key, state: .starting, at: Instant(microseconds: SteadyClock.now()))
    }

    var running: RunningSlot {
        RunningSlot(
            key: key, state: report.state, tasks: held.union(results).sorted(),
            hasVanished: report.hasVanished)
    }
}

/// Why a slot cannot be run here.
struct SlotFailure: Error, CustomStringConvertible {
    let description: String
    /// As `SystemError.isShortage`.
    let isShortage: Bool

    init(_ description: String, isShortage: Bool = false) {
        self.description = description
        self.isShortage = isShortage
    }
}
