import ClusterTypes
import ProtocolGenerated
import ProtocolMessages

extension AgentMessage {
    /// As in the schema.
    var name: String {
        switch self {
        case .hello: "hello"
        case .heartbeat: "heartbeat"
        case .pull: "pull"
        case .slotReport: "slot_report"
        case .pullTasks: "pull_tasks"
        case .taskResults: "task_results"
        case .hardware: "hardware"
        case .logChunk: "log_chunk"
        case .renewCertificate: "renew_certificate"
        case .leaving: "leaving"
        case .empty: "empty"
        case .lifetime: "lifetime"
        }
    }

    /// Entries that the other side bounds by `tasksPerBatch`.
    var batchCount: Int {
        if case .taskResults(_, let results) = self { results.count } else { 0 }
    }

    /// The same in two messages; nil for what cannot be divided.
    var halves: (AgentMessage, AgentMessage)? {
        guard case .taskResults(let key, let results) = self, results.count > 1 else { return nil }
        let middle = results.count / 2
        return (
            .taskResults(key, Array(results[..<middle])), .taskResults(key, Array(results[middle...]))
        )
    }

    init(wire: WireAgentEnvelope, beats: inout BeatReceiver) throws(ProtocolError) {
        switch wire.message {
        case .hello(let hello): self = .hello(try Hello(wire: hello))
        case .heartbeat(let heartbeat): self = .heartbeat(try Heartbeat(wire: heartbeat))
        case .beat(let beat): self = .heartbeat(try beats.heartbeat(beat))
        case .pull(let pull): self = .pull(credits: pull.credits)
        case .slotReport(let report): self = .slotReport(try SlotReport(wire: report))
        case .pullTasks(let pull):
            let key = try SlotKey(wire: pull.key, isPresent: pull.hasKey, "pull_tasks.key")
            self = .pullTasks(key, credits: pull.credits)
        case .taskResults(let batch):
            let key = try SlotKey(wire: batch.key, isPresent: batch.hasKey, "task_results.key")
            self = .taskResults(key, try batch.results.map(TaskResult.init(wire:)))
        case .hardware(let update):
            try Check.present(update.hasReport, "hardware.report")
            self = .hardware(try HardwareReport(wire: update.report), request: update.request)
        case .logChunk(let chunk): self = .logChunk(try LogChunk(wire: chunk))
        case .renewCertificate(let renewal):
            let request = try Check.bytes(
                renewal.bytes, "renew_certificate.certificate_request", limitBytes: ProtocolLimits.textBytes)
            self = .renewCertificate(certificateRequest: request)
        case .leaving(let leaving):
            self = .leaving(reason: try Check.reason(leaving.reason, "leaving.reason"))
        case .empty(let empty): self = .empty(generation: empty.generation)
        case .lifetime(let lifetime): self = .lifetime(try Lifetime(wire: lifetime, "lifetime"))
        case nil:
            throw ProtocolError(
                .unknownMessage,
                "the agent's envelope has no message that protocol \(ProtocolVersion.current) knows")
        }
    }
}

extension WireAgentEnvelope {
    init(_ message: AgentMessage) {
        self.init()
        switch message {
        case .hello(let value): hello = value.wire
        case .heartbeat(let value): beat = WireBeat(whole: BeatValues(value), sequence: value.sequence)
        case .pull(let credits): pull.credits = credits
        case .slotReport(let value): slotReport = value.wire
        case .pullTasks(let key, let credits):
            var pull = WirePullTasks()
            pull.key = key.wire
            pull.credits = credits
            pullTasks = pull
        case .taskResults(let key, let results):
            var batch = WireTaskResults()
            batch.key = key.wire
            batch.results = results.map(\.wire)
            taskResults = batch
        case .hardware(let report, let request):
            var update = WireHardwareUpdate()
            update.report = report.wire
            update.request = request
            hardware = update
        case .logChunk(let chunk): logChunk = chunk.wire
        case .renewCertificate(let request): renewCertificate.bytes = request
        case .leaving(let reason): leaving.reason = reason.cutReason
        case .empty(let generation): empty.generation = generation
        case .lifetime(let value): lifetime = value.wire
        }
    }
}

extension Hello {
    init(wire: WireHello) throws(ProtocolError) {
        try Check.present(wire.hasHardware, "hello.hardware")
        self.init(
            version: try ProtocolVersion(wire: wire.version, isPresent: wire.hasVersion, "hello.version"),
            build: try Check.word(wire.build, "hello.build"),
            cluster: try Check.name(wire.cluster, "hello.cluster"),
            nodeName: try Check.name(wire.nodeName, "hello.node_name"),
            instance: wire.instance,
            bootID: try Check.word(wire.bootID, "hello.boot_id"),
            labels: try wire.labels.map { (label) throws(ProtocolError) in
                try Label(wire: label, "hello.labels")
            },
            slots: try wire.slots.map(RunningSlot.init(wire:)),
            hardware: try HardwareReport(wire: wire.hardware),
            lifetime: wire.hasLifetime ? try Lifetime(wire: wire.lifetime, "hello.lifetime") : nil,
            beatDictionaries: wire.beatDictionaries)
        guard Set(labels.map(\.key)).count == labels.count else {
            throw Check.invalid("hello.labels", "a key stands twice")
        }
    }

