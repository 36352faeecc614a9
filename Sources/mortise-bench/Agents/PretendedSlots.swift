import AgentCore
import ClusterTypes
import ProtocolMessages

/// Slots of which no process exists: each runs at once, takes as long over a task as it was told, and succeeds.
///
/// It says to its agent what a slot manager with supervisors would say.
struct PretendedSlots: Sendable {
    private struct Slot {
        let kind: JobKind
        var waiting: [TaskAttempt] = []
        /// When the first of `waiting`, or a batch's command, is done; nil while there is nothing to do.
        var due: Instant?
        /// What the agent was told that there is room for.
        var credits: UInt32 = 0
    }

    /// Of a task, and of a batch's command.
    let taskTime: Duration
    private var slots = OrderedTable<SlotKey, Slot>()

    init(taskTime: Duration) { self.taskTime = taskTime }

    /// As a supervisor asks: enough for half a second.
    private var room: UInt32 {
        let microseconds = taskTime.wholeMicroseconds
        return microseconds == 0 ? 64 : UInt32(clamping: max(1, min(256, 500_000 / microseconds)))
    }

    var nextDue: Instant? { slots.isEmpty ? nil : slots.values.compactMap(\.due).min() }

    mutating func start(_ assignment: Assignment, at now: Instant, into events: inout [Event]) {
        let key = assignment.key
        guard slots[key] == nil else { return }
        var slot = Slot(kind: assignment.specification.kind)
        events.append(.slotChanged(SlotReport(key: key, state: .running, at: now)))
        switch slot.kind {
        case .batch: slot.due = now + taskTime
        case .service: break
        case .tasks:
            slot.credits = room
            events.append(.tasksWanted(key, credits: room))
        }
        slots[key] = slot
    }

    mutating func give(_ orders: [TaskOrder], to key: SlotKey, at now: Instant, into events: inout [Event]) {
        guard let slot = slots[key] else {
            events.append(.tasksFinished(key, orders.map { Self.unstarted($0.attempt) }))
            return
        }
        slots[key]?.waiting += orders.map(\.attempt)
        slots[key]?.credits -= min(slot.credits, UInt32(orders.count))
        let due = slot.due ?? now + taskTime
        slots[key]?.due = due
    }

    /// Whatever waits goes back.
    mutating func stop(_ key: SlotKey, at now: Instant, into events: inout [Event]) {
        guard let slot = slots[key] else { return }
        slots[key] = nil
        if !slot.waiting.isEmpty { events.append(.tasksFinished(key, slot.waiting.map(Self.unstarted))) }
        events.append(.slotChanged(SlotReport(key: key, state: .finished, reason: "stopped", at: now)))
    }

    /// Does what is due.
    mutating func advance(to now: Instant, into events: inout [Event]) {
        guard !slots.isEmpty else { return }
        for key in slots.keys {
            guard let slot = slots[key], let due = slot.due, due <= now else { continue }
            switch slot.kind {
            case .batch:
                slots[key] = nil
                events.append(
                    .slotChanged(SlotReport(key: key, state: .finished, exitCode: 0, at: now)))
            case .tasks: finishTasks(of: key, due: due, at: now, into: &events)
            case .service: slots[key]?.due = nil
            }
        }
    }

    private mutating func finishTasks(
        of key: SlotKey, due: Instant, at now: Instant, into events: inout [Event]
    ) {
        guard let slot = slots[key] else { return }
        let microseconds = taskTime.wholeMicroseconds
        let late = (now - due).wholeMicroseconds
        let count = microseconds == 0 ? slot.waiting.count : Int(1 + late / microseconds)
        let done = slot.waiting.prefix(count)
        let rest = Array(slot.waiting.dropFirst(done.count))
        let next = rest.isEmpty ? nil : due + taskTime * done.count
        slots[key]?.waiting = rest
        slots[key]?.due = next
        events.append(
            .tasksFinished(
                key,
                done.map {
                    TaskResult(
                        attempt: $0, exitCode: 0, startedAt: now - taskTime,
                        durationMicroseconds: microseconds)
                }))
        let wanted = room - min(room, UInt32(rest.count))
        if UInt32(rest.count) + slot.credits <= room / 2 {
            slots[key]?.credits = wanted
            events.append(.tasksWanted(key, credits: wanted))
        }
    }

    private static func unstarted(_ attempt: TaskAttempt) -> TaskResult {
        TaskResult(attempt: attempt, exitCode: 0, isUnstarted: true)
    }
}
