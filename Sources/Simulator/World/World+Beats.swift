import AgentCore
import ClusterTypes
import CoordinatorCore
import ProtocolMessages

// Beats are nearly all that happens in a large world, and nearly all of them change nothing but two deadlines.
extension World {
    /// A beat, and its acknowledgement, on a link that nothing strikes: there and back within the moment. Both
    /// machines handle it as they handle every other; only the queue of occurrences does not see it.
    ///
    /// - Returns: false for a beat that has to wait somewhere: on its way, behind others, for the coordinator.
    func exchange(_ beat: Heartbeat, from host: Host, over link: Link) -> Bool {
        let process = link.coordinator
        guard options.plant == nil, link.isQuiet, link.isOpenAtCoordinator, !host.isBlockedUp,
            !host.isBlockedDown, !host.isSlowReader, !host.isCutOff(from: process), process.isIdle, isCalm
        else { return false }
        trace.explain("\(host.name) -> \(beat), at once")
        beatOutput.actions.removeAll(keepingCapacity: true)
        process.machine?.handle(
            .heartbeats([ReceivedBeat(link.connection, sequence: beat.sequence)]), at: process.time(now),
            into: &beatOutput)
        guard beatOutput.writes.isEmpty, beatOutput.actions.count == 1,
            case .send(link.connection, let answer)? = beatOutput.actions.first
        else {
            // It was silent before: what follows has its transaction and its delays.
            trace.note(writes: beatOutput.writes.count, actions: beatOutput.actions.count)
            process.backlog.take(beatOutput)
            beatOutput = CoordinatorCore.Output()
            finishTurn(of: process)
            return true
        }
        if let node = host.node { process.noteHeard(node, at: now) }
        drive(host, .messageReceived(answer))
        return true
    }

    /// No spell is on that hits messages.
    private var isCalm: Bool { spells.allSatisfy { $0.until <= now } }
}

extension CoordinatorProcess {
    /// What comes now is handled now.
    var isIdle: Bool {
        isRunning && inbox.isEmpty && answers.isEmpty && stallsInTurn == nil
    }
}
