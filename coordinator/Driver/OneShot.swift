package import ClusterTypes
package import CoordinatorCore
package import CoordinatorStore

/// One command on a store that no coordinator runs on: the same machine, the same rules, one commit.
package enum OneShot {
    /// - Throws: `StoreError`, or the machine's `CommandRefusal`.
    package static func perform(
        _ command: Command, on store: any Store, cluster: String, at now: Instant
    ) throws -> Reply {
        var core = Coordinator(cluster: cluster, restoring: try store.snapshot(endedJobs: 0), at: now)
        var output = Output()
        core.handle(.commandReceived(RequestID(1), command), at: now, into: &output)
        var answer: Reply?
        for case .reply(_, let reply) in output.actions { answer = reply }
        switch answer {
        case .refused(let refusal): throw refusal
        case .some(let reply):
            if !output.writes.isEmpty { _ = try store.commit(output.writes) }
            return reply
        case nil: preconditionFailure("every command is answered")
        }
    }
}
