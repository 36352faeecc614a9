import APITypes
import ClusterTypes
import Terminal

/// All of `cluster show`.
struct ClusterDisplay: DetailDisplayable {
    let view: ClusterView
    let now: Instant

    var quietText: String { view.cluster }

    var details: [(name: String, value: Cell)] {
        [
            ("cluster", Cell(view.cluster)), ("version", Cell(view.version)),
            ("started", Cell(Timestamp.dated(view.startedAt, now: now))),
            ("nodes", Cell(optional: counts(view.nodes, order: NodeState.allCases.map(\.rawValue)))),
            ("slots", Cell(optional: counts(view.slots, order: SlotState.allCases.map(\.rawValue)))),
            ("active jobs", Cell("\(view.activeJobs)")),
            (
                "offers",
                Cell(
                    "\(HumanUnits.thousandths(view.milliCPU)) cpus, \(HumanUnits.bytes(view.memoryBytes)) memory, "
                        + HumanUnits.count(view.devices, "device"))
            ),
        ] + priorityClasses + view.notices.map { ("notice", Cell($0)) }
    }

    private var priorityClasses: [(name: String, value: Cell)] {
        guard let classes = view.priorityClasses else { return [] }
        let texts = classes.map { "\($0.name) \($0.priority)" + ($0.role == "admin" ? " (admin)" : "") }
        return [("priority classes", Cell(texts.joined(separator: ", ")))]
    }

    /// `3 ready, 1 lost`, in the order of the states.
    private func counts(_ counts: [String: Int], order: [String]) -> String {
        order.compactMap { state in counts[state].map { "\($0) \(state)" } }.joined(separator: ", ")
    }
}
