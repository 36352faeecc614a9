import APITypes
import ClusterTypes
import Terminal

/// All of `plan`: a line for each kind of place, then what would wait.
struct PlanDisplay {
    let view: PlanView

    /// Nodes on which the job would have the same.
    struct Row: ListDisplayable, Equatable {
        var nodes: [String]
        /// On each of them.
        var slots: Int
        var devices: [DeviceGrant]
        var alternative: UInt32

        static let columns = [
            Table.Column("nodes", .right), Table.Column("names", isElastic: true),
            Table.Column("slots each", .right), Table.Column("devices", isElastic: true),
            Table.Column("request"),
        ]

        var cells: [Cell] {
            [
                Cell("\(nodes.count)"), Cell(names), Cell("\(slots)"), Cell(optional: devices.words),
                Cell(alternative == 0 ? "resources" : "alternative \(alternative)"),
            ]
        }

        var quietText: String { nodes.joined(separator: "\n") }

        private var names: String {
            let named = nodes.prefix(3).joined(separator: ", ")
            return nodes.count > 3 ? "\(named) and \(nodes.count - 3) more" : named
        }
    }

    /// In the order in which the nodes are first taken.
    var rows: [Row] {
        struct Key: Hashable {
            var node: NodeID
            var alternative: UInt32
        }
        struct Kind: Hashable {
            var slots: Int
            var devices: [DeviceGrant]
            var alternative: UInt32
        }
        var positions: [Key: Int] = [:]
        var nodes: [Row] = []
        for place in view.places {
            let key = Key(node: place.node, alternative: place.alternative)
            if let position = positions[key] {
                nodes[position].slots += 1
                nodes[position].devices.append(contentsOf: place.devices)
            } else {
                positions[key] = nodes.count
                nodes.append(
                    Row(
                        nodes: [place.nodeName], slots: 1, devices: place.devices,
                        alternative: place.alternative))
            }
        }
        var kinds: [Kind: Int] = [:]
        var rows: [Row] = []
        for var row in nodes {
            row.devices = row.devices.summed
            let kind = Kind(slots: row.slots, devices: row.devices, alternative: row.alternative)
            if let position = kinds[kind] {
                rows[position].nodes += row.nodes
            } else {
                kinds[kind] = rows.count
                rows.append(row)
            }
        }
        return rows
    }

    func text(_ display: Display) throws -> String {
        if display.format == .table, display.isQuiet {
            // A node may stand in two rows.
            var seen: Set<NodeID> = []
            return view.places.filter { seen.insert($0.node).inserted }.map { $0.nodeName + "\n" }.joined()
        }
        var text = try display.text(list: rows) { try JSONText.pretty(view) }
        guard display.format == .table else { return text }
        let nodes = Set(view.places.map(\.node)).count
        let slots = HumanUnits.count(view.places.count, "slot")
        text += "\(slots) would have a place now"
        text += nodes > 0 ? ", on \(HumanUnits.count(nodes, "node")).\n" : ".\n"
        guard view.waiting > 0 else { return text }
        text += "\(HumanUnits.count(view.waiting, "slot")) would wait:\n"
        return text + view.reasons.map { "  \(DisplayWidth.printable($0))\n" }.joined()
    }
}

/// All of `defrag --dry-run`: a line for each move.
struct MovesDisplay {
    let view: MovesView

    struct Row: ListDisplayable {
        let move: MovesView.Move
        let freed: MovesView.FreedDevice

        static let columns = [
            Table.Column("job", .right), Table.Column("slot", .right), Table.Column("from", isElastic: true),
            Table.Column("to", isElastic: true), Table.Column("devices there", isElastic: true),
            Table.Column("makes whole"),
        ]

        var cells: [Cell] {
            [
                Cell("\(move.job)"), Cell("\(move.slot)"), Cell(freed.nodeName), Cell(move.to),
                Cell(optional: move.devices.words), Cell("device \(freed.device)"),
            ]
        }

        var quietText: String { "\(move.slot)" }
    }

    func text(_ display: Display) throws -> String {
        let rows = view.freed.flatMap { freed in freed.moves.map { Row(move: $0, freed: freed) } }
        let text = try display.text(list: rows) { try JSONText.pretty(view) }
        guard display.format == .table, !display.isQuiet else { return text }
        let whole =
            "\(HumanUnits.count(view.wholeDevices, "device")) \(view.wholeDevices == 1 ? "is" : "are") whole now"
        guard !rows.isEmpty else { return "\(whole); no move would make more of them whole.\n" }
        return text
            + "\(whole); with these moves there would be \(view.freed.count) more. Nothing is moved.\n"
    }
}

extension [DeviceGrant] {
    /// `0, 1` for whole devices, `0 (0.25)` for a share.
    var words: String {
        map { grant in
            grant.shares >= wholeDeviceShares
                ? "\(grant.device)" : "\(grant.device) (\(HumanUnits.thousandths(Int64(grant.shares))))"
        }.joined(separator: ", ")
    }

    /// Each device once, ascending.
    fileprivate var summed: [DeviceGrant] {
        var sums: [DeviceGrant] = []
        for grant in sorted(by: { $0.device < $1.device }) {
            if sums.last?.device == grant.device {
                sums[sums.count - 1].shares += grant.shares
            } else {
                sums.append(grant)
            }
        }
        return sums
    }
}
