import APITypes
import ClusterTypes
import Terminal

/// A row of `slot list`, or all of `slot show`.
struct SlotDisplay: ListDisplayable, DetailDisplayable {
    let view: SlotView
    let now: Instant

    static let columns = [
        Table.Column("slot", .right), Table.Column("job", .right), Table.Column("state"),
        Table.Column("node", isElastic: true), Table.Column("tasks", .right), Table.Column("exit", .right),
        Table.Column("devices", isElastic: true), Table.Column("since", .right),
        Table.Column("reason", isElastic: true),
    ]

    var cells: [Cell] {
        [
            Cell("\(view.slot)"), Cell("\(view.job)"), Cell(view.state.rawValue, view.state.style),
            Cell(optional: view.nodeName ?? view.node?.description), Cell("\(view.tasks)"),
            Cell(optional: view.exitCode.map(String.init)), Cell(optional: view.devices.words),
            Cell(Timestamp.age(view.since, now: now)), Cell(optional: view.reason),
        ]
    }

    var quietText: String { "\(view.slot)" }

    var details: [(name: String, value: Cell)] {
        [
            ("slot", Cell("\(view.slot)")), ("generation", Cell("\(view.generation)")),
            ("job", Cell("\(view.job)")), ("state", Cell(view.state.rawValue, view.state.style)),
            ("reason", Cell(optional: view.reason)),
            ("node", Cell(optional: view.nodeName ?? view.node?.description)),
            ("devices", Cell(optional: view.devices.words)), ("tasks held", Cell("\(view.tasks)")),
            ("exit code", Cell(optional: view.exitCode.map(String.init))),
            ("created", Cell(Timestamp.dated(view.createdAt, now: now))),
            ("since", Cell(Timestamp.dated(view.since, now: now))),
        ]
    }
}

extension SlotState {
    var style: CellStyle {
        switch self {
        case .pending, .assigned, .starting, .running, .stopping: .plain
        case .finished: .good
        case .failed: .bad
        case .lost: .warning
        }
    }
}
