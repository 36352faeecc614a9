import AgentCore
import ClusterTypes
import CoordinatorCore
import ProtocolMessages

// What a machine's slots do: the agent's side of them (start, find again, forget) and the supervisors themselves.
extension World {
    /// A slot without a word from an agent ends after this.
    private static let firstLease: Int64 = 60_000_000
    /// A task that runs longer holds up no other.
    private static let longTask: Int64 = 1_000_000

    // MARK: The agent's side

    func startSlot(_ assignment: Assignment, on host: Host) {
        if let known = host.supervisor(assignment.key) {
            drive(host, .slotChanged(known.report))
            return
        }
        guard !host.endedKeys.contains(assignment.key) else {
            drive(
                host,
                .slotChanged(
                    SlotReport(
                        key: assignment.key, state: .failed,
                        reason: "this assignment of the slot has ended before", at: host.agentTime(now))))
            return
        }
        lastSupervisor += 1
        statistics.slotsStarted += 1
        if assignment.key.generation.number > 1 { statistics.slotsPlacedAgain += 1 }
        let supervisor = Supervisor(number: lastSupervisor, assignment, at: host.agentTime(now))
        host.supervisors.append(supervisor)
        observe(.slotStarted(supervisor, on: host))
        setLease(host.leaseAt ?? now + Self.firstLease, of: supervisor, on: host)
        set(.start, of: supervisor, on: host, at: now + networkDice.spread(2_000, 80_000))
        watchEnd(of: supervisor, on: host)
    }

    /// - Returns: what a new agent's process finds.
    func adoptSlots(of host: Host) -> [RunningSlot] {
        guard options.plant != .forgetSupervisors else { return [] }
        for supervisor in host.supervisors where !supervisor.isAlive && !supervisor.hasRecordedEnd {
            supervisor.results = []
            supervisor.queue = []
            supervisor.running = nil
            recordVanished(supervisor, on: host)
        }
        return host.supervisors.map {
            RunningSlot(
                key: $0.key, state: $0.report.state, tasks: $0.attempts.sorted(),
                hasVanished: $0.report.hasVanished)
        }.sorted { $0.key < $1.key }
    }

    /// After the agent has started: every supervisor says where it stands.
    func tellAdopted(of host: Host) {
        for supervisor in host.supervisors {
            supervisor.saidCredits = nil
            if supervisor.isAlive { drive(host, .slotChanged(supervisor.report)) }
            if !supervisor.results.isEmpty { drive(host, .tasksFinished(supervisor.key, supervisor.results)) }
            if supervisor.isAlive {
                askForTasks(supervisor, on: host)
            } else {
                drive(host, .slotChanged(supervisor.report))
            }
        }
    }

    /// A supervisor that was killed says nothing: whoever is the agent concludes it.
    private func recordVanished(_ supervisor: Supervisor, on host: Host) {
        let hasRun = supervisor.report.state == .running || supervisor.report.state == .stopping
        supervisor.report = SlotReport(
            key: supervisor.key, state: hasRun ? .finished : .failed, reason: "its supervisor vanished",
            at: host.agentTime(now), hasVanished: supervisor.report.state == .running)
        supervisor.hasRecordedEnd = true
    }

    func stopSlot(_ key: SlotKey, reason: String, on host: Host) {
        guard let supervisor = host.supervisor(key) else { return }
        if supervisor.isAlive {
            stop(supervisor, reason: reason, on: host)
        } else {
            drive(host, .slotChanged(supervisor.report))
        }
    }

    func giveTasks(_ attempts: [TaskAttempt], to key: SlotKey, on host: Host) {
        guard let supervisor = host.supervisor(key), supervisor.isAlive else {
            let results = attempts.map { TaskResult(attempt: $0, exitCode: 0, isUnstarted: true) }
            drive(host, .tasksFinished(key, results))
            return
        }
        supervisor.saidCredits = supervisor.saidCredits.map { $0 - min($0, UInt32(attempts.count)) }
        for attempt in attempts where attempt != supervisor.running && !supervisor.queue.contains(attempt) {
            if let known = supervisor.results.firstIndex(where: { $0.attempt == attempt }) {
                // Only what went back unstarted may come again.
                guard supervisor.results[known].isUnstarted else { continue }
                supervisor.results.remove(at: known)
            }
            supervisor.queue.append(attempt)
        }
        if supervisor.stopReason != nil || supervisor.isWarned { return giveBack(supervisor, on: host) }
        if supervisor.running != nil, now - supervisor.runningSince >= Self.longTask {
            return giveBack(supervisor, on: host)
        }
        startNextTask(of: supervisor, on: host)
        askForTasks(supervisor, on: host)
    }

