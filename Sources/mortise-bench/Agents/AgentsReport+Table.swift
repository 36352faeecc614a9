import Terminal

extension AgentsReport {
    /// For people: a line a figure.
    func table(for device: TerminalDevice) -> String {
        let rows =
            connectingRows + coordinatorRows + beatRows + trafficRows + generatorRows + workRows + trialRows
        return Table(
            columns: [Table.Column("what"), Table.Column("value", isElastic: true)],
            rows: rows.map { [Cell($0.0), Cell($0.1)] }, hasHeading: false
        ).rendered(for: device)
    }

    private typealias Row = (String, String)

    private var connectingRows: [Row] {
        var rows: [Row] = [("agents", "\(agents), \(devices) devices each")]
        if let identitySeconds { rows.append(("identities ready", "\(text(identitySeconds)) s")) }
        if let connecting {
            rows.append(("all connected after", "\(text(connecting.seconds)) s"))
            if let cost = connecting.coordinatorMillisecondsPerAgent {
                rows.append(("coordinator CPU to connect one", "\(text(cost)) ms"))
            }
            rows += reasons("failed dialings", connecting.failures)
        }
        return rows
    }

    private var coordinatorRows: [Row] {
        guard let coordinator else { return [] }
        var rows: [Row] = [("coordinator CPU", "\(text(coordinator.cores, digits: 4)) cores")]
        if let resident = coordinator.residentBytesPerAgent,
            let anonymous = coordinator.anonymousBytesPerAgent
        {
            rows.append(
                (
                    "coordinator memory an agent",
                    "\(kilobytes(resident)) resident, \(kilobytes(anonymous)) anonymous"
                ))
        }
        rows.append(
            (
                "coordinator memory in all",
                "\(megabytes(coordinator.memoryAfter.resident)) resident, "
                    + "\(megabytes(coordinator.memoryAfter.proportional)) proportional, "
                    + "\(megabytes(coordinator.memoryAfter.anonymous)) anonymous"
            ))
        return rows
    }

    private var beatRows: [Row] {
        guard let beats, let windowSeconds else { return [] }
        var rows: [Row] = [
            ("measured for", "\(text(windowSeconds)) s"),
            (
                "beats",
                "\(beats.sent) sent, \(text(beats.withinSecondPercent, digits: 3)) % within 1 s, "
                    + "\(beats.unanswered) unanswered"
            ),
        ]
        if let lag = beats.lagMilliseconds { rows.append(("beat lag", line(lag))) }
        if let suspects { rows.append(("suspect meanwhile", number(suspects))) }
        return rows + reasons("connections lost", disconnects ?? [:])
    }

    private var trafficRows: [Row] {
        traffic.map {
            [
                (
                    "bytes an agent and minute",
                    "\(Int($0.sentBytesPerMinute)) to the coordinator, \(Int($0.receivedBytesPerMinute)) back"
                )
            ]
        } ?? []
    }

    private var generatorRows: [Row] {
        guard let generator else { return [] }
        var rows: [Row] = [
            (
                "this process",
                "\(text(generator.cores)) cores, \(megabytes(generator.memory.resident)) resident"
            )
        ]
        if let delay = generator.delayMilliseconds { rows.append(("its own delay", line(delay))) }
        return rows
    }

    private var workRows: [Row] {
        var rows: [Row] = []
        if let tasks {
            rows.append(("tasks finished", "\(tasks.finished), \(text(tasks.perSecond)) a second"))
            if let lag = tasks.acknowledgementMilliseconds {
                rows.append(("results acknowledged after", line(lag)))
            }
        }
        if let commits {
            rows.append(
                (
                    "commits",
                    "\(commits.count); p50 \(text(commits.p50)) p99 \(text(commits.p99)) p99.9 \(text(commits.p999)) ms"
                ))
        }
        return rows
    }

    private func text(_ placements: Placements) -> String {
        let cost = placements.coordinatorMicrosecondsEach.map {
            ", \(text($0)) µs of the coordinator's CPU each"
        }
        return "\(placements.count) in \(text(placements.seconds)) s: "
            + "\(text(Double(placements.count) / placements.seconds)) a second\(cost ?? "")"
    }

    private var trialRows: [Row] {
        var rows: [Row] = []
        if let placements { rows.append(("slots placed, run and ended", text(placements))) }
        if let placementsBesideTasks {
            rows.append(("the same while tasks wait", text(placementsBesideTasks)))
        }
        if let stall {
            rows.append(
                (
                    "store stalled \(text(stall.seconds)) s",
                    "\(number(stall.suspects)) suspect, \(number(stall.lost)) lost, \(stall.beatsSent) beats sent meanwhile"
                ))
            if let lag = stall.lag { rows.append(("their lag", line(lag))) }
            rows += reasons("connections lost", stall.disconnects)
        }
        if let restart {
            rows.append(
                (
                    "coordinator killed",
                    "ready after \(text(restart.readySeconds)) s, all agents back after \(text(restart.allSeconds)) s, "
                        + "\(number(restart.suspects)) suspect, \(number(restart.lost)) lost"
                ))
            rows += reasons("failed dialings", restart.failures)
        }
        for kill in kills ?? [] {
            let seconds = [("suspect", kill.suspectSeconds), ("lost", kill.lostSeconds)]
                .compactMap { name, seconds in seconds.map { "\(name) after \(text($0)) s" } }
            rows.append(
                (
                    "\(kill.agent) \(kill.keepsConnection ? "hangs" : "is gone")",
                    seconds.isEmpty ? "not noticed" : seconds.joined(separator: ", ")
                ))
        }
        return rows
    }

    private func reasons(_ name: String, _ counts: [String: Int]) -> [Row] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(3).map {
            (name, "\($0.value): \($0.key)")
        }
    }

    private func line(_ lag: LatencySummary) -> String {
        "p50 \(text(lag.p50)) p90 \(text(lag.p90)) p99 \(text(lag.p99)) p99.9 \(text(lag.p999)) max \(text(lag.max)) ms"
    }

    /// Of nodes in events, of which a thousand are looked at.
    private func number(_ nodes: Int) -> String { nodes < 1_000 ? "\(nodes)" : "\(nodes) or more" }

    private func kilobytes(_ bytes: Int64) -> String { "\(text(Double(bytes) / 1_000)) KB" }
    private func megabytes(_ bytes: Int64) -> String { "\(text(Double(bytes) / 1_000_000)) MB" }

    private func text(_ value: Double, digits: Int = 2) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        return "\((value * scale).rounded() / scale)"
    }
}
