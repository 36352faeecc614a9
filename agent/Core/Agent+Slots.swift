import ClusterTypes
import ProtocolMessages

/// One incarnation on this machine.
struct LocalSlot: Sendable {
    var state: SlotState
    /// Tasks that its supervisor has, or whose results are not acknowledged.
    var held: [TaskAttempt]
    /// Not acknowledged, oldest first.
    var results: [TaskResult] = []
    /// Its end, once it has come.
    var end: SlotReport?
    /// What its supervisor said last; repeated to a new session.
    var report: SlotReport?
    /// Tasks that its supervisor has asked for.
    var credits: UInt32 = 0
    /// The coordinator does not want it (any more): it is stopped and its end told to nobody.
    var isAbandoned = false
    /// It has been running: a service that starts again is not a start that others must wait for.
    var hasRun = false

    init(state: SlotState, held: [TaskAttempt] = []) {
        self.state = state
        self.held = held
        hasRun = state == .running
    }
}

extension Agent {
    // MARK: What the coordinator orders

    mutating func accept(_ assignment: Assignment, at now: Instant, into output: inout Output) {
        let key = assignment.key
        open.credits -= min(open.credits, 1)
        open.assignments += 1
        // It crossed our wish for no more; that this agent leaves will say that it was not started.
        if shutdown != nil { return }
        if let known = slots[key] {
            if let report = known.report { send(.slotReport(report), into: &output) }
            return
        }
        // An older incarnation of the same slot has no right to run beside this one.
        for other in slots.keys where other.slot == key.slot { abandon(other, into: &output) }
        slots[key] = LocalSlot(state: .assigned)
        output.actions.append(.startSlot(assignment))
        pull(into: &output)
    }

    mutating func stop(_ key: SlotKey, reason: String, at now: Instant, into output: inout Output) {
        guard let slot = slots[key] else {
            let report = SlotReport(key: key, state: .finished, reason: "it does not run here", at: now)
            send(.slotReport(report), into: &output)
            return
        }
        if slot.end == nil {
            output.actions.append(.stopSlot(key, reason: reason))
        } else {
            tellEnd(of: key, into: &output)
        }
    }

    /// An end is told when all results before it are recorded: the coordinator takes none after it.
    private func tellEnd(of key: SlotKey, into output: inout Output) {
        guard let slot = slots[key], let end = slot.end, slot.results.isEmpty else { return }
        send(.slotReport(end), into: &output)
    }

    mutating func accept(_ orders: [TaskOrder], for key: SlotKey, into output: inout Output) {
        guard let slot = slots[key], slot.end == nil else { return }
        let new = orders.filter { !slot.held.contains($0.attempt) }
        let credits = slot.credits - min(slot.credits, UInt32(new.count))
        slots[key]?.held += new.map(\.attempt)
        slots[key]?.credits = credits
        if !new.isEmpty { output.actions.append(.giveTasks(key, new)) }
        // One that is held crossed our word that it comes back: it is not taken again, and the wish still stands.
        if new.count < orders.count { send(.pullTasks(key, credits: credits), into: &output) }
    }

    mutating func forget(_ attempts: [TaskAttempt], of key: SlotKey, into output: inout Output) {
        guard let slot = slots[key] else { return }
        let recorded = Set(attempts)
        slots[key]?.results.removeAll { recorded.contains($0.attempt) }
        slots[key]?.held.removeAll { recorded.contains($0) }
        output.actions.append(.forgetResults(key, attempts))
        if !slot.results.isEmpty { tellEnd(of: key, into: &output) }
    }

    mutating func forget(_ key: SlotKey, into output: inout Output) {
        guard slots[key]?.end != nil else { return }
        slots[key] = nil
        output.actions.append(.forgetSlot(key))
    }

    /// Stops what the coordinator does not know, and forgets it when it has ended.
    mutating func abandon(_ key: SlotKey, into output: inout Output) {
        guard let slot = slots[key], !slot.isAbandoned else { return }
        slots[key]?.isAbandoned = true
        if slot.end == nil {
            output.actions.append(.stopSlot(key, reason: "the coordinator has no use for it"))
        } else {
            forget(key, into: &output)
        }
    }

    // MARK: What supervisors say

    mutating func note(_ report: SlotReport, at now: Instant, into output: inout Output) {
        let key = report.key
        guard let slot = slots[key], slot.end == nil else { return }
        slots[key]?.state = report.state
        slots[key]?.report = report
        if report.state == .running {
            slots[key]?.hasRun = true
            failedStarts = 0
        }
        if report.state.isEnded {
            // Failed is the job's own fault, and stopped came after the order to stop.
            let couldNotStart =
                report.state == .finished && report.exitCode == nil && !slot.hasRun
                && (slot.state == .assigned || slot.state == .starting)
            if couldNotStart, !slot.isAbandoned { pauseStarts(at: now) }
            slots[key]?.end = report
            slots[key]?.credits = 0
        }
        if slot.isAbandoned {
            if report.state.isEnded { forget(key, into: &output) }
        } else if isOpen {
            if report.state.isEnded {
                tellEnd(of: key, into: &output)
            } else {
                send(.slotReport(report), into: &output)
            }
        }
        pull(into: &output)
    }

