package import ClusterTypes
package import ProtocolMessages

/// Everything that can happen to an agent.
package enum Event: Sendable, Hashable {
    /// A connection stands (TLS and WebSocket); the machine answers with `hello`.
    case connected
    case disconnected(reason: String)
    case messageReceived(CoordinatorMessage)
    /// A supervisor (new or found again after a restart of the agent) says what its slot does.
    case slotChanged(SlotReport)
    /// From a supervisor: kept until the coordinator has acknowledged them.
    case tasksFinished(SlotKey, [TaskResult])
    /// The supervisor can take so many more tasks.
    case tasksWanted(SlotKey, credits: UInt32)
    /// A probe cycle has ended with something new.
    indirect case hardwareChanged(HardwareReport)
    /// Asked for by `requestHardware`.
    indirect case hardwareProbed(HardwareReport, request: UInt64)
    /// The newest load, for the next heartbeat.
    case loadMeasured(Heartbeat)
    case logRead(LogChunk)
    /// The certificate is due for renewal and a request has been made.
    case certificateDue(certificateRequest: [UInt8])
    /// SIGTERM, or `mortise-agent leave`: stop pulling, stop the slots or leave them to their supervisors, go.
    case shutdownRequested(ShutdownMode)
    /// The machine will be gone then. A notice (a spot instance, an operator) begins the leave at once; a limit that
    /// was known from the start (of a batch system) some time before.
    case endLearned(Instant, isNotice: Bool)
    case wakeup
}

package enum ShutdownMode: String, Hashable, Sendable {
    /// The agent ends; slots run on and are found again by the next agent.
    case keepSlots
    /// Slots are stopped first, then the node says that it leaves.
    case stopSlots
    /// The machine's time is about to end: what runs is warned and goes on until it has to be stopped.
    case timeEnds
}
