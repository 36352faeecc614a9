import TextForms

/// The answers of `amd-smi`: list, static, metric and process as text and as JSON, its table and its monitor.
package enum AmdSMI {
    /// nil for a text that is none of them.
    package static func parse(_ text: String) -> AcceleratorList? {
        if let (value, isComplete) = JSONReader.document(text), var list = keyed(entries(value)) {
            list.isComplete = isComplete
            return list
        }
        return keyed(IndentedText.parse(text).members.filter { $0.name == "gpu" }.map(\.value))
            ?? AmdTable.parse(text) ?? AmdMonitor.parse(text)
    }

    /// A list of GPUs, or an object that holds it beside one of CPUs.
    private static func entries(_ value: JSONValue) -> [JSONValue] {
        let list = value.at("gpudata")?.elements ?? (value.members.isEmpty ? value.elements : [value])
        return list.filter { $0.at("gpu")?.text.flatMap { AcceleratorText.index($0) } != nil }
    }

    /// Sections that a GPU has and other keyed texts do not.
    private static let sections: Set<String> = [
        "asic", "bus", "bdf", "board", "vram", "power", "usage", "memusage", "temperature", "ecc", "limit",
        "clock",
        "driver", "processlist", "processinfo", "vramused", "powerusage", "kfdid", "partition", "xgmierr",
        "fan",
    ]

    private static func keyed(_ entries: [JSONValue]) -> AcceleratorList? {
        guard
            entries.contains(where: { entry in entry.members.contains { sections.contains($0.name) } })
        else { return nil }
        var list = AcceleratorList()
        for entry in entries {
            guard let index = (entry.at("gpu") ?? entry.at(""))?.text.flatMap({ AcceleratorText.index($0) })
            else {
                continue
            }
            list.add(device(entry, index: index))
            list.tellsPower = list.tellsPower || entry.at("power") != nil || entry.at("powerusage") != nil
            if let found = processes(entry, index: index) { list.processes = (list.processes ?? []) + found }
        }
        list.driverVersion = list.devices.lazy.compactMap(\.driverVersion).first
        nameForRuntime(&list)
        return list
    }

    private static func device(_ entry: JSONValue, index: UInt32) -> Accelerator {
        func text(_ section: String, _ names: String...) -> String? {
            for name in names { if let text = entry.at(section, name)?.text { return text } }
            return nil
        }
        var device = Accelerator(index: index)
        device.name =
            AcceleratorText.name(text("asic", "marketname"))
            ?? AcceleratorText.name(text("board", "productname"))
        device.uuid = entry.at("uuid")?.text.flatMap { Scan.identifier($0) }
        device.busID = AcceleratorText.bus(text("bus", "bdf") ?? entry.at("bdf")?.text)
        device.serial = (text("board", "productserial")).flatMap { Scan.identifier($0) }
        let total =
            text("vram", "size", "vramsize") ?? text("memusage", "totalvram") ?? entry.at("vramtotal")?.text
        device.memoryTotalBytes = total.flatMap { Scan.bytes($0) }.flatMap { $0 > 0 ? $0 : nil }
        device.memoryUsedBytes = (text("memusage", "usedvram") ?? entry.at("vramused")?.text).flatMap {
            Scan.bytes($0)
        }
        device.utilizationPercent =
            (text("usage", "gfxactivity", "gfxusage") ?? entry.at("gfx")?.text).flatMap {
                AcceleratorText.percent($0)
            }
        device.temperatureCelsius =
            (text("temperature", "edge", "hotspot") ?? entry.at("hotspottemperature")?.text)
            .flatMap { AcceleratorText.celsius($0) }
        device.powerMilliwatts =
            (text("power", "socketpower", "currentsocketpower", "averagesocketpower", "currentpower")
            ?? entry.at("powerusage")?.text).flatMap { Scan.milliwatts($0) }
        device.powerLimitMilliwatts = text("limit", "socketpower", "maxpower").flatMap { Scan.milliwatts($0) }
        device.throttling = text("power", "throttlestatus").flatMap { $0 == "UNTHROTTLED" ? nil : $0 }
        device.correctableErrors = text("ecc", "totalcorrectablecount").flatMap { AcceleratorText.count($0) }
        device.uncorrectableErrors = text("ecc", "totaluncorrectablecount").flatMap {
            AcceleratorText.count($0)
        }
        device.partition = text("partition", "computepartition", "acceleratorpartition")
        device.driverVersion = text("driver", "version", "driverversion").flatMap { Scan.identifier($0) }
        device.runtimeID =
            entry.at("hipuuid")?.text.flatMap { runtimeID($0) }
            ?? text("asic", "asicserial").flatMap { runtimeID($0) }
        return device
    }

    /// The runtime's own name of a GPU: "GPU-" and 16 digits of its unique id, which 0 is not.
    static func runtimeID(_ text: String) -> String? {
        let lower = text.lowercased()
        let digits =
            lower.hasPrefix("gpu-")
            ? lower.dropFirst(4) : lower.hasPrefix("0x") ? lower.dropFirst(2) : lower[...]
        guard let number = UInt64(digits, radix: 16), number > 0, number < .max else { return nil }
        let hexadecimal = String(number, radix: 16)
        return "GPU-" + String(repeating: "0", count: 16 - hexadecimal.count) + hexadecimal
    }

    /// Partitions of one GPU share its unique id, and the runtime would take the first: they are told apart by index.
    static func nameForRuntime(_ list: inout AcceleratorList) {
        let counts = list.devices.reduce(into: [String: Int]()) { $0[$1.runtimeID ?? "", default: 0] += 1 }
        guard counts.values.contains(where: { $0 > 1 }) || counts[""] != nil else { return }
        for position in list.devices.indices { list.devices[position].runtimeID = nil }
    }

    /// nil without a list of processes; one without processes says so in words.
    private static func processes(_ entry: JSONValue, index: UInt32) -> [AcceleratorProcess]? {
        var found = entry.members.filter { $0.name == "processinfo" }.map(\.value)
        if let list = entry.at("processlist") {
            found += list.elements.map { $0.at("processinfo") ?? $0 }
            found += list.members.filter { $0.name == "processinfo" }.map(\.value)
        } else if found.isEmpty {
            return nil
        }
        return found.compactMap { process in
            guard let processID = process.at("pid")?.text.flatMap({ UInt32($0) }) else { return nil }
            let memory =
                process.at("memoryusage", "vrammem") ?? process.at("vrammem") ?? process.at("memusage")
            return AcceleratorProcess(
                device: index, processID: processID, name: process.at("name")?.text,
                memoryBytes: memory?.text.flatMap { Scan.bytes($0, unit: 1) })
        }
    }
}

