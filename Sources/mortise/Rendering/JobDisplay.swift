import APITypes
import ClusterTypes
import JobFile
import Terminal

/// A row of `job list`, or all of `job show`.
struct JobDisplay: ListDisplayable, DetailDisplayable {
    let view: JobView
    let now: Instant

    static let columns = [
        Table.Column("job", .right), Table.Column("name", isElastic: true),
        Table.Column("app", isElastic: true), Table.Column("kind"), Table.Column("state"),
        Table.Column("done", .right), Table.Column("running", .right), Table.Column("failed", .right),
        Table.Column("total", .right), Table.Column("age", .right), Table.Column("reason", isElastic: true),
    ]

    var cells: [Cell] {
        let tasks = view.tasks
        return [
            Cell("\(view.job)"), Cell(view.name), Cell(view.app), Cell(view.kind.rawValue),
            Cell(view.state.rawValue, view.state.style), Cell("\(tasks.succeeded)"), Cell("\(tasks.running)"),
            Cell("\(tasks.failed)", tasks.failed > 0 ? .bad : .plain),
            Cell("\(tasks.total)\(view.isOpen ? "+" : "")"),
            Cell(Timestamp.age(view.submittedAt, now: now)), Cell(optional: view.reason),
        ]
    }

    var quietText: String { "\(view.job)" }

    var details: [(name: String, value: Cell)] {
        let tasks = view.tasks
        var details: [(name: String, value: Cell)] = [
            ("job", Cell("\(view.job)")), ("name", Cell(view.name)), ("app", Cell(view.app)),
            ("kind", Cell(view.kind.rawValue)), ("state", Cell(view.state.rawValue, view.state.style)),
            ("reason", Cell(optional: view.reason)),
            (
                view.kind == .tasks ? "tasks" : "slots",
                Cell(
                    "\(tasks.total) in all\(view.isOpen ? " (open: more may be appended)" : ""), "
                        + "\(tasks.succeeded) succeeded, \(tasks.running) running, \(tasks.ready) ready, "
                        + "\(tasks.failed) failed, \(tasks.canceled) canceled, \(tasks.retried) tried again")
            ),
            ("priority", Cell("\(view.priority)")), ("submitter", Cell(optional: view.submitter)),
            ("submitted", Cell(Timestamp.dated(view.submittedAt, now: now))),
        ]
        if let endedAt = view.endedAt { details.append(("ended", Cell(Timestamp.dated(endedAt, now: now)))) }
        if let specification = view.specification {
            details += SpecificationDisplay(specification: specification).details
        }
        return details
    }
}

/// What was asked for, in the words of the job file.
struct SpecificationDisplay: DetailDisplayable {
    let specification: JobSpecification

    var quietText: String { specification.job }

    var details: [(name: String, value: Cell)] {
        var details: [(name: String, value: Cell)] = []
        switch specification.command {
        case .argv(let words): details.append(("command", Cell(words.map(quoted).joined(separator: " "))))
        case .script(let text): details.append(("script", Cell(text)))
        }
        if !specification.environment.isEmpty {
            details.append(("env", Cell(specification.environment.joined(separator: ", "))))
        }
        details.append(("directory", Cell(specification.directory ?? "a fresh one for each slot")))
        details.append(("resources", Cell(specification.resources.text)))
        let placement = specification.placement
        if !placement.alternatives.isEmpty {
            details.append(
                ("alternatives", Cell(placement.alternatives.map(\.text).joined(separator: "; or "))))
        }
        if !specification.constraints.isEmpty {
            details.append(("constraints", Cell(text(of: specification.constraints))))
        }
        if !placement.preferences.isEmpty {
            details.append(("prefer", Cell(text(of: placement.preferences))))
        }
        details.append(("slots", Cell(slots)))
        details += placementDetails
        if let array = specification.array { details.append(("array", Cell(array.text))) }
        details.append(("timeout", Cell(specification.timeoutSeconds.map(seconds) ?? "none")))
        details.append(("retries", Cell(specification.retries.text)))
        details.append(("on_disconnect", Cell(specification.onDisconnect.rawValue)))
        details.append(("on_lost", Cell(specification.onLost.rawValue)))
        details.append(("stop_grace", Cell(seconds(specification.stopGraceSeconds))))
        if let timeRequest = specification.timeRequestSeconds {
            details.append(("time_request", Cell(seconds(timeRequest))))
        }
        if let signal = specification.warningSignal { details.append(("warn_signal", Cell(signal.rawValue))) }
        if specification.bindsProcessors { details.append(("bind_cpus", Cell("true"))) }
        if let admission = specification.admission {
            details.append(("admission", Cell(text(of: admission))))
        }
        details.append(("output_limit", Cell(HumanUnits.bytes(specification.outputLimitBytes))))
        let crashes = specification.crashLimit
        details.append(("crash_limit", Cell(crashes == 0 ? "none" : "\(crashes)")))
        return details
    }

