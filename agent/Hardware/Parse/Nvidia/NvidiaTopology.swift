import TextForms

/// How two devices reach each other, the nearest first.
package enum NvidiaLink: Hashable, Sendable {
    case itself
    /// Over so many NVLinks together.
    case nvlink(UInt32)
    /// Over one PCIe bridge at most.
    case bridge
    /// Over several PCIe bridges, but no host bridge.
    case bridges
    /// Over a PCIe host bridge, typically the processor.
    case hostBridge
    /// Between host bridges of one NUMA node.
    case node
    /// Between NUMA nodes.
    case system

    /// As `nvidia-smi topo -m` abbreviates it.
    package init?(_ word: String) {
        switch word {
        case "X": self = .itself
        case "PIX": self = .bridge
        case "PXB": self = .bridges
        case "PHB": self = .hostBridge
        case "NODE": self = .node
        // "SOC" before 2017.
        case "SYS", "SOC": self = .system
        default:
            guard word.hasPrefix("NV"), let count = UInt32(word.dropFirst(2)) else { return nil }
            self = .nvlink(count)
        }
    }

    /// To compare places: less is nearer. More NVLinks are nearer than fewer.
    package var distance: UInt32 {
        switch self {
        case .itself: 0
        case .nvlink(let count): 100 - min(count, 99)
        case .bridge: 110
        case .bridges: 120
        case .hostBridge: 130
        case .node: 140
        case .system: 150
        }
    }
}

/// The matrix of `nvidia-smi topo -m`: GPUs and network adapters, with the processors and memory near them.
package struct NvidiaTopology: Hashable, Sendable {
    package struct Row: Hashable, Sendable {
        /// "GPU0", "NIC1", "mlx5_0".
        package var name: String
        /// All cells behind the name, as printed, in columns: the links come first.
        package var cells: [String]
        /// A list of processors as the kernel writes it: "0-19,40-59".
        package var processors: String?
        /// NUMA nodes: "0", "0-1".
        package var numaNodes: String?

        /// nil for a network adapter.
        package var gpu: UInt32? { name.hasPrefix("GPU") ? UInt32(name.dropFirst(3)) : nil }
    }

    /// Devices in the order of the links.
    package var columns: [String] = []
    package var rows: [Row] = []
    /// "NIC0" to "mlx5_0".
    package var adapters: [String: String] = [:]

    /// nil for a text without the matrix.
    package init?(parsing text: String) {
        var lines: [(cells: [String], isTabbed: Bool)] = []
        var hasHeader = false
        for line in Scan.lines(text) {
            let words = Scan.words(line)
            guard let first = words.first, !words.contains("=") else { continue }
            if first.last == ":", words.count == 2, Self.isDevice(String(first.dropLast())) {
                adapters[String(first.dropLast())] = Scan.identifier(words[1])
            } else if Self.isDevice(first), words.contains("X") {
                lines.append(Self.cells(line, words))
            } else if !hasHeader, Self.isDevice(first) {
                columns = words.prefix { Self.isDevice($0) }
                hasHeader = true
            }
        }
        // The head may be cut off: then as many columns as have links.
        if !hasHeader {
            let links = lines.first?.cells.dropFirst().prefix { NvidiaLink($0) != nil }.count ?? 0
            columns = lines.prefix(links).map { $0.cells[0] }
        }
        let links = columns.count
        rows = lines.filter { $0.cells.count > links }.map {
            Self.row($0.cells, links, isTabbed: $0.isTabbed)
        }
        guard rows.contains(where: { $0.gpu != nil }), links > 0 else { return nil }
    }

    /// nil for a device that the matrix does not have, or a link that this version does not know.
    package func link(_ from: String, _ to: String) -> NvidiaLink? {
        guard let row = rows.first(where: { $0.name == from }), let column = columns.firstIndex(of: to) else {
            return nil
        }
        return NvidiaLink(row.cells[column])
    }

    /// Indexes of GPUs that reach each other by NVLink, over others if need be; those without any are in none.
    package var groups: [[UInt32]] {
        var left = rows.compactMap(\.gpu)
        var groups: [[UInt32]] = []
        while let first = left.first {
            var group = [first]
            left.removeFirst()
            var position = 0
            while position < group.count {
                let near = left.filter { isLinked(group[position], $0) }
                group += near
                left.removeAll { near.contains($0) }
                position += 1
            }
            if group.count > 1 { groups.append(group.sorted()) }
        }
        return groups
    }

    private func isLinked(_ left: UInt32, _ right: UInt32) -> Bool {
        guard case .nvlink = link("GPU\(left)", "GPU\(right)") else { return false }
        return true
    }

    /// nil where several nodes are near, or none is known.
    package func memoryNode(ofGPU index: UInt32) -> UInt32? {
        rows.first { $0.gpu == index }?.numaNodes.flatMap { UInt32($0) }
    }

    private static func cells(_ line: Substring, _ words: [String]) -> (cells: [String], isTabbed: Bool) {
        guard line.contains("\t") else { return (words, false) }
        let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map { Scan.trimmed($0) }
        return (cells.first == "" ? Array(cells.dropFirst()) : cells, true)
    }

    private static func row(_ cells: [String], _ links: Int, isTabbed: Bool) -> Row {
        var row = Row(name: cells[0], cells: Array(cells.dropFirst()))
        let affinity = row.cells.dropFirst(links)
        row.processors = affinity.first.flatMap(list)
        // Without tabs an empty cell is not seen: a second list may be the memory's node or the GPU's own.
        if affinity.count > 1 { row.numaNodes = list(affinity[affinity.startIndex + 1]) }
        return row
    }

    private static func list(_ cell: String) -> String? {
        cell.isEmpty || !cell.allSatisfy { "0123456789,-".contains($0) } || cell == "-" ? nil : cell
    }

    /// "GPU0", "NIC0", "mlx5_0", "hfi1_0": letters first, a number last.
    private static func isDevice(_ word: String) -> Bool {
        guard let first = word.first, let last = word.last, word.utf8.count <= 32 else { return false }
        return first.isASCII && first.isLetter && last.isASCII && last.isNumber && NvidiaLink(word) == nil
            && word.utf8.allSatisfy(NvidiaCells.isNameByte)
    }
}