    func forgetResults(_ attempts: [TaskAttempt], of key: SlotKey, on host: Host) {
        guard let supervisor = host.supervisor(key) else { return }
        supervisor.results.removeAll { attempts.contains($0.attempt) }
    }

    func forgetSlot(_ key: SlotKey, on host: Host) {
        guard let supervisor = host.supervisor(key) else { return }
        supervisor.isForgotten = true
        if supervisor.isAlive {
            stop(supervisor, reason: "forgotten", on: host)
        } else {
            remove(supervisor, from: host)
        }
    }

    private func remove(_ supervisor: Supervisor, from host: Host) {
        host.endedKeys.insert(supervisor.key)
        host.supervisors.removeAll { $0 === supervisor }
    }

    // MARK: Leases

    func setLease(remaining: Duration, on host: Host) {
        let shown = remaining.wholeMicroseconds
        let end = now + max(0, shown - shown / 1_000_000 * host.drift)
        host.leaseAt = end
        for supervisor in host.supervisors where supervisor.isAlive {
            setLease(end, of: supervisor, on: host)
        }
    }

    private func setLease(_ end: Int64, of supervisor: Supervisor, on host: Host) {
        guard supervisor.specification.onDisconnect == .stop, options.plant != .ignoreLease else { return }
        let remaining = max(0, end - now)
        let killAt = end - min(1_000_000, remaining / 6)
        supervisor.set(.leaseKill, at: killAt)
        supervisor.set(.leaseStop, at: killAt - min(supervisor.graceMicroseconds, remaining / 3))
        // One occurrence a slot waits in the queue, and finds the lease as it is then.
        guard !supervisor.isLeaseWatched else { return }
        supervisor.isLeaseWatched = true
        watchLease(of: supervisor, on: host)
    }

    /// TERM and KILL at the moments that the lease leaves for them, or at once where they have passed.
    func obeyLease(_ supervisor: Supervisor, on host: Host) {
        if supervisor.isAlive, supervisor.dueAt(.leaseStop) <= now {
            if supervisor.stopReason == nil { statistics.slotsCutOff += 1 }
            stop(supervisor, reason: "lease over", on: host)
        }
        if supervisor.isAlive, supervisor.dueAt(.leaseKill) <= now { kill(supervisor, on: host) }
    }

    private func watchLease(of supervisor: Supervisor, on host: Host) {
        let timer: Supervisor.Timer = supervisor.stopReason == nil ? .leaseStop : .leaseKill
        queue.push(
            .supervisorTimer, at: max(now, supervisor.dueAt(timer)), host: UInt32(host.index),
            subject: supervisor.number, detail: timer.rawValue)
    }

    // MARK: Timers

    private func set(_ timer: Supervisor.Timer, of supervisor: Supervisor, on host: Host, at moment: Int64) {
        supervisor.set(timer, at: moment)
        queue.push(
            .supervisorTimer, at: moment, host: UInt32(host.index), subject: supervisor.number,
            detail: timer.rawValue)
    }

    func runTimer(of host: Host, _ number: UInt64, _ detail: UInt8) {
        guard let supervisor = host.supervisors.first(where: { $0.number == number }), supervisor.isAlive,
            let timer = Supervisor.Timer(rawValue: detail)
        else { return }
        switch timer {
        case .leaseStop, .leaseKill:
            obeyLease(supervisor, on: host)
            if supervisor.isAlive { watchLease(of: supervisor, on: host) }
            return
        case .start, .commandEnds, .longTask, .kill, .endWarns, .endStops: break
        }
        // A machine that stood still comes late to everything: the lease is looked at first.
        obeyLease(supervisor, on: host)
        guard supervisor.isAlive, supervisor.dueAt(timer) <= now else { return }
        supervisor.set(timer, at: .max)
        switch timer {
        case .start: begin(supervisor, on: host)
        case .commandEnds: endCommand(of: supervisor, on: host)
        case .longTask: giveBack(supervisor, on: host)
        case .kill: kill(supervisor, on: host)
        case .endWarns: warn(supervisor, on: host)
        case .endStops: stop(supervisor, reason: "its node's time ends", on: host)
        case .leaseStop, .leaseKill: break
        }
    }

    // MARK: The end of a node's time

