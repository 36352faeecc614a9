import TextForms

/// The answers of `rocm-smi` and of Hygon's `hy-smi`, which has the same names: JSON, CSV, a line a value, a line a GPU.
package enum RocmSMI {
    /// nil for a text that is none of them.
    package static func parse(_ text: String) -> AcceleratorList? {
        if let (value, isComplete) = JSONReader.document(text), var list = json(value) {
            list.isComplete = isComplete
            return list
        }
        return lines(text) ?? csv(text) ?? RocmTable.parse(text)
    }

    private static func json(_ value: JSONValue) -> AcceleratorList? {
        let cards = value.members.compactMap { member in card(member.name).map { ($0, member.value) } }
        guard !cards.isEmpty, cards.contains(where: { !$0.1.members.isEmpty }) else { return nil }
        var list = read(cards)
        list.driverVersion = value.at("system", "driverversion")?.text.flatMap { Scan.identifier($0) }
        return list
    }

    /// "card12" is 12.
    private static func card(_ name: String) -> UInt32? {
        guard name.hasPrefix("card") else { return nil }
        return AcceleratorText.index(name.dropFirst(4))
    }

    /// "GPU[0]   : VRAM Total Memory (B): 68702699520"
    private static func lines(_ text: String) -> AcceleratorList? {
        var cards: [(index: UInt32, members: [JSONValue.Member])] = []
        var driver: String?
        for line in Scan.lines(text) {
            guard let (head, rest) = Scan.pair(line) else { continue }
            if head == "Driver version" { driver = Scan.identifier(rest) }
            guard head.hasPrefix("GPU["), head.last == "]",
                let index = AcceleratorText.index(head.dropFirst(4).dropLast()),
                let (name, value) = Scan.pair(rest)
            else { continue }
            let member = JSONValue.Member(name, .string(value))
            if let position = cards.lastIndex(where: { $0.index == index }) {
                cards[position].members.append(member)
            } else if cards.count < AcceleratorList.deviceLimit {
                cards.append((index, [member]))
            }
        }
        guard !cards.isEmpty else { return nil }
        var list = read(cards.map { ($0.index, .object($0.members)) })
        list.driverVersion = driver
        return list
    }

    private static func csv(_ text: String) -> AcceleratorList? {
        var names: [String]?
        var cards: [(UInt32, JSONValue)] = []
        for line in Scan.lines(text) {
            let values = AcceleratorText.values(line)
            if values.count > 1, values[0].lowercased() == "device" {
                names = values
            } else if let names, values.count == names.count, let index = card(values[0].lowercased()) {
                cards.append((index, .object(zip(names, values).map { JSONValue.Member($0, .string($1)) })))
            }
        }
        return cards.isEmpty ? nil : read(cards)
    }

    private static func read(_ cards: [(UInt32, JSONValue)]) -> AcceleratorList {
        var list = AcceleratorList()
        for (index, values) in cards {
            list.add(device(values, index: index))
            let names = values.members.map(\.name)
            list.tellsPower = list.tellsPower || names.contains { isPower($0) }
            list.tellsBytes = list.tellsBytes || names.contains { $0.hasPrefix("vramtotalmemory") }
        }
        AmdSMI.nameForRuntime(&list)
        return list
    }

    /// "Average Graphics Package Power (W)", "Current Socket Graphics Package Power (W)"; not "Max …".
    private static func isPower(_ name: String) -> Bool {
        name.hasSuffix("packagepowerw") && !name.hasPrefix("max")
    }

    private static func device(_ values: JSONValue, index: UInt32) -> Accelerator {
        func text(_ names: String...) -> String? {
            for name in names { if let text = values.at(name)?.text { return text } }
            return nil
        }
        func bytes(_ name: String) -> Int64? {
            for (unit, factor) in [("b", 1), ("kib", 1 << 10), ("mib", 1 << 20), ("gib", 1 << 30)]
                as [(String, Int64)]
            {
                if let text = text(name + unit) { return Scan.bytes(text, unit: factor) }
            }
            return nil
        }
        var device = Accelerator(index: index)
        device.name =
            ["cardseries", "devicename", "cardmodel"].lazy.compactMap { AcceleratorText.name(text($0)) }.first
        device.uuid = text("uniqueid").flatMap { Scan.identifier($0) }
        device.runtimeID = device.uuid.flatMap { AmdSMI.runtimeID($0) }
        device.busID = AcceleratorText.bus(text("pcibus"))
        device.serial = text("serialnumber").flatMap { $0 == "0" ? nil : Scan.identifier($0) }
        device.memoryTotalBytes = bytes("vramtotalmemory")
        device.memoryUsedBytes = bytes("vramtotalusedmemory")
        device.utilizationPercent = text("gpuuse", "dcuuse", "hcuuse").flatMap { AcceleratorText.percent($0) }
        device.temperatureCelsius =
            text("temperaturesensoredgec", "temperaturesensorjunctionc", "temperaturec")
            .flatMap { AcceleratorText.celsius($0) }
        device.powerMilliwatts =
            values.members.lazy.filter { isPower($0.name) }.compactMap { $0.value.text }.first
            .flatMap { Scan.milliwatts($0) }
        device.powerLimitMilliwatts = text("maxgraphicspackagepowerw").flatMap { Scan.milliwatts($0) }
        return device
    }
}