/// The table that `amd-smi` prints by itself since 2025: two lines a GPU.
enum AmdTable {
    static func parse(_ text: String) -> AcceleratorList? {
        var list = AcceleratorList()
        var isTable = false
        var first: [[String]]?
        for line in Scan.lines(text) {
            let cells = AcceleratorText.cells(line).map { Scan.words($0) }
            if let words = cells.first,
                words.first == "AMD-SMI" || words.first == "BDF" || words.contains("HIP-ID")
            {
                isTable = true
                if words.first == "AMD-SMI" { readVersions(words, &list) }
            }
            guard cells.count == 2, let head = cells[0].first else {
                first = nil
                continue
            }
            if BusAddress(head) != nil {
                first = cells
            } else if let upper = first, let index = AcceleratorText.index(head), cells[1].count >= 3 {
                list.add(device(upper, cells, index: index))
                first = nil
            }
        }
        list.tellsPower = true
        list.tellsVersions = true
        AmdSMI.nameForRuntime(&list)
        return isTable || !list.devices.isEmpty ? list : nil
    }

    /// "AMD-SMI 26.2.0+021c61fc amdgpu version: 6.16.6 ROCm version: 7.1.1"
    private static func readVersions(_ words: [String], _ list: inout AcceleratorList) {
        list.toolVersion = words.dropFirst().first.flatMap { AcceleratorText.version($0) }
        if let position = words.firstIndex(of: "amdgpu"), words.count > position + 2 {
            list.driverVersion = AcceleratorText.version(words[position + 2])
        }
    }

