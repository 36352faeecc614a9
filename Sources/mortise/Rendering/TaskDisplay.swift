import APITypes
import ClusterTypes
import Terminal

/// A row of `task list`, or all of `task show`.
struct TaskDisplay: ListDisplayable, DetailDisplayable {
    let view: TaskView
    let now: Instant

    static let columns = [
        Table.Column("task", .right), Table.Column("state"), Table.Column("attempt", .right),
        Table.Column("exit", .right), Table.Column("node", isElastic: true), Table.Column("slot", .right),
        Table.Column("time", .right), Table.Column("reason", isElastic: true),
    ]

    var cells: [Cell] {
        [
            Cell("\(view.index)"), Cell(view.state.rawValue, view.state.style), Cell("\(view.attempt)"),
            Cell(optional: view.exitCode.map(String.init)),
            Cell(optional: view.nodeName ?? view.node?.description),
            Cell(optional: view.slot?.description), Cell(optional: time), Cell(optional: view.reason),
        ]
    }

    var quietText: String { "\(view.index)" }

    var details: [(name: String, value: Cell)] {
        var details: [(name: String, value: Cell)] = [
            ("job", Cell("\(view.job)")), ("task", Cell("\(view.index)")),
            ("state", Cell(view.state.rawValue, view.state.style)), ("reason", Cell(optional: view.reason)),
            ("attempt", Cell("\(view.attempt)")),
            ("exit code", Cell(optional: view.exitCode.map(String.init))),
            ("node", Cell(optional: view.nodeName ?? view.node?.description)),
            ("slot", Cell(optional: view.slot?.description)),
            ("started", Cell(optional: view.startedAt.map { Timestamp.dated($0, now: now) })),
            ("time", Cell(optional: time)),
        ]
        if let payload = view.payload { details.append(("payload", Cell(payload))) }
        return details
    }

    private var time: String? {
        if let seconds = view.durationSeconds, seconds.isFinite, seconds >= 0, seconds < 1e10 {
            return HumanUnits.duration(.milliseconds(Int64(seconds * 1_000)))
        }
        guard view.state == .running, let startedAt = view.startedAt, let start = Timestamp.parse(startedAt)
        else {
            return nil
        }
        return HumanUnits.duration(.seconds(max(0, (now - start).components.seconds)))
    }
}

extension TaskState {
    var style: CellStyle {
        switch self {
        case .waiting, .canceled: .faint
        case .ready, .running: .plain
        case .succeeded: .good
        case .failed: .bad
        }
    }
}
