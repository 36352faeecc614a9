import ClusterTypes
import Platform
import ProtocolMessages

// The end of the machine's time: the supervisor warns its command and stops it in time, with or without an agent.
extension SupervisorProcess {
    static let timeEnds = "its node's time ends"

    /// Said again it changes nothing: the grace is counted from the first time.
    func setEnd(_ time: SlotEndTime) {
        guard time != endTime else { return }
        endTime = time
        endDeadline = LeaseDeadline(
            deadline: time.until, stopGraceSeconds: assignment.specification.stopGraceSeconds,
            now: SteadyClock.sinceBoot())
    }

    /// Tells the command, if its job has asked for that; no task is begun any more.
    func warn(at now: Int64) {
        isWarned = true
        guard stopping == nil else { return }
        if let signal = assignment.specification.warningSignal, let command, command.exit == nil,
            !command.isLook
        {
            Children.signal(command.process, SignalNumber.of(signal))
        }
        guard kind == .tasks else { return }
        ledger.giveBack(at: now)
        if command == nil { stop(Stop(reason: Self.timeEnds)) }
    }
}