    /// Those rules that were given.
    private var placementDetails: [(name: String, value: Cell)] {
        let placement = specification.placement
        var details: [(name: String, value: Cell)] = []
        if let spread = placement.spread { details.append(("spread", Cell(spread))) }
        if let gang = placement.gang {
            details.append(
                ("gang", Cell("port \(gang.port), all start within \(seconds(gang.startSeconds))")))
        }
        if let name = placement.virtualCluster { details.append(("virtual_cluster", Cell(name))) }
        if let name = placement.priorityClass { details.append(("priority_class", Cell(name))) }
        if placement.isPreemptible { details.append(("preemptible", Cell("true"))) }
        if let rate = placement.startsPerMinute { details.append(("start_rate", Cell("\(rate)/min"))) }
        return details
    }

    private func text(of admission: Admission) -> String {
        let conditions =
            admission.freeSpace.map { "\(HumanUnits.bytes($0.bytes)) free at \($0.path)" }
            + admission.directoryQuota.map { "\($0.path) below \(HumanUnits.bytes($0.bytes))" }
            + (admission.check.map { ["'\($0)'"] } ?? [])
        return conditions.joined(separator: ", ") + "; looked at every \(seconds(admission.intervalSeconds))"
    }

    private func text(of constraints: [Constraint]) -> String {
        constraints.map(\.description).joined(separator: ", ")
    }

    private var slots: String {
        let slots = specification.slots
        let perNode = specification.placement.slotsPerNode.map { ", at most \($0) on a node" } ?? ""
        if slots.minimum == slots.maximum { return "\(slots.minimum)\(perNode)" }
        return slots.maximum >= SlotCount.asManyAsFit
            ? "\(slots.minimum) to as many as fit\(perNode)"
            : "\(slots.minimum) to \(slots.maximum)\(perNode)"
    }

    private func seconds(_ count: UInt32) -> String { HumanUnits.duration(.seconds(Int64(count))) }

    /// As it could be typed into a shell.
    private func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy {
            ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x41 && $0 <= 0x5A) || ($0 >= 0x61 && $0 <= 0x7A)
                || "_-./:=,+@%{}".utf8.contains($0)
        }
        if isPlain, !word.isEmpty { return word }
        return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
            + "'"
    }
}

extension ResourceRequest {
    /// `1.5 cpus, 2 GiB memory, 2 license.matlab, 2 gpus of 0.25 (A100, at least 10 GiB)`.
    var text: String {
        var parts = [
            "\(HumanUnits.thousandths(resources.milliCPU)) \(resources.milliCPU == 1_000 ? "cpu" : "cpus")"
        ]
        if resources.memoryBytes > 0 { parts.append("\(HumanUnits.bytes(resources.memoryBytes)) memory") }
        if resources.diskBytes > 0 { parts.append("\(HumanUnits.bytes(resources.diskBytes)) disk") }
        parts += counted.map { "\($0.count) \($0.name)" }
        if let devices {
            var text = HumanUnits.count(devices.count, devices.type.rawValue)
            if let bytes = devices.memoryShareBytes {
                text = "\(HumanUnits.bytes(bytes)) of \(text)"
            } else if devices.shares < wholeDeviceShares {
                text = "\(HumanUnits.thousandths(Int64(devices.shares))) of \(text)"
            }
            let memory = devices.memoryBytes > 0 ? "at least \(HumanUnits.bytes(devices.memoryBytes))" : nil
            let wishes = [devices.model, memory].compactMap { $0 }
            parts.append(wishes.isEmpty ? text : "\(text) (\(wishes.joined(separator: ", ")))")
        }
        return parts.joined(separator: ", ")
    }
}

extension JobState {
    var style: CellStyle {
        switch self {
        case .running: .plain
        case .paused: .warning
        case .finished: .good
        case .failed: .bad
        case .canceled: .faint
        }
    }
}
