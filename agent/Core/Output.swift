package import ClusterTypes
package import ProtocolMessages

/// What `handle` asks of the agent's driver. An agent keeps nothing durable of its own: supervisors do.
package struct Output: Sendable, Equatable {
    package var actions: [Action] = []
    package init() {}
}

package enum Action: Sendable, Hashable {
    /// Dial the coordinator; ends in `connected` or `disconnected`.
    case connect
    /// Close the connection.
    case disconnect(reason: String)
    case send(AgentMessage)
    /// Start a supervisor. Doing it twice for one key starts one.
    indirect case startSlot(Assignment)
    case stopSlot(SlotKey, reason: String)
    case giveTasks(SlotKey, [TaskOrder])
    /// The coordinator has recorded these: the supervisor may forget them.
    case forgetResults(SlotKey, [TaskAttempt])
    /// The slot is over and known: its supervisor and state may go (its logs stay for a while).
    case forgetSlot(SlotKey)
    /// To every supervisor: stop by yourself at this moment unless a later one is set.
    case setLease(until: Instant)
    /// To every supervisor: warn what runs, then be over by that moment, whatever the lease says.
    case setEnd(warnAt: Instant, until: Instant)
    case probeHardware(request: UInt64)
    case readLog(LogRequest)
    case cancelLog(request: UInt64)
    case storeCertificate(pem: String)
    /// The agent's process ends.
    case exit(ExitReason)
}

/// Why an agent process ends; each has a documented exit status.
package enum ExitReason: Hashable, Sendable {
    case left
    case refused(Refusal)
}
