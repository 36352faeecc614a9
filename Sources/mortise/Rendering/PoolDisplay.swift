import APITypes
import ClusterTypes
import Terminal

/// A row of `pool list`.
struct PoolRow: ListDisplayable {
    let view: PoolView

    static let columns = [
        Table.Column("name", isElastic: true), Table.Column("launcher"), Table.Column("nodes", .right),
        Table.Column("used", .right), Table.Column("starting", .right), Table.Column("limits", .right),
        Table.Column("state", isElastic: true),
    ]

    var cells: [Cell] {
        [
            Cell(view.name), Cell(view.launcher ?? "static"), Cell("\(view.nodes)"), Cell("\(view.used)"),
            Cell("\(view.starting)"), Cell(optional: view.limits),
            Cell(view.state, view.isWell ? .plain : .warning),
        ]
    }

    var quietText: String { view.name }
}

/// All of `pool show`.
struct PoolDisplay: DetailDisplayable {
    let view: PoolView
    let now: Instant

    var quietText: String { view.name }

    var details: [(name: String, value: Cell)] {
        var details: [(name: String, value: Cell)] = [
            ("name", Cell(view.name)), ("launcher", Cell(view.launcher ?? "static")),
            ("state", Cell(view.state, view.isWell ? .plain : .warning)),
            ("nodes", Cell("\(view.nodes), \(view.used) of them in use, \(view.starting) on their way")),
        ]
        if let limits = view.limits { details.append(("limits", Cell(limits))) }
        if view.nodeHours > 0 {
            details.append(
                ("spent", Cell("\(view.nodeHours.inTenths) node hours, \(view.money.inTenths) of money")))
        }
        if view.failures > 0 { details.append(("failures", Cell("\(view.failures) in a row", .warning))) }
        if !view.failureReason.isEmpty {
            details.append(("last failure", Cell(view.failureReason, .warning)))
        }
        if let retryAt = view.retryAt {
            details.append(("next try", Cell(Timestamp.dated(retryAt, now: now))))
        }
        if !view.outlook.isEmpty { details.append(("autoscaler", Cell(view.outlook))) }
        return details
    }
}

extension PoolView {
    fileprivate var limits: String? { maximum.map { "\(minimum) to \($0)" } }

    fileprivate var isWell: Bool { failures == 0 && failureReason.isEmpty && !paused }

    fileprivate var state: String {
        if paused { return "paused" }
        if failures > 0 { return "launches fail" }
        if !failureReason.isEmpty { return "its launcher cannot be asked" }
        if launcher == nil { return "-" }
        return dryRun ? "dry run" : "scaled"
    }
}

/// A row of `launch list`.
struct LaunchRow: ListDisplayable {
    let view: LaunchView

    static let columns = [
        Table.Column("launch", .right), Table.Column("pool"), Table.Column("state"),
        Table.Column("nodes", .right),
        Table.Column("joined", .right), Table.Column("requested"), Table.Column("reason", isElastic: true),
    ]

    var cells: [Cell] {
        [
            Cell("\(view.launch)"), Cell(view.pool),
            Cell(view.state, view.state == "failed" ? .warning : .plain),
            Cell("\(view.count)"), Cell("\(view.joined)"), Cell(view.requestedAt),
            Cell(view.reason.isEmpty ? view.cause : view.reason),
        ]
    }

    var quietText: String { "\(view.launch)" }
}

/// All of `launch show`.
struct LaunchDisplay: DetailDisplayable {
    let view: LaunchView
    let now: Instant

    var quietText: String { "\(view.launch)" }

    var details: [(name: String, value: Cell)] {
        var details: [(name: String, value: Cell)] = [
            ("launch", Cell("\(view.launch)")), ("pool", Cell(view.pool)),
            ("state", Cell(view.state, view.state == "failed" ? .warning : .plain)),
            ("nodes", Cell("\(view.count) asked for, \(view.joined) joined")), ("because", Cell(view.cause)),
            ("requested", Cell(Timestamp.dated(view.requestedAt, now: now))),
        ]
        if let endedAt = view.endedAt { details.append(("ended", Cell(Timestamp.dated(endedAt, now: now)))) }
        if !view.reason.isEmpty { details.append(("reason", Cell(view.reason))) }
        for allocation in view.allocations {
            var text = allocation.state
            if let node = allocation.node { text += ", node \(node)" }
            if let host = allocation.host { text += ", on \(host)" }
            if allocation.released, allocation.state == "running" { text += ", told to end" }
            if !allocation.reason.isEmpty { text += ": \(allocation.reason)" }
            details.append((allocation.name, Cell(text)))
        }
        return details
    }
}

extension Double {
    fileprivate var inTenths: String {
        let tenths = Int64(Swift.max(0, Swift.min(self, 1e15)) * 10 + 0.5)
        return "\(tenths / 10).\(tenths % 10)"
    }
}
