import ClusterTypes
import Platform
import ProtocolMessages

// Starting commands, and what follows their end.
extension SupervisorProcess {
    static let backOffLimitSeconds: Int64 = 60
    /// A service that ran so long is started again at once, as if for the first time.
    static let steadyMicroseconds: Int64 = 60_000_000
    /// How long killed processes may take to be gone.
    static let sweepMicroseconds: Int64 = 5_000_000

    func begin() {
        if kind == .tasks {
            ledger.isClosed = plan.admission != nil
            say(.running, reason: limitNote)
        }
        proceed()
    }

    /// Starts what may begin now.
    func proceed() {
        guard isAdmitted() else { return }
        if kind == .tasks { startTasks() } else { startSlotCommand() }
    }

    /// The command of a batch or service slot.
    private func startSlotCommand() {
        do throws(CommandFailure) {
            command = try launch(nil)
            say(.running, reason: limitNote)
        } catch {
            if error.isShortage {
                // Placed again, which is no failure of its job.
                end(.finished, exitCode: nil, reason: error.message)
            } else {
                end(.failed, exitCode: error.exitCode, reason: error.message)
            }
        }
    }

    /// Starts the next task where none runs; those that cannot start fail at once, but where the machine is short of
    /// something: the slot ends, and they go back.
    func startTasks() {
        while command == nil, stopping == nil, ending == nil, ledger.queuedCount > 0, isAdmitted(),
            let order = ledger.startNext(at: SteadyClock.sinceBoot())
        {
            do throws(CommandFailure) {
                command = try launch(order)
            } catch  where error.isShortage {
                let result = TaskResult(attempt: order.attempt, exitCode: 0, isUnstarted: true)
                ledger.finish(result, at: SteadyClock.sinceBoot())
                end(.finished, exitCode: nil, reason: error.message)
            } catch {
                let result = TaskResult(
                    attempt: order.attempt, exitCode: error.exitCode, reason: error.message,
                    startedAt: Instant(microseconds: SteadyClock.now()))
                ledger.finish(result, at: SteadyClock.sinceBoot())
            }
        }
    }

    private func launch(_ order: TaskOrder?) throws(CommandFailure) -> RunningCommand {
        try launch(plan.prepare(order), order)
    }

    /// - Parameter isLook: at the job's conditions.
    func launch(
        _ prepared: CommandPlan.Prepared, _ order: TaskOrder? = nil, isLook: Bool = false
    ) throws(CommandFailure) -> RunningCommand {
        let output = try orFailure(prepared.path) { () throws(SystemError) in try Pipe() }
        let error = try orFailure(prepared.path) { () throws(SystemError) in try Pipe() }
        var streams = Program.Streams(
            input: nullDevice.number, output: output.writer.number, error: error.writer.number)
        let process: Int32
        if let payload = order?.payload {
            let input = try orFailure(prepared.path) { () throws(SystemError) in
                try Descriptor.memoryFile(payload.utf8)
            }
            streams.input = input.number
            process = try spawn(prepared, streams)
        } else {
            process = try spawn(prepared, streams)
        }
        let task = order?.attempt
        return RunningCommand(
            process: process, task: task, isLook: isLook,
            output: OutputCapture(
                reader: output.takeReader(), log: isLook ? nil : log(task, .stdout), keepsTail: false),
            error: OutputCapture(
                reader: error.takeReader(), log: isLook ? nil : log(task, .stderr), keepsTail: true),
            timeoutAt: (isLook ? AdmissionScript.limitSeconds : timeoutSeconds).map {
                SteadyClock.sinceBoot() + Int64($0) * 1_000_000
            })
    }

    private func orFailure<Resource: ~Copyable>(
        _ path: String, _ make: () throws(SystemError) -> Resource
    ) throws(CommandFailure) -> Resource {
        do throws(SystemError) {
            return try make()
        } catch {
            throw CommandFailure(
                exitCode: CommandFailure.notExecutable, message: "cannot start '\(path)': \(error)",
                isShortage: error.isShortage)
        }
    }

    private func spawn(
        _ prepared: CommandPlan.Prepared, _ streams: Program.Streams
    ) throws(CommandFailure) -> Int32 {
        do throws(Program.Failure) {
            return try Program.start(
                prepared.path, arguments: prepared.arguments, environment: prepared.environment,
                folder: plan.folder, streams: streams, controlGroup: controlGroup?.descriptor)
        } catch {
            if error.stage == .controlGroup {
                // Made but not to be entered: go on without, and say so.
                Supervisor.log("memory and CPU limits are not enforced: \(error.text)")
                controlGroup?.remove()
                controlGroup = nil
                limitNote = "memory and CPU limits not enforced: \(error.text)"
                return try spawn(prepared, streams)
            }
            plan.forgetPath()
            throw plan.failure(error, path: prepared.path)
        }
    }

    private func log(_ task: TaskAttempt?, _ stream: LogStream) -> OutputLog {
        if task == nil { return stream == .stdout ? slotOutput : slotError }
        return OutputLog(task: task, stream: stream, limitBytes: outputLimitBytes)
    }

    /// Reaps what has ended; once nothing of the command is left, goes on to what follows.
    func collectChildren() {
        while true {
            switch Children.peek() {
            case .ended(let process, let exit):
                if let command, process == command.process {
                    // Before it is reaped, while the group's number cannot belong to anybody else.
                    Children.signalGroup(process, SignalNumber.kill)
                    command.exit = exit
                }
                Children.reap(process)
            case .allRunning:
                guard let command, command.exit != nil else { return }
                sweep(command)
                return
            case .noChildren:
                if let command, command.exit != nil { finish(command) }
                return
            }
        }
    }

