package import ClusterTypes
package import NIOCore
package import ProtocolMessages

/// What slots tell the agent.
package enum SlotEvent: Sendable, Hashable {
    /// Also repeated: after `adopt`, and when an ended slot is started or stopped again.
    case slotChanged(SlotReport)
    /// Kept by the slot until `forgetResults`; told again by the next agent.
    case tasksFinished(SlotKey, [TaskResult])
    /// Replaces what the slot wanted before.
    case tasksWanted(SlotKey, credits: UInt32)
    case logRead(LogChunk)
}

/// The agent's side of all slots of this node: starts their supervisors, finds them again, and talks to them.
///
/// Everything happens on one event loop; the methods may be called from anywhere and take effect in the order of
/// the calls. Nothing here fails: what goes wrong with a slot is told as its end.
package final class SlotManager: Sendable {
    private let eventLoop: any EventLoop
    private let table: NIOLoopBoundBox<SlotTable>

    /// - Parameters:
    ///   - directory: absolute; made if missing. One manager at a time may use it.
    ///   - executable: absolute path of the program that is started as `EXECUTABLE supervise FOLDER`.
    ///   - onEvent: called on the event loop.
    package init(
        eventLoop: any EventLoop, directory: String, executable: String, nodeName: String,
        onEvent: @escaping @Sendable (SlotEvent) -> Void
    ) {
        self.eventLoop = eventLoop
        table = NIOLoopBoundBox.makeBoxSendingValue(
            SlotTable(
                eventLoop: eventLoop, directory: directory, executable: executable, nodeName: nodeName,
                onEvent: onEvent),
            eventLoop: eventLoop)
    }

    /// Finds the slots that an earlier agent left, running or ended but not forgotten; once, before anything else.
    ///
    /// - Returns: every slot that was found, by key. Their events come too, some of them before this completes.
    package func adopt() -> EventLoopFuture<[RunningSlot]> {
        eventLoop.flatSubmit { [table] in table.value.adopt() }
    }

    /// Starts a slot; a second time for the same key only repeats its report.
    ///
    /// - Parameter devices: the node's, in the order of its hardware report.
    package func start(_ assignment: Assignment, devices: [DeviceReport]) {
        perform { $0.start(assignment, devices: devices) }
    }

    /// TERM, then KILL after the job's grace; the slot's end follows as an event.
    package func stop(_ key: SlotKey, reason: String) { perform { $0.stop(key, reason: reason) } }

    /// Tasks that the slot has asked for; a slot that is over gives them back unstarted.
    package func giveTasks(_ key: SlotKey, _ orders: [TaskOrder]) {
        perform { $0.giveTasks(key, orders) }
    }

    /// These results are recorded.
    package func forgetResults(_ key: SlotKey, _ attempts: [TaskAttempt]) {
        perform { $0.forgetResults(key, attempts) }
    }

    /// The end of this slot is recorded: all but its logs goes. A slot that still runs is stopped first.
    package func forgetSlot(_ key: SlotKey) { perform { $0.forgetSlot(key) } }

    /// From this moment; every slot whose job says `on_disconnect: stop` has ended by itself when it is over.
    package func setLease(remaining: Duration) {
        perform { $0.setLease(remaining: remaining) }
    }

    /// Answers in `logRead` events that carry the request's number, the last one with `isEnd`.
    package func readLog(_ request: LogRequest) { perform { $0.readLog(request) } }

    /// No more events come for this request.
    package func cancelLog(request: UInt64) { perform { $0.cancelLog(request: request) } }

    /// Lets go of all slots; they run on for the next manager.
    package func close() -> EventLoopFuture<Void> {
        eventLoop.flatSubmit { [table] in table.value.close() }
    }

    private func perform(_ action: @escaping @Sendable (SlotTable) -> Void) {
        eventLoop.execute { [table] in action(table.value) }
    }
}