    /// Starts that fail together count once.
    private mutating func pauseStarts(at now: Instant) {
        guard startsPausedUntil == nil else { return }
        let doublings = min(failedStarts, 16)
        failedStarts += 1
        startsPausedUntil =
            now + min(limits.startPauseLongest, limits.startPauseFirst * (1 << Int(doublings)))
    }

    mutating func noteWanted(_ credits: UInt32, by key: SlotKey, into output: inout Output) {
        guard let slot = slots[key], slot.end == nil, !slot.isAbandoned else { return }
        slots[key]?.credits = credits
        if isOpen { send(.pullTasks(key, credits: credits), into: &output) }
    }

    mutating func note(_ results: [TaskResult], of key: SlotKey, into output: inout Output) {
        guard let slot = slots[key] else { return }
        guard !slot.isAbandoned else {
            output.actions.append(.forgetResults(key, results.map(\.attempt)))
            return
        }
        let known = Set(slot.results.map(\.attempt))
        let new = results.filter { !known.contains($0.attempt) }
        slots[key]?.results += new
        for result in new where !slot.held.contains(result.attempt) {
            slots[key]?.held.append(result.attempt)
        }
        if isOpen, !new.isEmpty { send(.taskResults(key, new), into: &output) }
    }

    // MARK: Repetition and pull

    /// Says to a new session what was not acknowledged in the one before: results first, then ends.
    ///
    /// Within a session nothing is said twice: the stream loses nothing, and a second "not started" could meet the
    /// same task when it has been given to the slot again.
    mutating func repeatUnacknowledged(into output: inout Output) {
        for key in slots.keys {
            guard let slot = slots[key], !slot.isAbandoned else { continue }
            if !slot.results.isEmpty { send(.taskResults(key, slot.results), into: &output) }
            tellEnd(of: key, into: &output)
        }
    }

    /// Asks for as many slots as may start now: none while something runs here that the coordinator does not count, or
    /// while none can start.
    mutating func pull(into output: inout Output) {
        guard isOpen, shutdown == nil else { return }
        let starting = UInt32(
            slots.values.count { !$0.hasRun && ($0.state == .assigned || $0.state == .starting) })
        let room = min(
            limits.startingSlots - min(limits.startingSlots, starting),
            limits.slots - min(limits.slots, UInt32(slots.count)))
        let hasUncounted = slots.values.contains { $0.isAbandoned && $0.end == nil }
        let credits = hasUncounted || startsPausedUntil != nil ? 0 : room
        guard credits != open.credits else { return }
        open.credits = credits
        send(.pull(credits: credits), into: &output)
    }

    /// Answered at the end of every event, as soon as it is true.
    mutating func noteEmptinessAsked(_ generation: UInt64) {
        open.emptinessAsked = generation
    }

    /// Says that nothing runs here, if that was asked and is true: incarnations that nobody wants any more count
    /// until they have ended.
    mutating func answerEmptiness(into output: inout Output) {
        guard isOpen, let generation = open.emptinessAsked,
            open.assignments >= generation, slots.values.allSatisfy({ $0.end != nil })
        else { return }
        open.emptinessAsked = nil
        send(.empty(generation: generation), into: &output)
    }

    /// What must hold after every event.
    /// - Returns: a sentence for each rule that is broken; empty when all hold.
    package func checkInvariants() -> [String] {
        var faults: [String] = []
        for key in slots.keys {
            guard let slot = slots[key] else { continue }
            if slot.results.contains(where: { !slot.held.contains($0.attempt) }) {
                faults.append("slot \(key) has results of tasks that it does not hold")
            }
            if Set(slot.held).count < slot.held.count {
                faults.append("slot \(key) holds a task twice")
            }
            if slot.end != nil, !slot.state.isEnded || slot.credits > 0 {
                faults.append("slot \(key) has an end, is \(slot.state) and asks for \(slot.credits) tasks")
            }
            if slot.end != nil, slot.isAbandoned {
                faults.append("slot \(key) has ended, nobody waits for it, and it is still kept")
            }
            let incarnations = slots.keys.count { $0.slot == key.slot && !(slots[$0]?.isAbandoned ?? true) }
            if incarnations > 1 { faults.append("slot \(key.slot) has \(incarnations) incarnations") }
        }
        if isOpen {
            if open.sent.count > Self.beatsRemembered {
                faults.append("\(open.sent.count) heartbeats are remembered")
            }
            if let asked = open.emptinessAsked, open.assignments >= asked, runningSlots == 0 {
                faults.append("nothing runs here, and the coordinator waits to hear it")
            }
        }
        return faults
    }
}