/// What `rocm-smi` prints by itself: a line a GPU, whose columns have changed with every version.
///
/// The columns of the utilization are the last ones, and the words before them are told by their units: a column of
/// ids has blanks in it.
enum RocmTable {
    static func parse(_ text: String) -> AcceleratorList? {
        var list = AcceleratorList()
        var header: [String]?
        for line in Scan.lines(text) {
            let words = Scan.words(line)
            if words.last == "GPU%" || words.contains("VRAM%"),
                ["GPU", "Device", "DCU", "HCU"].contains(words.first)
            {
                header = words
                list.tellsPower = words.contains { $0.contains("Pwr") || $0 == "Power" }
                continue
            }
            guard let header else { continue }
            if let index = words.first.flatMap({ AcceleratorText.index($0) }), words.count > 4 {
                list.add(device(words, header, index: index))
            } else if line.first?.isWhitespace ?? false, let first = words.first,
                first.first?.isLetter ?? false,
                let last = list.devices.indices.last, list.devices[last].name == nil,
                !words.contains("(Junction)"),
                !line.contains("(")
            {
                list.devices[last].name = AcceleratorText.name(words.joined(separator: " "))
            }
        }
        return header == nil ? nil : list
    }

    private static func device(_ words: [String], _ header: [String], index: UInt32) -> Accelerator {
        /// A word of the row as far from its end as a name is from the end of the header.
        func fromEnd(_ name: String) -> String? {
            guard let position = header.lastIndex(of: name) else { return nil }
            let distance = header.count - position
            return distance < words.count ? words[words.count - distance] : nil
        }
        var device = Accelerator(index: index)
        device.utilizationPercent =
            (fromEnd("GPU%") ?? fromEnd("DCU%") ?? fromEnd("HCU%"))
            .flatMap { $0.last == "%" ? AcceleratorText.percent($0) : nil }
        let tail = header.lastIndex(of: "PwrCap").map { header.count - $0 } ?? 3
        let middle = words.dropFirst().dropLast(tail)
        if let temperature = middle.first(where: { isAmount($0, of: "c") }) {
            device.temperatureCelsius = AcceleratorText.celsius(temperature)
        }
        device.powerMilliwatts = middle.first { isAmount($0, of: "w") }.flatMap { Scan.milliwatts($0) }
        device.powerLimitMilliwatts = fromEnd("PwrCap").flatMap {
            isAmount($0, of: "w") ? Scan.milliwatts($0) : nil
        }
        return device
    }

    /// "35.0°C", "33.0c", "140.0W".
    private static func isAmount(_ word: String, of unit: String) -> Bool {
        let rest = word.drop { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "-") }
        return rest.startIndex > word.startIndex
            && (rest.lowercased() == unit || rest.lowercased() == "°" + unit)
    }
}
