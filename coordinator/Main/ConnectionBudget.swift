/// How many connections the two listeners may hold at once: fewer than the process may have files open.
///
/// Not only would new ones fail without: the runtime ends a process whose worker threads it cannot count, and it reads a
/// file to do so.
struct ConnectionBudget: Equatable {
    /// For the store, the log, event loops and the runtime.
    static let reservedFiles = 256
    /// Less helps nobody: a machine where this is too many has a limit that must be raised.
    static let leastConnections = 64

    let agents: Int
    let users: Int

    /// - Parameters:
    ///   - openFiles: the process's limit; nil where it is not known.
    ///   - agents, users: the most that is wanted.
    init(openFiles: Int?, agents: Int, users: Int) {
        let room = max(Self.leastConnections, (openFiles ?? .max) - Self.reservedFiles)
        self.users = min(users, room / 4)
        self.agents = min(agents, room - self.users)
    }
}