    func setEnd(warnAt: Int64, until: Int64, on host: Host) {
        host.end = (warnAt, until)
        for supervisor in host.supervisors where supervisor.isAlive { watchEnd(of: supervisor, on: host) }
    }

    private func watchEnd(of supervisor: Supervisor, on host: Host) {
        guard let end = host.end else { return }
        set(.endWarns, of: supervisor, on: host, at: max(now, end.warnAt))
        set(.endStops, of: supervisor, on: host, at: max(now, end.until - supervisor.graceMicroseconds))
    }

    /// What waits goes back; a slot of tasks ends when it has nothing left to run.
    private func warn(_ supervisor: Supervisor, on host: Host) {
        guard supervisor.stopReason == nil else { return }
        supervisor.isWarned = true
        giveBack(supervisor, on: host)
        if supervisor.kind == .tasks, supervisor.running == nil {
            stop(supervisor, reason: "its node's time ends", on: host)
        }
    }

    // MARK: Life

    private func begin(_ supervisor: Supervisor, on host: Host) {
        if isOn(.commandCannotStart), faultDice.chance(2) {
            end(supervisor, .failed, exitCode: nil, reason: "cannot start", on: host)
            return
        }
        say(.running, of: supervisor, on: host)
        switch supervisor.kind {
        case .tasks: askForTasks(supervisor, on: host)
        case .batch: startCommand(of: supervisor, on: host)
        case .service: supervisor.isCommandRunning = true
        }
    }

    private func startCommand(of supervisor: Supervisor, on host: Host) {
        supervisor.isCommandRunning = true
        statistics.executions += 1
        observe(.executionStarted(nil, of: supervisor, on: host))
        let duration = client.duration(0, of: supervisor, self)
        set(.commandEnds, of: supervisor, on: host, at: now + duration)
    }

    private func startNextTask(of supervisor: Supervisor, on host: Host) {
        guard supervisor.running == nil, supervisor.stopReason == nil, !supervisor.queue.isEmpty else {
            return
        }
        let attempt = supervisor.queue.removeFirst()
        supervisor.running = attempt
        supervisor.runningSince = now
        supervisor.isCommandRunning = true
        statistics.executions += 1
        observe(.executionStarted(attempt, of: supervisor, on: host))
        let duration = client.duration(attempt.index, of: supervisor, self)
        set(.commandEnds, of: supervisor, on: host, at: now + duration)
        // What waits behind a long task goes back.
        supervisor.set(.longTask, at: .max)
        if duration > Self.longTask { set(.longTask, of: supervisor, on: host, at: now + Self.longTask) }
    }

    private func endCommand(of supervisor: Supervisor, on host: Host) {
        guard supervisor.isCommandRunning else { return }
        if client.isPoison(supervisor, self) {
            // What is being stopped by order goes down as it is told.
            if supervisor.stopReason == nil {
                observe(.supervisorCrashed(supervisor.running, of: supervisor, on: host))
            }
            killSupervisor(supervisor, on: host)
            return
        }
        let index = supervisor.running?.index ?? 0
        let attempt = supervisor.running?.attempt ?? UInt32(clamping: supervisor.key.generation.number)
        let exitCode = client.exitCode(index, attempt, of: supervisor, self)
        finishCommand(of: supervisor, exitCode: exitCode, on: host)
    }

    /// - Parameter exitCode: nil for a command that was stopped with its slot: it has no outcome.
    private func finishCommand(of supervisor: Supervisor, exitCode: Int32?, on host: Host) {
        supervisor.isCommandRunning = false
        supervisor.set(.longTask, at: .max)
        if supervisor.kind != .service {
            observe(.executionEnded(supervisor.running, exitCode: exitCode, of: supervisor, on: host))
        }
        switch supervisor.kind {
        case .tasks:
            let running = supervisor.running
            supervisor.running = nil
            if let running, let exitCode {
                tell(
                    [
                        TaskResult(
                            attempt: running, exitCode: exitCode,
                            reason: exitCode == 0 ? "" : "exit code \(exitCode)",
                            startedAt: host.agentTime(supervisor.runningSince),
                            durationMicroseconds: now - supervisor.runningSince)
                    ], of: supervisor, on: host)
            }
            if let reason = supervisor.stopReason ?? (supervisor.isWarned ? "its node's time ends" : nil) {
                giveBack(supervisor, on: host)
                end(supervisor, .finished, exitCode: nil, reason: reason, on: host)
            } else {
                startNextTask(of: supervisor, on: host)
                askForTasks(supervisor, on: host)
            }
        case .batch:
            let state: SlotState = exitCode == nil || exitCode == 0 ? .finished : .failed
            end(supervisor, state, exitCode: exitCode, reason: supervisor.stopReason ?? "", on: host)
        case .service:
            end(supervisor, .finished, exitCode: nil, reason: supervisor.stopReason ?? "", on: host)
        }
    }

