import TextForms

/// Which readings the last column of a table has: the head names them, and its units are in brackets.
struct AscendColumns: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case power, temperature, hugePages, utilization, memory, highBandwidthMemory, other
    }

    /// One value, or two with a slash between them.
    struct Reading: Hashable, Sendable {
        var first: String
        var second: String?

        /// `0  60156/ 65536`: the slash may touch its numbers.
        static func list(_ cell: String) -> [Reading] {
            let spaced = cell.split(separator: "/", omittingEmptySubsequences: false).joined(separator: " / ")
            var readings: [Reading] = []
            var isSecond = false
            for word in Scan.words(spaced) {
                if word == "/" {
                    isSecond = !readings.isEmpty
                } else if isSecond {
                    readings[readings.count - 1].second = word
                    isSecond = false
                } else {
                    readings.append(Reading(first: word))
                }
            }
            return readings
        }
    }

    /// A number of the device stands beside the number of the chip; assumed where the head is cut off.
    var hasPhysicalID = true
    /// Titles of the table of processes, while its rows are read.
    var processHeader: [String]?

    private var card: [Kind] = []
    private var chip: [Kind] = []

    /// The titles, where a row is the head of the table of processes.
    func processes(_ cells: [String]) -> [String]? {
        let titles = cells.map { $0.lowercased() }
        return titles.first?.hasPrefix("npu") == true && titles.contains("process id") ? cells : nil
    }

    /// - Returns: false where a row is none of the two that are the head of the table of devices.
    mutating func readHeader(_ cells: [String]) -> Bool {
        guard (3...4).contains(cells.count) else { return false }
        let place = cells[0..<(cells.count - 2)].joined(separator: " ")
        let readings = cells[cells.count - 1].lowercased()
        switch cells[cells.count - 2].lowercased() {
        case "health" where place.hasPrefix("NPU"):
            card = Self.kinds(cells[cells.count - 1])
        case "bus-id" where readings.contains("memory-usage(mb)"):
            chip = Self.kinds(cells[cells.count - 1])
            hasPhysicalID = place.contains("Device") || place.contains("Phy-ID")
        default: return false
        }
        return true
    }

    func cardValues(_ readings: [Reading]) -> [Kind: Reading] {
        Self.values(readings, card, usual: [.power, .temperature], usualPairs: [.hugePages])
    }

    func chipValues(_ readings: [Reading]) -> [Kind: Reading] {
        Self.values(readings, chip, usual: [.utilization], usualPairs: [.memory, .highBandwidthMemory])
    }

    /// Single values and pairs are counted each for themselves: some versions leave one out.
    private static func values(
        _ readings: [Reading], _ kinds: [Kind], usual: [Kind], usualPairs: [Kind]
    ) -> [Kind: Reading] {
        var values: [Kind: Reading] = [:]
        for isPair in [false, true] {
            let those = readings.filter { ($0.second != nil) == isPair }
            let named = kinds.filter { isPaired($0) == isPair }
            let order = named.count == those.count ? named : isPair ? usualPairs : usual
            for (kind, reading) in zip(order, those) where values[kind] == nil { values[kind] = reading }
        }
        return values
    }

    private static func isPaired(_ kind: Kind) -> Bool {
        switch kind {
        case .hugePages, .memory, .highBandwidthMemory: true
        case .power, .temperature, .utilization, .other: false
        }
    }

    /// Titles have blanks in them ("NPU Util(%)") and end with a unit.
    private static func kinds(_ cell: String) -> [Kind] {
        var kinds: [Kind] = []
        var title = ""
        for word in Scan.words(cell) {
            title += word.lowercased()
            if word.contains("(") {
                kinds.append(kind(title))
                title = ""
            }
        }
        return title.isEmpty ? kinds : kinds + [kind(title)]
    }

    private static func kind(_ title: String) -> Kind {
        let signs: [(String, Kind)] = [
            ("hugepages", .hugePages), ("hbm", .highBandwidthMemory), ("memory", .memory), ("ddr", .memory),
            ("power", .power), ("temp", .temperature), ("core", .utilization), ("util", .utilization),
        ]
        return signs.first { title.contains($0.0) }?.1 ?? .other
    }
}