    private static func device(_ upper: [[String]], _ lower: [[String]], index: UInt32) -> Accelerator {
        var device = Accelerator(index: index)
        device.busID = AcceleratorText.bus(upper[0].first)
        device.name = AcceleratorText.name(upper[0].dropFirst().joined(separator: " "))
        // "0 %  37 °C  0  141/750 W" over "0 %  N/A  285/196288 MB"; a number and its unit may be two words.
        if let unit = upper[1].firstIndex(where: { $0.hasSuffix("C") && !$0.contains("/") }) {
            let word = upper[1][unit]
            let number = word.first.map(\.isNumber) ?? false ? word : unit > 0 ? upper[1][unit - 1] : ""
            device.temperatureCelsius = AcceleratorText.celsius(number)
        }
        if upper[1].last == "W", upper[1].count >= 2 {
            let parts = upper[1][upper[1].count - 2].split(separator: "/")
            if parts.count == 2 {
                device.powerMilliwatts = Scan.milliwatts(parts[0])
                device.powerLimitMilliwatts = Scan.milliwatts(parts[1])
            }
        }
        if lower[1].count >= 2, lower[1][1] == "%" || lower[1][0].hasSuffix("%") {
            device.utilizationPercent = AcceleratorText.percent(lower[1][0])
        }
        if let unit = lower[1].last, lower[1].count >= 2 {
            let parts = lower[1][lower[1].count - 2].split(separator: "/")
            if parts.count == 2 {
                device.memoryUsedBytes = AcceleratorText.bytes(parts[0] + unit)
                device.memoryTotalBytes = AcceleratorText.bytes(parts[1] + unit)
            }
        }
        return device
    }
}

/// `amd-smi monitor`: a line a GPU below a line of names, whose names have changed with every version.
enum AmdMonitor {
    static func parse(_ text: String) -> AcceleratorList? {
        var list = AcceleratorList()
        var names: [String]?
        for line in Scan.lines(text) {
            let words = Scan.words(line)
            if words.first == "GPU", words.contains(where: { $0.hasPrefix("VRAM_") || $0 == "POWER" }) {
                names = words
                list.tellsPower = words.contains("POWER")
                continue
            }
            let cells = Scan.columns(line)
            guard let names, cells.count == names.count, let index = AcceleratorText.index(cells[0]) else {
                continue
            }
            var values: [String: String] = [:]
            for (name, cell) in zip(names, cells) where values[name] == nil { values[name] = cell }
            list.add(device(values, index: index))
        }
        return names == nil ? nil : list
    }

    private static func device(_ values: [String: String], index: UInt32) -> Accelerator {
        func value(_ names: String...) -> String? {
            for name in names { if let value = values[name].flatMap({ Scan.known($0) }) { return value } }
            return nil
        }
        var device = Accelerator(index: index)
        device.powerMilliwatts = value("POWER").flatMap { Scan.milliwatts($0) }
        device.temperatureCelsius = value("GPU_TEMP", "GPU_T").flatMap { AcceleratorText.celsius($0) }
        device.utilizationPercent = value("GFX_UTIL", "GFX%", "GFX").flatMap { AcceleratorText.percent($0) }
        device.memoryUsedBytes = value("VRAM_USED").flatMap { AcceleratorText.bytes($0) }
        device.memoryTotalBytes = value("VRAM_TOTAL").flatMap { AcceleratorText.bytes($0) }
        // "0.3/192.0 GB"
        if let parts = value("VRAM_USAGE")?.split(separator: "/"), parts.count == 2,
            let unit = Scan.words(parts[1]).last
        {
            device.memoryUsedBytes = AcceleratorText.bytes(parts[0] + unit)
            device.memoryTotalBytes = AcceleratorText.bytes(parts[1])
        }
        return device
    }
}
