import TextForms

/// The answers of `hl-smi`: its table, `-Q … -f csv` and `-q`.
package enum GaudiSMI {
    /// What the agent asks for; the versions that lack a column refuse the whole question.
    package static let query = [
        "index", "module_id", "bus_id", "name", "uuid", "memory.total", "memory.used", "utilization.aip",
        "temperature.aip", "power.draw", "driver_version",
    ]

    /// nil for a text that is none of them.
    package static func parse(_ text: String) -> AcceleratorList? {
        table(text) ?? csv(text) ?? log(text)
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
            if !isBelow, cells.count <= 2, let first = cells.first, let (name, value) = Scan.pair(first) {
                switch name {
                case "HL-SMI Version":
                    isTable = true
                    list.toolVersion = version(value)
                case "Driver Version": list.driverVersion = Scan.identifier(value)
                case "Compute Processes": isBelow = true
                default: break
                }
            } else if words.first == "AIP", words.contains("Name") {
                isTable = true
            } else if cells.count == 3 {
                if let device = upper.flatMap({ device($0, cells) }) { list.add(device) }
                upper = isUpper(cells) ? cells : nil
                continue
            } else if isBelow, !cells.isEmpty {
                AcceleratorText.readProcess(words, into: &list)
            }
            upper = nil
        }
        return isTable || list.devices.contains { $0.name?.hasPrefix("HL-") ?? false } ? list : nil
    }

    /// "hl-1.14.0-fw-48.0.1.0" is 1.14.0.
    private static func version(_ text: String) -> String? {
        let words = text.split(separator: "-")
        guard words.first == "hl", words.count > 1 else { return nil }
        return AcceleratorText.version(words[1..<(words.firstIndex(of: "fw") ?? 2)].joined(separator: "-"))
    }

    private static func isUpper(_ cells: [String]) -> Bool {
        let words = Scan.words(cells[0])
        return words.count >= 2 && AcceleratorText.index(words[0]) != nil
            && Scan.words(cells[1]).first.flatMap { BusAddress($0) } != nil
    }

    private static func device(_ upper: [String], _ lower: [String]) -> Accelerator? {
        let words = Scan.words(upper[0])
        let memory = AcceleratorText.memory(lower[1])
        guard let index = AcceleratorText.index(words[0]), memory.total != nil || lower[1].contains("/")
        else { return nil }
        var device = Accelerator(index: index)
        device.name = AcceleratorText.name(words[1])
        device.busID = AcceleratorText.bus(Scan.words(upper[1]).first)
        device.memoryUsedBytes = memory.used
        device.memoryTotalBytes = memory.total
        AcceleratorText.sensors(lower[0], of: &device)
        device.utilizationPercent = Scan.words(lower[2]).first.flatMap { AcceleratorText.percent($0) }
        return device
    }

    // MARK: CSV

    /// - Parameter columns: for an answer without a line of names; nil: the first line with names that only this tool
    ///   has is it.
    package static func csv(_ text: String, columns: [String]? = nil) -> AcceleratorList? {
        var list = AcceleratorList()
        var names = columns
        for line in Scan.lines(text) {
            let cells = AcceleratorText.values(line)
            guard let names, cells.count == names.count else {
                if columns == nil, isHeader(cells) { names = cells.map(column) }
                continue
            }
            var values: [String: String] = [:]
            for (name, cell) in zip(names, cells) where values[name] == nil { values[name] = cell }
            if let device = device(values, position: list.devices.count) { list.add(device) }
        }
        guard let names, columns == nil || !list.devices.isEmpty else { return nil }
        list.tellsPower = names.contains("power.draw")
        list.driverVersion = list.devices.lazy.compactMap(\.driverVersion).first
        return list
    }

    private static func isHeader(_ cells: [String]) -> Bool {
        let names = cells.map(column)
        return names.contains("module_id") || names.contains { $0.hasSuffix(".aip") }
            || (names.contains("bus_id") && names.contains { query.contains($0) && $0 != "bus_id" })
    }

    /// `memory.total [MiB]` is `memory.total`.
    private static func column(_ cell: String) -> String {
        Scan.trimmed(cell.prefix { $0 != "[" }).lowercased()
    }

    private static func device(_ values: [String: String], position: Int) -> Accelerator? {
        let index = values["index"].flatMap { AcceleratorText.index($0) } ?? UInt32(clamping: position)
        guard
            values["index"] != nil || values["bus_id"] != nil || values["uuid"] != nil
                || values["module_id"] != nil
        else { return nil }
        if let text = values["index"], AcceleratorText.index(text) == nil { return nil }
        var device = Accelerator(index: index)
        device.runtimeID = values["module_id"].flatMap { AcceleratorText.index($0) }.map { String($0) }
        device.busID = AcceleratorText.bus(values["bus_id"])
        device.name = AcceleratorText.name(values["name"])
        device.uuid = values["uuid"].flatMap { Scan.identifier($0) }
        device.serial = values["serial"].flatMap { Scan.identifier($0) }
        device.memoryTotalBytes = values["memory.total"].flatMap { Scan.bytes($0) }
        device.memoryUsedBytes = values["memory.used"].flatMap { Scan.bytes($0) }
        device.utilizationPercent = values["utilization.aip"].flatMap { AcceleratorText.percent($0) }
        device.temperatureCelsius = values["temperature.aip"].flatMap { AcceleratorText.celsius($0) }
        device.powerMilliwatts = values["power.draw"].flatMap { Scan.milliwatts($0) }
        device.driverVersion = values["driver_version"].flatMap { Scan.identifier($0) }
        device.uncorrectableErrors = values["ecc.errors.uncorrected.aggregate.total"].flatMap {
            AcceleratorText.count($0)
        }
        return device
    }

    // MARK: Log

    /// `hl-smi -q`: sections "[0] AIP (accel0) 0000:19:00.0".
    private static func log(_ text: String) -> AcceleratorList? {
        var list = AcceleratorList()
        let root = IndentedText.parse(Scan.lines(text).map { section($0) }.joined(separator: "\n"))
        for member in root.members where member.name == "aip" {
            let words = Scan.words(member.value.at("")?.text ?? member.value.text ?? "")
            guard let index = words.first.flatMap({ AcceleratorText.index($0) }) else { continue }
            list.add(device(member.value, index: index, bus: words.last))
        }
        guard !list.devices.isEmpty else { return nil }
        list.tellsPower = list.devices.contains { $0.powerMilliwatts != nil }
        list.driverVersion = root.at("driverversion")?.text.flatMap { Scan.identifier($0) }
        return list
    }

    /// As a line with a name: "aip : 0 AIP (accel0) 0000:19:00.0".
    private static func section(_ line: Substring) -> String {
        let words = Scan.words(line)
        guard words.count >= 2, words[1] == "AIP", words[0].hasPrefix("["), words[0].hasSuffix("]") else {
            return String(line)
        }
        return "aip : "
            + ([String(words[0].dropFirst().dropLast())] + words.dropFirst()).joined(separator: " ")
    }

    private static func device(_ section: JSONValue, index: UInt32, bus: String?) -> Accelerator {
        var device = Accelerator(index: index)
        device.busID = AcceleratorText.bus(bus) ?? AcceleratorText.bus(section.at("pci", "busid")?.text)
        device.name = AcceleratorText.name(section.at("productname")?.text)
        device.uuid = section.at("uuid")?.text.flatMap { Scan.identifier($0) }
        device.serial = section.at("serialnumber")?.text.flatMap { Scan.identifier($0) }
        device.runtimeID = section.at("moduleid")?.text.flatMap { AcceleratorText.index($0) }.map {
            String($0)
        }
        device.condition = section.at("modulestatus")?.text.flatMap { Scan.identifier($0) }
        let memory = section.at("memoryusage") ?? section.at("fbmemoryusage")
        device.memoryTotalBytes = memory?.at("total")?.text.flatMap { Scan.bytes($0) }
        device.memoryUsedBytes = memory?.at("used")?.text.flatMap { Scan.bytes($0) }
        device.utilizationPercent = section.at("utilization", "aip")?.text.flatMap {
            AcceleratorText.percent($0)
        }
        device.temperatureCelsius =
            (section.at("temperature", "aipcurrenttemp") ?? section.at("temperature", "aip"))?.text
            .flatMap { AcceleratorText.celsius($0) }
        device.powerMilliwatts = section.at("powerreadings", "powerdraw")?.text.flatMap {
            Scan.milliwatts($0)
        }
        return device
    }
}
