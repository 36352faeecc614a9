import APITypes
import ClusterTypes
import Terminal

/// A row of `job usage`.
struct UsageDisplay: ListDisplayable {
    let view: UsageView

    static let columns = [
        Table.Column("user", isElastic: true), Table.Column("job", .right),
        Table.Column("resource", isElastic: true),
        Table.Column("booked", .right), Table.Column("idle", .right), Table.Column("idle%", .right),
        Table.Column("unknown", .right), Table.Column("used", .right), Table.Column("nonidle%", .right),
    ]

    var cells: [Cell] {
        [
            Cell(optional: view.user), Cell(optional: view.job?.description), Cell(view.resource),
            hours(view.bookedSeconds), hours(view.idleSeconds),
            Cell(
                optional: view.bookedSeconds > 0
                    ? tenths(view.idleSeconds / view.bookedSeconds * 100) : nil,
                view.idleSeconds > view.bookedSeconds / 2 ? .warning : .plain),
            hours(view.unknownSeconds), hours(view.usedSeconds),
            Cell(optional: view.nonidleUtilizationPercent.map(tenths)),
        ]
    }

    var quietText: String { view.job?.description ?? view.user }

    private func hours(_ seconds: Double) -> Cell { Cell(tenths(seconds / 3_600) + "h") }

    /// `12.3`; no library call of the locale's.
    private func tenths(_ number: Double) -> String {
        let tenths = Int64(max(0, min(number, 1e15)) * 10 + 0.5)
        return "\(tenths / 10).\(tenths % 10)"
    }
}
