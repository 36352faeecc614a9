/// The statuses that `mortise` ends with: for scripts, so their numbers never change. Listed in docs/cli.md.
enum CommandStatus: Int32, CaseIterable, Sendable {
    /// Done; a job that was waited for finished.
    case success = 0
    /// A job that was waited for failed, or the coordinator failed at what was asked.
    case failed = 1
    /// A job file, a file of tasks, the settings or a value is wrong; nothing was done.
    case invalidInput = 2
    /// There is no such job, task, slot or node.
    case notFound = 3
    /// Not allowed with this token, or not possible in the thing's state or with the cluster's limits.
    case refused = 4
    /// The coordinator cannot be reached, or not trusted, or is not ready.
    case unreachable = 5
    /// A job that was waited for was canceled.
    case canceled = 6
    /// Slots of a planned job would wait.
    case wouldWait = 7
    /// The command line itself is wrong (`EX_USAGE`).
    case usage = 64
    /// Ctrl-C.
    case interrupted = 130
}

/// A command that ends without having done what was asked.
struct CommandFailure: Error, Equatable, CustomStringConvertible {
    let status: CommandStatus
    /// For standard error; empty where everything has been said.
    let message: String

    init(_ status: CommandStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    var description: String { message }
}
