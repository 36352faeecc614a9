package import ClusterTypes

/// What an agent says to the coordinator.
///
/// Large ones stand apart: a heartbeat is no larger for them.
package enum AgentMessage: Hashable, Sendable {
    /// First on every connection.
    indirect case hello(Hello)
    case heartbeat(Heartbeat)
    /// Room for so many more slots; replaces what was said before.
    case pull(credits: UInt32)
    /// Said again on every connection until acknowledged, where the state is an end.
    case slotReport(SlotReport)
    /// Room for so many more tasks in one slot; replaces what was said before.
    case pullTasks(SlotKey, credits: UInt32)
    /// Said again on every connection until acknowledged, never twice on one.
    case taskResults(SlotKey, [TaskResult])
    /// On change and on request (`request` is 0 on change).
    indirect case hardware(HardwareReport, request: UInt64)
    case logChunk(LogChunk)
    /// A PKCS#10 request in DER for the certificate's renewal, signed by the node's key.
    case renewCertificate(certificateRequest: [UInt8])
    /// The agent ends in order and runs nothing more.
    case leaving(reason: String)
    /// The answer to `confirmEmpty`. Since 1.1.
    case empty(generation: UInt64)
    /// On change; `hello` says it first. Since 1.1.
    case lifetime(Lifetime)
}

package struct Hello: Hashable, Sendable {
    package var version: ProtocolVersion
    /// Of the agent, for example "0.1.0".
    package var build: String
    package var cluster: String
    package var nodeName: String
    /// Drawn at each start of the agent process: tells two agents with one identity apart.
    package var instance: UInt64
    /// Changes with each boot of the machine.
    package var bootID: String
    package var labels: [Label]
    /// Incarnations that run here or whose end has not been acknowledged.
    package var slots: [RunningSlot]
    package var hardware: HardwareReport
    /// nil: the agent knows no end.
    package var lifetime: Lifetime?
    /// For the compression of beats; best first.
    package var beatDictionaries: [UInt32]

    package init(
        version: ProtocolVersion = .current, build: String, cluster: String, nodeName: String,
        instance: UInt64,
        bootID: String, labels: [Label] = [], slots: [RunningSlot] = [], hardware: HardwareReport,
        lifetime: Lifetime? = nil, beatDictionaries: [UInt32] = []
    ) {
        self.version = version
        self.build = build
        self.cluster = cluster
        self.nodeName = nodeName
        self.instance = instance
        self.bootID = bootID
        self.labels = labels
        self.slots = slots
        self.hardware = hardware
        self.lifetime = lifetime
        self.beatDictionaries = beatDictionaries
    }

    /// Those that it was given, and what its hardware counts where none of these says so; sorted by key.
    package var allLabels: [Label] {
        let counted = hardware.countedLabels.filter { label in !labels.contains { $0.key == label.key } }
        return (labels + counted).sorted()
    }
}

/// How long the agent will be there. It is told as what remains: the clocks of the two sides differ.
package struct Lifetime: Hashable, Sendable {
    /// nil: no end is known (any more).
    package var remainingMilliseconds: UInt64?
    /// The end is near: nothing new is to be given to this node.
    package var isEnding: Bool

    package init(remainingMilliseconds: UInt64?, isEnding: Bool = false) {
        self.remainingMilliseconds = remainingMilliseconds
        self.isEnding = isEnding
    }
}

package struct RunningSlot: Hashable, Sendable {
    package var key: SlotKey
    package var state: SlotState
    /// Tasks that it holds or whose results are not acknowledged: (index, attempt).
    package var tasks: [TaskAttempt]
    /// As in `SlotReport`.
    package var hasVanished: Bool

    package init(key: SlotKey, state: SlotState, tasks: [TaskAttempt] = [], hasVanished: Bool = false) {
        self.key = key
        self.state = state
        self.tasks = tasks
        self.hasVanished = hasVanished
    }
}

/// One execution of a task: attempts count from 1.
package struct TaskAttempt: Hashable, Comparable, Sendable {
    package var index: TaskIndex
    package var attempt: UInt32

    package init(index: TaskIndex, attempt: UInt32) {
        self.index = index
        self.attempt = attempt
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.index, left.attempt) < (right.index, right.attempt)
    }
}

/// A change of a slot's state on its node.
package struct SlotReport: Hashable, Sendable {
    package var key: SlotKey
    /// `starting`, `running`, `stopping`, `finished` or `failed`.
    ///
    /// `finished` without an exit code says that it was stopped (by order, by the end of its lease, with its agent)
    /// or went down with its machine before it ended by itself: no failure, `on_lost` decides what follows.
    package var state: SlotState
    /// At the end: 0...255, 128+n for signal n, 124 timeout, 126 and 127 as in the shell; nil if it never ran, or
    /// was stopped.
    package var exitCode: Int32?
    package var reason: String
    package var at: Instant
    /// `finished`: nobody stopped it. Its supervisor was killed, or went down with its machine, while it ran.
    package var hasVanished: Bool

    package init(
        key: SlotKey, state: SlotState, exitCode: Int32? = nil, reason: String = "", at: Instant,
        hasVanished: Bool = false
    ) {
        self.key = key
        self.state = state
        self.exitCode = exitCode
        self.reason = reason
        self.at = at
        self.hasVanished = hasVanished
    }
}

package struct TaskResult: Hashable, Sendable {
    package var attempt: TaskAttempt
    /// As in `SlotReport`.
    package var exitCode: Int32
    /// Empty for success; else what went wrong, with the end of stderr (at most 1 KiB).
    package var reason: String
    /// By the node's clock.
    package var startedAt: Instant
    package var durationMicroseconds: Int64
    /// Never executed: its slot stopped first. It becomes ready again and no attempt is counted.
    package var isUnstarted: Bool

    package init(
        attempt: TaskAttempt, exitCode: Int32, reason: String = "", startedAt: Instant = .epoch,
        durationMicroseconds: Int64 = 0, isUnstarted: Bool = false
    ) {
        self.attempt = attempt
        self.exitCode = exitCode
        self.reason = reason
        self.startedAt = startedAt
        self.durationMicroseconds = durationMicroseconds
        self.isUnstarted = isUnstarted
    }
}

/// A piece of a log, the answer to one `LogRequest`; the pieces of one request come in order.
package struct LogChunk: Hashable, Sendable {
    package var request: UInt64
    /// At most 64 KiB.
    package var bytes: [UInt8]
    /// The last chunk of this request.
    package var isEnd: Bool
    /// Why nothing (more) comes; nil for a plain end.
    package var error: String?

    package init(request: UInt64, bytes: [UInt8] = [], isEnd: Bool = false, error: String? = nil) {
        self.request = request
        self.bytes = bytes
        self.isEnd = isEnd
        self.error = error
    }
}