    var wire: WireHello {
        var wire = WireHello()
        wire.version = version.wire
        wire.build = build
        wire.cluster = cluster
        wire.nodeName = nodeName
        wire.instance = instance
        wire.bootID = bootID
        wire.labels = labels.map(\.wire)
        wire.slots = slots.map(\.wire)
        wire.hardware = hardware.wire
        if let lifetime { wire.lifetime = lifetime.wire }
        wire.beatDictionaries = beatDictionaries
        return wire
    }
}

extension Lifetime {
    init(wire: WireLifetime, _ field: String) throws(ProtocolError) {
        self.init(
            remainingMilliseconds: try Check.optionalRange(
                wire.hasRemainingMilliseconds ? wire.remainingMilliseconds : nil,
                0...ProtocolLimits.lifetimeMilliseconds, "\(field).remaining_milliseconds"),
            isEnding: wire.isEnding)
    }

    var wire: WireLifetime {
        var wire = WireLifetime()
        if let remainingMilliseconds {
            wire.remainingMilliseconds = min(remainingMilliseconds, ProtocolLimits.lifetimeMilliseconds)
        }
        wire.isEnding = isEnding
        return wire
    }
}

extension RunningSlot {
    init(wire: WireRunningSlot) throws(ProtocolError) {
        let state = try SlotState(wire: wire.state, "hello.slots.state")
        guard state != .pending, state != .lost else {
            throw Check.invalid(
                "hello.slots.state", "is \(state.rawValue), which no node can say of its slot")
        }
        self.init(
            key: try SlotKey(wire: wire.key, isPresent: wire.hasKey, "hello.slots.key"), state: state,
            tasks: try wire.tasks.map { (attempt) throws(ProtocolError) in
                try TaskAttempt(wire: attempt, "hello.slots.tasks")
            }, hasVanished: wire.vanished)
    }

    var wire: WireRunningSlot {
        var wire = WireRunningSlot()
        wire.key = key.wire
        wire.state = state.wire
        wire.tasks = tasks.map(\.wire)
        wire.vanished = hasVanished
        return wire
    }
}

extension SlotReport {
    init(wire: WireSlotReport) throws(ProtocolError) {
        let state = try SlotState(wire: wire.state, "slot_report.state")
        switch state {
        case .starting, .running, .stopping, .finished, .failed: break
        case .pending, .assigned, .lost:
            throw Check.invalid("slot_report.state", "is \(state.rawValue), which no node can report")
        }
        self.init(
            key: try SlotKey(wire: wire.key, isPresent: wire.hasKey, "slot_report.key"), state: state,
            exitCode: try Check.optionalRange(
                wire.hasExitCode ? wire.exitCode : nil, 0...255, "slot_report.exit_code"),
            reason: try Check.reason(wire.reason, "slot_report.reason"),
            at: try Check.instant(microseconds: wire.atMicroseconds, "slot_report.at_microseconds"),
            hasVanished: wire.vanished)
    }

    var wire: WireSlotReport {
        var wire = WireSlotReport()
        wire.key = key.wire
        wire.state = state.wire
        if let exitCode { wire.exitCode = exitCode }
        wire.reason = reason.cutReason
        wire.atMicroseconds = at.microseconds
        wire.vanished = hasVanished
        return wire
    }
}

extension TaskResult {
    init(wire: WireTaskResult) throws(ProtocolError) {
        self.init(
            attempt: try TaskAttempt(
                index: wire.index, attempt: wire.attempt, "task_results.results.attempt"),
            exitCode: try Check.range(wire.exitCode, 0...255, "task_results.results.exit_code"),
            reason: try Check.reason(wire.reason, "task_results.results.reason"),
            startedAt: try Check.instant(
                microseconds: wire.startedAtMicroseconds, "task_results.results.started_at_microseconds"),
            durationMicroseconds: try Check.range(
                wire.durationMicroseconds, 0...ProtocolLimits.latestMicroseconds,
                "task_results.results.duration_microseconds"),
            isUnstarted: wire.isUnstarted)
    }

    var wire: WireTaskResult {
        var wire = WireTaskResult()
        wire.index = attempt.index
        wire.attempt = attempt.attempt
        // What never ran has no exit code, whatever stands here.
        wire.exitCode = isUnstarted ? 0 : exitCode
        wire.reason = reason.cutReason
        wire.startedAtMicroseconds = startedAt.microseconds
        wire.durationMicroseconds = durationMicroseconds
        wire.isUnstarted = isUnstarted
        return wire
    }
}

extension LogChunk {
    init(wire: WireLogChunk) throws(ProtocolError) {
        self.init(
            request: wire.request,
            bytes: try Check.bytes(wire.bytes, "log_chunk.data", limitBytes: ProtocolLimits.logChunkBytes),
            isEnd: wire.isEnd,
            error: try Check.optionalReason(wire.hasError ? wire.error : nil, "log_chunk.error"))
    }

    var wire: WireLogChunk {
        var wire = WireLogChunk()
        wire.request = request
        wire.bytes = bytes
        wire.isEnd = isEnd
        if let error { wire.error = error.cutReason }
        return wire
    }
}