    /// A command's processes end with it: whatever it left behind is killed, then waited for.
    private func sweep(_ command: RunningCommand) {
        let now = SteadyClock.sinceBoot()
        if let until = command.sweepUntil {
            if now >= until {
                if canSweep {
                    Supervisor.log("processes of the command do not end although they were killed")
                }
                canSweep = false
                finish(command)
                return
            }
        } else {
            command.sweepUntil = now + (canSweep ? Self.sweepMicroseconds : 50_000)
        }
        command.sweep()
    }

    private func finish(_ ended: RunningCommand) {
        command = nil
        ended.output.drain(using: &buffer)
        ended.error.drain(using: &buffer)
        if ended.isLook {
            finishLook(ended)
            return
        }
        for log in [ended.output.log, ended.error.log].compactMap({ $0 }) {
            if let failure = log.failure {
                Supervisor.log("output was lost: \(failure)")
                log.close()
            }
        }
        switch kind {
        case .tasks: finishTask(ended)
        case .batch: finishBatch(ended)
        case .service: finishService(ended)
        }
    }

    private func finishTask(_ ended: RunningCommand) {
        let now = SteadyClock.sinceBoot()
        keepLogs(of: ended)
        if let attempt = ended.task {
            var result: TaskResult?
            // A task that was stopped with its slot has no outcome of its own.
            if stopping == nil || ended.exit == .code(0) {
                result = TaskResult(
                    attempt: attempt, exitCode: ended.exitCode, reason: reason(of: ended),
                    startedAt: ended.startedAt, durationMicroseconds: max(0, now - ended.startedSinceBoot))
            }
            ledger.finish(result, at: now)
        }
        if let stopping {
            end(after: stopping)
        } else if isWarned {
            stop(Stop(reason: Self.timeEnds))
        } else {
            startTasks()
        }
    }

    private func keepLogs(of ended: RunningCommand) {
        for log in [ended.output.log, ended.error.log].compactMap({ $0 }) where log.keptBytes > 0 {
            for old in logKeeper.add(path: log.path, bytes: log.keptBytes) {
                Files.remove(old)
                Files.remove(SlotFiles.older(old))
                if !hasPruned {
                    hasPruned = true
                    try? AtomicFile.write([], to: files.pruned, isDurable: false)
                }
            }
        }
    }

    private func reason(of ended: RunningCommand) -> String {
        var note: String?
        if let controlGroup, ended.exitCode != 0 {
            let kills = controlGroup.outOfMemoryKills
            if kills > outOfMemoryKills {
                outOfMemoryKills = kills
                note = "out of memory: the slot has \(controlGroup.memoryLimitBytes ?? 0) bytes"
            }
        }
        return ended.reason(timeoutSeconds: timeoutSeconds, note: note)
    }

    private func finishBatch(_ ended: RunningCommand) {
        if let stopping, ended.exit != .code(0) {
            end(after: stopping)
        } else {
            let code = ended.exitCode
            end(code == 0 ? .finished : .failed, exitCode: code, reason: reason(of: ended))
        }
    }

    private func finishService(_ ended: RunningCommand) {
        if let stopping {
            end(after: stopping)
            return
        }
        let now = SteadyClock.sinceBoot()
        if now - ended.startedSinceBoot >= Self.steadyMicroseconds { backOffSeconds = 1 }
        restartAt = now + backOffSeconds * 1_000_000
        let cause = ended.exitCode == 0 ? "ended with exit code 0" : reason(of: ended)
        say(
            .starting, exitCode: ended.exitCode,
            reason: "starts again in \(backOffSeconds) s, after: \(cause)")
        backOffSeconds = min(Self.backOffLimitSeconds, backOffSeconds * 2)
    }
}

// The end of the slot.
extension SupervisorProcess {
    /// Told again it does nothing, but that an earlier `killAt` counts.
    func stop(_ stop: Stop, killAt: Int64? = nil) {
        guard ending == nil else { return }
        let now = SteadyClock.sinceBoot()
        if stopping == nil {
            stopping = stop
            restartAt = nil
            ledger.giveBack(at: now)
            say(.stopping, reason: stop.reason)
        }
        if let command {
            command.terminate(killAt: killAt ?? now + stopGraceMicroseconds)
        } else {
            end(after: stop)
        }
    }

    /// Without an exit code: it has no outcome of its own, and the job's rules for lost work are to decide.
    private func end(after stop: Stop) {
        end(.finished, exitCode: nil, reason: stop.reason)
    }

    private func end(_ state: SlotState, exitCode: Int32?, reason: String) {
        let now = SteadyClock.sinceBoot()
        ledger.giveBack(at: now)
        ending = Ending(leaveAt: now + Self.farewellMicroseconds)
        if kind == .tasks { queueResults() }
        say(state, exitCode: exitCode, reason: reason)
        recordEnd(at: now)
    }

    /// Writes the end down for an agent that comes later; on a full disk tries again until it can.
    func recordEnd(at now: Int64) {
        let logBytes = Int64(slotOutput.keptBytes + slotError.keptBytes + logKeeper.totalBytes)
        let end = SlotEnd(report: report, logBytes: logBytes, results: ledger.unacknowledgedResults)
        do {
            try end.write(to: files, codec: codec)
            ending?.isRecorded = true
            ending?.recordAgainAt = nil
        } catch {
            Supervisor.log("the slot's end could not be recorded: \(error)")
            // Without its folder nobody will ever look for it.
            ending?.isRecorded = (error as? SystemError)?.isNobodyThere == true
            ending?.recordAgainAt = now + 1_000_000
        }
    }
}
