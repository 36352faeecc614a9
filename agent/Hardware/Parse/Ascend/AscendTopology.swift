import TextForms

/// How two chips reach each other: `npu-smi info -t topo`.
package enum AscendLink: Hashable, Sendable {
    case same
    /// Chip to chip, without the host.
    case direct
    /// The same, through a switch.
    case switched
    /// Two dies of one card.
    case dies
    /// The unified bus of newer machines.
    case unifiedBus
    /// One PCIe switch, several, or a host bridge.
    case pcieSwitch, pcieSwitches, hostBridge
    /// From one NUMA node to another.
    case system
    case unknown

    package init(_ word: String) {
        self =
            switch word.uppercased() {
            case "X": .same
            case "HCCS": .direct
            case "HCCS_SW": .switched
            case "SIO": .dies
            case "UB": .unifiedBus
            case "PIX": .pcieSwitch
            case "PXB", "PIB": .pcieSwitches
            case "PHB": .hostBridge
            case "SYS": .system
            default: .unknown
            }
    }

    /// Chips with such a link form a group that jobs should not be spread over.
    package var isFast: Bool {
        switch self {
        case .direct, .switched, .dies, .unifiedBus: true
        case .same, .pcieSwitch, .pcieSwitches, .hostBridge, .system, .unknown: false
        }
    }
}

/// The matrix of links between the chips of a machine.
package struct AscendTopology: Hashable, Sendable {
    package struct Row: Hashable, Sendable {
        /// As printed: "NPU0", "Phy-ID12".
        package var label: String
        /// The number in it.
        package var number: UInt32
        /// As printed, one for each column of a chip.
        package var links: [String]
        /// Processors near it: "0-23", "0-63,128-191".
        package var processors: String?
    }

    package var rows: [Row] = []
    /// The labels over the columns, where the head is there.
    package var columns: [String] = []

    /// Columns behind those of the chips: network cards.
    private var otherColumns = 0
    /// No machine has so many.
    private static let rowLimit = 256

    package init(parsing text: String) {
        for line in AscendText.lines(text) {
            let words = Scan.words(line)
            let labels = words.prefix { Self.number($0) != nil }
            let others = words.dropFirst(labels.count).prefix { $0 != "CPU" }.count
            if labels.count >= 2 || (labels.count == 1 && others == 0) {
                columns = Array(labels)
                otherColumns = others
            } else if labels.count == 1, rows.count < Self.rowLimit, let row = row(words) {
                rows.append(row)
            }
        }
    }

    private func row(_ words: [String]) -> Row? {
        guard let number = Self.number(words[0]) else { return nil }
        let rest = words.dropFirst()
        let links: ArraySlice<String>
        if columns.isEmpty {
            links = rest.prefix { AscendLink($0) != .unknown || $0.uppercased() == "NA" }
        } else {
            guard rest.count >= columns.count else { return nil }
            links = rest.prefix(columns.count)
        }
        guard links.contains(where: { AscendLink($0) != .unknown }) else { return nil }
        let processors = rest.dropFirst(links.count + otherColumns).joined(separator: " ")
        return Row(
            label: words[0], number: number, links: Array(links), processors: AscendText.name(processors))
    }

    /// "NPU3" and "Phy-ID12" are labels, "NPU" and "HCCS" are none.
    private static func number(_ word: String) -> UInt32? {
        for name in ["NPU", "Phy-ID"] where word.hasPrefix(name) {
            if let number = UInt32(word.dropFirst(name.count)) { return number }
        }
        return nil
    }

    /// The label of each column: rows and columns are the same chips.
    private var labels: [String] { columns.isEmpty ? rows.map(\.label) : columns }

    package func link(_ from: UInt32, _ to: UInt32) -> AscendLink {
        guard
            let row = rows.first(where: { $0.number == from }),
            let column = labels.firstIndex(where: { Self.number($0) == to }), column < row.links.count
        else { return .unknown }
        return AscendLink(row.links[column])
    }

    /// Chips that reach each other by fast links, in printed order: 0...3 and 4...7 on many machines.
    package var groups: [[UInt32]] {
        var groups: [[UInt32]] = []
        var left = rows.map(\.number)
        while let first = left.first {
            var group = [first]
            left.removeFirst()
            var position = 0
            while position < group.count {
                let near = left.filter {
                    link(group[position], $0).isFast || link($0, group[position]).isFast
                }
                group += near
                left.removeAll { near.contains($0) }
                position += 1
            }
            groups.append(group.sorted())
        }
        return groups
    }
}
