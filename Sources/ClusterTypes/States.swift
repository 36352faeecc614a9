/// States, always written like this: in the code, the API, the command line and the database.

package enum NodeState: String, Sendable, Codable, CaseIterable {
    /// Enrolled, not heard from yet.
    case joining
    /// Connected, its lease runs; may be given work.
    case ready
    /// Missed beats; keeps its slots, is given nothing new.
    case suspect
    /// The lease is over: its `on_disconnect: stop` slots have stopped themselves and are placed again.
    case lost
    /// Finishes what it runs, is given nothing new.
    case draining
    /// Drained: nothing runs there any more.
    case drained
    /// Kept from new work by the operator; what runs goes on.
    case cordoned
    /// Gone for good; its certificate is refused.
    case released
}

package enum SlotState: String, Sendable, Codable, CaseIterable {
    case pending, assigned, starting, running, stopping, finished, failed, lost

    /// No process of this incarnation runs and none will.
    package var isEnded: Bool { self == .finished || self == .failed }
    /// A node holds resources for it.
    package var isPlaced: Bool {
        switch self {
        case .assigned, .starting, .running, .stopping, .lost: true
        case .pending, .finished, .failed: false
        }
    }
}

package enum TaskState: String, Sendable, Codable, CaseIterable {
    /// Not to be handed out now: its job is paused.
    case waiting
    /// Next to be pulled.
    case ready
    /// A slot holds it.
    case running
    case succeeded, failed, canceled

    package var isDecided: Bool { self == .succeeded || self == .failed || self == .canceled }
}

package enum JobState: String, Sendable, Codable, CaseIterable {
    case running, paused, finished, failed, canceled

    package var isEnded: Bool { self == .finished || self == .failed || self == .canceled }
}

package enum JobKind: String, Sendable, Codable, CaseIterable {
    /// A slot runs its command once.
    case batch
    /// A slot keeps its command running.
    case service
    /// A slot runs task after task.
    case tasks
}

package enum Architecture: String, Sendable, Codable, CaseIterable {
    case amd64, arm64
}

package enum DeviceType: String, Sendable, Codable, CaseIterable {
    case gpu, npu
}
