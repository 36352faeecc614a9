import TextForms

/// The answers of `cnmon`: its table, `cnmon info` and the file that `cnmon info -j` writes.
package enum CambriconMonitor {
    /// nil for a text that is none of them.
    package static func parse(_ text: String) -> AcceleratorList? {
        if let (value, isComplete) = JSONReader.document(text), let cards = value.at("cnmoninfo") {
            var list = keyed(
                cards.elements.compactMap { card in
                    card.at("cardnum")?.text.flatMap { AcceleratorText.index($0) }.map { ($0, card) }
                })
            list.isComplete = isComplete
            return list
        }
        return table(text) ?? info(text)
    }

    // MARK: Table

    private static func table(_ text: String) -> AcceleratorList? {
        var list = AcceleratorList()
        list.tellsPower = true
        list.tellsVersions = true
        var isTable = false
        var isBelow = false
        var upper: [String]?
        for line in Scan.lines(text) {
            let cells = AcceleratorText.cells(line)
            let words = cells.first.map { Scan.words($0) } ?? []
            if words.first == "CNMON" {
                isTable = true
                list.toolVersion = words.dropFirst().first.flatMap { AcceleratorText.version($0) }
                if let position = words.firstIndex(of: "Driver"), position + 1 < words.count {
                    list.driverVersion = AcceleratorText.version(words[position + 1])
                }
            } else if cells.count == 3, words.starts(with: ["Card", "VF"]) {
                isTable = true
            } else if cells.count == 3 {
                if let device = upper.flatMap({ device($0, cells) }) { list.add(device) }
                upper = isUpper(cells) ? cells : nil
                continue
            } else if cells == ["Processes:"] {
                isBelow = true
            } else if isBelow, cells.count == 1 {
                AcceleratorText.readProcess(words, into: &list)
            }
            upper = nil
        }
        list.driverVersion = list.driverVersion ?? list.devices.lazy.compactMap(\.driverVersion).first
        return isTable || !list.devices.isEmpty ? list : nil
    }

    /// "0     /   MLU370-X8    v1.1.6": card, virtual function, name, firmware.
    private static func isUpper(_ cells: [String]) -> Bool {
        let words = Scan.words(cells[0])
        guard words.count >= 4, AcceleratorText.index(words[0]) != nil else { return false }
        return (words[1] == "/" || AcceleratorText.index(words[1]) != nil)
            && AcceleratorText.version(words[words.count - 1]) != nil
    }

    private static func device(_ upper: [String], _ lower: [String]) -> Accelerator? {
        let words = Scan.words(upper[0])
        let middle = Scan.words(upper[1])
        guard let index = AcceleratorText.index(words[0]), lower[1].contains("/") else { return nil }
        var device = Accelerator(index: index)
        device.name = AcceleratorText.name(words[2..<(words.count - 1)].joined(separator: " "))
        // Before 5.x: "On          v4.20.11", whether it is initialised and the driver.
        device.busID = AcceleratorText.bus(middle.last)
        if device.busID == nil { device.driverVersion = AcceleratorText.version(middle.last) }
        let last = Scan.words(upper[2])
        device.utilizationPercent = last.first.flatMap { AcceleratorText.percent($0) }
        device.uncorrectableErrors = last.dropFirst().first.flatMap { AcceleratorText.count($0) }
        let memory = AcceleratorText.memory(lower[1])
        device.memoryUsedBytes = memory.used
        device.memoryTotalBytes = memory.total
        AcceleratorText.sensors(lower[0], of: &device)
        device.partition = Scan.words(lower[2]).first.flatMap { $0.allSatisfy(\.isLetter) ? $0 : nil }
        return device
    }

    // MARK: Keyed

    /// `cnmon info`: sections "Card 0".
    private static func info(_ text: String) -> AcceleratorList? {
        guard text.contains("MLU") || text.contains("CNMON") else { return nil }
        let cards = IndentedText.parse(text).members.compactMap { member -> (UInt32, JSONValue)? in
            guard member.name.hasPrefix("card"), !member.value.members.isEmpty else { return nil }
            return AcceleratorText.index(member.name.dropFirst(4)).map { ($0, member.value) }
        }
        return cards.isEmpty ? nil : keyed(cards)
    }

    private static func keyed(_ cards: [(UInt32, JSONValue)]) -> AcceleratorList {
        var list = AcceleratorList()
        for (index, card) in cards {
            list.add(device(card, index: index))
            list.tellsPower = list.tellsPower || card.at("power") != nil
        }
        list.driverVersion = list.devices.lazy.compactMap(\.driverVersion).first
        return list
    }

    private static func device(_ card: JSONValue, index: UInt32) -> Accelerator {
        func text(_ sections: [String], _ names: String...) -> String? {
            for section in sections {
                for name in names { if let text = card.at(section, name)?.text { return text } }
            }
            return nil
        }
        let memory = ["physicalmemoryusage", "physicalmemusage"]
        var device = Accelerator(index: index)
        device.name = AcceleratorText.name(card.at("productname")?.text)
        device.uuid = card.at("uuid")?.text.flatMap { Scan.identifier($0) }
        device.serial = card.at("serialnumber")?.text.flatMap { Scan.identifier($0) }
        device.busID = AcceleratorText.bus(
            card.at("busid")?.text ?? text(["pcie", "pci", "pcieinfo"], "busid"))
        device.memoryTotalBytes = text(memory, "total").flatMap { Scan.bytes($0) }
        device.memoryUsedBytes = text(memory, "used").flatMap { Scan.bytes($0) }
        device.utilizationPercent = text(["utilization"], "mluaverage", "mlu").flatMap {
            AcceleratorText.percent($0)
        }
        device.temperatureCelsius = text(["temperature"], "chip", "board").flatMap {
            AcceleratorText.celsius($0)
        }
        device.powerMilliwatts = text(["power"], "usage").flatMap { Scan.milliwatts($0) }
        device.powerLimitMilliwatts = text(["power"], "cap").flatMap { Scan.milliwatts($0) }
        device.driverVersion = AcceleratorText.version(
            card.at("driver")?.text ?? text(["version", "driver"], "driver", "version"))
        return device
    }
}
