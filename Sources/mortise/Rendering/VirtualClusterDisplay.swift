import APITypes
import ClusterTypes
import Terminal

/// A row of `virtual-cluster list`: one type of one virtual cluster.
struct VirtualClusterRow: ListDisplayable {
    let view: VirtualClusterView
    let type: VirtualClusterTypeView?

    /// At least one.
    static func rows(of view: VirtualClusterView) -> [VirtualClusterRow] {
        view.types.isEmpty
            ? [VirtualClusterRow(view: view, type: nil)]
            : view.types.map { VirtualClusterRow(view: view, type: $0) }
    }

    static let columns = [
        Table.Column("name", isElastic: true), Table.Column("weight", .right), Table.Column("type"),
        Table.Column("total", .right), Table.Column("used", .right), Table.Column("available", .right),
        Table.Column("unschedulable", .right), Table.Column("usage", .right),
    ]

    var cells: [Cell] {
        [
            Cell(view.name), Cell("\(view.weight)"), Cell(optional: type?.type),
            Cell(optional: type.map { $0.isLimited ? "\($0.total)" : "none" }),
            Cell(optional: type.map { "\($0.used)" }),
            Cell(optional: type.map { "\($0.available)" }),
            Cell(
                optional: type.map { "\($0.unschedulable)" }, type?.unschedulable ?? 0 > 0 ? .warning : .plain
            ),
            Cell(usageText(view.usageSeconds)),
        ]
    }

    var quietText: String { view.name }
}

/// All of `virtual-cluster show`.
struct VirtualClusterDisplay: DetailDisplayable {
    let view: VirtualClusterView
    let now: Instant

    var quietText: String { view.name }

    var details: [(name: String, value: Cell)] {
        var details: [(name: String, value: Cell)] = [
            ("name", Cell(view.name)), ("weight", Cell("\(view.weight)")),
            ("created", Cell(Timestamp.dated(view.createdAt, now: now))),
            ("usage", Cell(usageText(view.usageSeconds))),
        ]
        for type in view.types {
            let quota = type.isLimited ? "\(type.used) of \(type.total) used" : "\(type.used) used, no quota"
            details.append(
                (
                    type.type,
                    Cell("\(quota), \(type.available) available, \(type.unschedulable) unschedulable")
                ))
        }
        if !view.userQuotas.isEmpty { details.append(("each user", Cell(Self.text(view.userQuotas)))) }
        for user in view.users {
            let used = user.used.isEmpty ? "nothing now" : Self.text(user.used)
            details.append(("user \(user.user)", Cell("\(used), usage \(usageText(user.usageSeconds))")))
        }
        return details
    }

    private static func text(_ counts: [String: UInt32]) -> String {
        counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }
}

extension VirtualClusterTypeView {
    /// CPUs without a quota have no limit; devices then are not to be had.
    fileprivate var isLimited: Bool { total > 0 || type != "cpu" }
}

/// Hours of the whole cluster: `1.25h`.
private func usageText(_ seconds: Double) -> String {
    let hundredths = Int64(max(0, min(seconds / 3_600, 1e15)) * 100 + 0.5)
    return "\(hundredths / 100).\(String(100 + hundredths % 100).dropFirst())h"
}