    /// TERM; KILL after the grace.
    func stop(_ supervisor: Supervisor, reason: String, on host: Host) {
        guard supervisor.isAlive, supervisor.stopReason == nil else { return }
        supervisor.stopReason = reason
        giveBack(supervisor, on: host)
        guard supervisor.isAlive else { return }
        guard supervisor.isCommandRunning else {
            end(supervisor, .finished, exitCode: nil, reason: reason, on: host)
            return
        }
        say(.stopping, of: supervisor, on: host)
        let ignores = isOn(.commandIgnoresTerm) && faultDice.chance(30)
        let patience = ignores ? supervisor.graceMicroseconds : networkDice.spread(1_000, 200_000)
        set(.kill, of: supervisor, on: host, at: now + min(patience, supervisor.graceMicroseconds))
    }

    private func kill(_ supervisor: Supervisor, on host: Host) {
        supervisor.stopReason = supervisor.stopReason ?? "lease over"
        if supervisor.isCommandRunning {
            finishCommand(of: supervisor, exitCode: nil, on: host)
        } else {
            end(supervisor, .finished, exitCode: nil, reason: supervisor.stopReason ?? "", on: host)
        }
    }

    private func end(
        _ supervisor: Supervisor, _ state: SlotState, exitCode: Int32?, reason: String, on host: Host
    ) {
        guard supervisor.isAlive else { return }
        supervisor.isAlive = false
        supervisor.hasRecordedEnd = true
        supervisor.cancelTimers()
        observe(.slotEnded(supervisor, on: host))
        supervisor.report = SlotReport(
            key: supervisor.key, state: state, exitCode: exitCode, reason: reason, at: host.agentTime(now))
        drive(host, .slotChanged(supervisor.report))
        if supervisor.isForgotten { remove(supervisor, from: host) }
    }

    /// Killed with its command; nothing is written down.
    func killSupervisor(_ supervisor: Supervisor, on host: Host) {
        guard supervisor.isAlive else { return }
        if supervisor.isCommandRunning, supervisor.kind != .service {
            observe(.executionEnded(supervisor.running, exitCode: nil, of: supervisor, on: host))
        }
        supervisor.isAlive = false
        supervisor.isCommandRunning = false
        supervisor.cancelTimers()
        observe(.slotEnded(supervisor, on: host))
        guard host.agent != nil else { return }
        recordVanished(supervisor, on: host)
        drive(host, .slotChanged(supervisor.report))
        if supervisor.isForgotten { remove(supervisor, from: host) }
    }

    // MARK: What supervisors say

    private func say(_ state: SlotState, of supervisor: Supervisor, on host: Host) {
        supervisor.report = SlotReport(key: supervisor.key, state: state, at: host.agentTime(now))
        drive(host, .slotChanged(supervisor.report))
    }

    private func tell(_ results: [TaskResult], of supervisor: Supervisor, on host: Host) {
        supervisor.results += results
        drive(host, .tasksFinished(supervisor.key, results))
    }

    private func giveBack(_ supervisor: Supervisor, on host: Host) {
        guard !supervisor.queue.isEmpty else { return }
        let results = supervisor.queue.map { TaskResult(attempt: $0, exitCode: 0, isUnstarted: true) }
        supervisor.queue = []
        tell(results, of: supervisor, on: host)
    }

    /// So many more that the slot is busy for half a second; none while a long task runs.
    private func askForTasks(_ supervisor: Supervisor, on host: Host) {
        guard supervisor.kind == .tasks, supervisor.isAlive, supervisor.stopReason == nil,
            !supervisor.isWarned,
            supervisor.report.state == .running
        else { return }
        let target = client.tasksAhead(of: supervisor)
        let room = target == 0 ? (supervisor.running == nil && supervisor.queue.isEmpty ? 1 : 0) : target
        let credits = UInt32(max(0, room - supervisor.queue.count))
        if let said = supervisor.saidCredits, said == credits || (said > credits && credits > 0) { return }
        if let said = supervisor.saidCredits, target > 4, credits > said, Int(said) * 4 > target { return }
        supervisor.saidCredits = credits
        drive(host, .tasksWanted(supervisor.key, credits: credits))
    }
}
