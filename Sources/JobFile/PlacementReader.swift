import ClusterTypes
import Yams
import YAMLSections

/// The rules of a job file for where and when slots are placed, `resources` and `slots` aside.
enum PlacementReader {
    static let keys = ["prefer", "spread", "gang", "virtual_cluster", "preemptible", "start_rate"]

    static func read(_ top: Section, _ faults: inout FaultList) -> PlacementRules {
        var rules = PlacementRules()
        rules.preferences = ResourceReader.readConstraints(top, "prefer", &faults)
        rules.spread = top.text("spread", &faults)
        rules.gang = readGang(top, &faults)
        rules.virtualCluster = top.text("virtual_cluster", &faults)
        rules.isPreemptible = top.flag("preemptible", &faults) ?? false
        rules.startsPerMinute = top.value("start_rate", &faults, Quantity.perMinute)
        return rules
    }

    private static func readGang(_ top: Section, _ faults: inout FaultList) -> Gang? {
        guard case .mapping? = top.node("gang") else {
            return top.flag("gang", &faults) == true ? Gang() : nil
        }
        guard let section = top.section("gang", keys: ["port", "start_timeout"], &faults) else { return nil }
        var gang = Gang()
        let port = section.number("port", &faults) { text throws(GrammarError) in
            try Quantity.whole(text, as: UInt16.self)
        }
        if let port { gang.port = port }
        if let seconds = section.value("start_timeout", &faults, Quantity.seconds) {
            gang.startSeconds = seconds
        }
        return gang
    }

    /// What `slots: per-node` asks for: one slot on every node, or as many as `nodes` says.
    static func slotsOnEveryNode(_ constraints: [Constraint]) -> UInt32? {
        let counts: [UInt32?] = constraints.compactMap {
            if case .nodes(_, let slots) = $0 { .some(slots) } else { nil }
        }
        return !counts.isEmpty && counts.allSatisfy { $0 != nil } ? nil : 1
    }
}
