import TextForms

/// The answers of Intel's `xpu-smi`: discovery, dump, statistics, processes and health, as tables, JSON and CSV.
package enum IntelXPU {
    /// Of `xpu-smi discovery --dump`: id, name, UUID, driver version, bus address, memory.
    package static let properties = "1,2,4,8,11,16"
    /// Of `xpu-smi dump -m`: utilization, power, core temperature, memory used.
    package static let metrics = "0,1,3,18"

    /// nil for a text that is none of them.
    package static func parse(_ text: String) -> AcceleratorList? {
        if let (value, isComplete) = JSONReader.document(text), var list = json(value) {
            list.isComplete = isComplete
            return list
        }
        return discovery(text) ?? IntelTable.statistics(text) ?? properties(text) ?? samples(text)
            ?? processes(text)
    }

    // MARK: JSON

    private static func json(_ value: JSONValue) -> AcceleratorList? {
        var list = AcceleratorList()
        if let rows = value.at("deviceutilbyproclist") {
            list.tellsKibibytes = true
            list.processes = rows.elements.compactMap { row in
                guard let device = index(row.at("deviceid")),
                    let id = row.at("processid")?.text.flatMap({ UInt32($0) })
                else { return nil }
                return AcceleratorProcess(
                    device: device, processID: id, name: row.at("processname")?.text,
                    memoryBytes: row.at("memsize")?.text.flatMap { Scan.bytes($0, unit: 1 << 10) })
            }
            return list
        }
        let devices = value.at("devicelist")?.elements ?? [value]
        for entry in devices {
            guard let index = index(entry.at("deviceid")),
                entry.members.contains(where: { names.contains($0.name) })
            else { continue }
            list.add(device(entry, index: index))
            list.tellsPower = list.tellsPower || entry.at("devicelevel") != nil
        }
        return list.devices.isEmpty ? nil : list
    }

    private static let names: Set<String> = [
        "devicename", "pcibdfaddress", "pcideviceid", "devicelevel", "memoryphysicalsizebyte", "vendorname",
    ]

    private static func index(_ value: JSONValue?) -> UInt32? {
        value?.text.flatMap { AcceleratorText.index($0) }
    }

    private static func device(_ entry: JSONValue, index: UInt32) -> Accelerator {
        var device = Accelerator(index: index)
        device.name = AcceleratorText.name(entry.at("devicename")?.text)
        device.uuid = entry.at("uuid")?.text.flatMap { Scan.identifier($0) }
        device.busID = AcceleratorText.bus(entry.at("pcibdfaddress")?.text)
        device.serial = entry.at("serialnumber")?.text.flatMap { Scan.identifier($0) }
        device.driverVersion = entry.at("driverversion")?.text.flatMap { Scan.identifier($0) }
        device.memoryTotalBytes = entry.at("memoryphysicalsizebyte")?.text.flatMap { Scan.bytes($0, unit: 1) }
        for statistic in entry.at("devicelevel")?.elements ?? [] {
            guard let text = statistic.at("value")?.text else { continue }
            switch statistic.at("metricstype")?.text {
            case "XPUM_STATS_GPU_UTILIZATION": device.utilizationPercent = AcceleratorText.percent(text)
            case "XPUM_STATS_POWER": device.powerMilliwatts = Scan.milliwatts(text)
            case "XPUM_STATS_GPU_CORE_TEMPERATURE": device.temperatureCelsius = AcceleratorText.celsius(text)
            default: break
            }
        }
        return device
    }

    // MARK: Discovery

    /// "| 0         | Device Name: Intel(R) Graphics [0x020a] |"; the lines of a device have no id but the first.
    private static func discovery(_ text: String) -> AcceleratorList? {
        var list = AcceleratorList()
        var isTable = false
        var device: Accelerator?
        for line in Scan.lines(text) {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).map { Scan.trimmed($0) }
            guard cells.count == 4, cells[0].isEmpty, cells[3].isEmpty else { continue }
            if cells[1] == "Device ID" {
                isTable = isTable || cells[2] == "Device Information"
                continue
            }
            guard let (name, value) = Scan.pair(cells[2]) else { continue }
            if !cells[1].isEmpty {
                if let device { list.add(device) }
                let isDevice = isTable || name == "Device Name" || name == "Device Type"
                device = isDevice ? AcceleratorText.index(cells[1]).map { Accelerator(index: $0) } : nil
            }
            if device != nil { set(name, value, &device) }
        }
        if let device { list.add(device) }
        return isTable || !list.devices.isEmpty ? list : nil
    }

    private static func set(_ name: String, _ value: String, _ device: inout Accelerator?) {
        switch name {
        case "Device Name": device?.name = AcceleratorText.name(value)
        case "UUID": device?.uuid = Scan.identifier(value)
        case "Serial Number": device?.serial = Scan.identifier(value)
        case "PCI BDF Address": device?.busID = AcceleratorText.bus(value)
        case "Driver Version": device?.driverVersion = Scan.identifier(value)
        case "Memory Physical Size": device?.memoryTotalBytes = AcceleratorText.bytes(value)
        default: break
        }
    }

    /// `discovery --dump`: a line of names, and a line a device.
    private static func properties(_ text: String) -> AcceleratorList? {
        var list = AcceleratorList()
        var names: [String]?
        for line in Scan.lines(text) {
            let cells = AcceleratorText.values(line)
            if cells.contains("Device ID"), cells.count > 1 {
                names = cells
                continue
            }
            guard let names, cells.count == names.count else { continue }
            let position = names.firstIndex(of: "Device ID") ?? 0
            guard let index = AcceleratorText.index(cells[position]) else { continue }
            var device: Accelerator? = Accelerator(index: index)
            for (name, cell) in zip(names, cells) { set(name, cell, &device) }
            if let device { list.add(device) }
        }
        return names == nil ? nil : list
    }

    // MARK: Samples

    /// `dump -m`: a line a sample; the last one of each device counts.
    private static func samples(_ text: String) -> AcceleratorList? {
        var list = AcceleratorList()
        var names: [String]?
        for line in Scan.lines(text) {
            let cells = AcceleratorText.values(line)
            if cells.first == "Timestamp", cells.contains("DeviceId") {
                names = cells
                list.tellsPower = cells.contains { $0.hasPrefix("GPU Power (W)") }
                continue
            }
            guard let names, cells.count == names.count, let position = names.firstIndex(of: "DeviceId"),
                let index = AcceleratorText.index(cells[position])
            else { continue }
            var device = Accelerator(index: index)
            for (name, cell) in zip(names, cells) { read(name, cell, &device) }
            list.add(device)
        }
        return names == nil ? nil : list
    }

    private static func read(_ name: String, _ cell: String, _ device: inout Accelerator) {
        switch name {
        case "TileId": device.part = AcceleratorText.index(cell)
        case "GPU Utilization (%)", "Average % utilization of all GPU Engines":
            device.utilizationPercent = AcceleratorText.percent(cell)
        case "GPU Power (W)": device.powerMilliwatts = Scan.milliwatts(cell)
        case "GPU Frequency (MHz)": device.clockMegahertz = Scan.unsigned(cell)
        case "GPU Core Temperature (Celsius Degree)":
            device.temperatureCelsius = AcceleratorText.celsius(cell)
        case "GPU Memory Used (MiB)": device.memoryUsedBytes = Scan.bytes(cell)
        case "Throttle reason": device.throttling = Scan.known(cell)
        default: break
        }
    }

    /// `ps`: process id, command, device, shared and own memory in KiB; a command may have blanks.
    private static func processes(_ text: String) -> AcceleratorList? {
        var list = AcceleratorList()
        list.tellsKibibytes = true
        for line in Scan.lines(text) {
            let words = Scan.words(line)
            if words == ["PID", "Command", "DeviceID", "SHR", "MEM"] {
                list.processes = list.processes ?? []
                continue
            }
            guard list.processes != nil, words.count >= 5, let processID = UInt32(words[0]),
                let device = AcceleratorText.index(words[words.count - 3]),
                UInt64(words[words.count - 2]) != nil
            else { continue }
            list.processes?.append(
                AcceleratorProcess(
                    device: device, processID: processID,
                    name: Scan.identifier(words[1..<(words.count - 3)].joined(separator: " ")),
                    memoryBytes: Scan.bytes(words[words.count - 1], unit: 1 << 10)))
        }
        return list.processes == nil ? nil : list
    }
}

/// Tables of `xpu-smi` with a name and a value a line: `stats -d 0` and `health -l`, one below the other.
enum IntelTable {
    static func statistics(_ text: String) -> AcceleratorList? {
        var list = AcceleratorList()
        var device: Accelerator?
        for line in Scan.lines(text) {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).map { Scan.trimmed($0) }
            guard cells.count == 4, cells[0].isEmpty, cells[3].isEmpty else { continue }
            if cells[1] == "Device ID" {
                if let device { list.add(device) }
                device = AcceleratorText.index(cells[2]).map { Accelerator(index: $0) }
                continue
            }
            set(cells[1], cells[2], &device)
            list.tellsPower = list.tellsPower || cells[1] == "GPU Power (W)"
        }
        if let device { list.add(device) }
        return list.devices.isEmpty ? nil : list
    }

    private static func set(_ name: String, _ value: String, _ device: inout Accelerator?) {
        switch name {
        case "GPU Utilization (%)": device?.utilizationPercent = AcceleratorText.percent(value)
        case "GPU Power (W)": device?.powerMilliwatts = Scan.milliwatts(value)
        case "GPU Frequency (MHz)": device?.clockMegahertz = Scan.unsigned(value)
        case "GPU Core Temperature (C)": device?.temperatureCelsius = AcceleratorText.celsius(value)
        case "GPU Memory Used (MiB)": device?.memoryUsedBytes = Scan.bytes(value)
        case "Mem Errors Uncorrectable": device?.uncorrectableErrors = AcceleratorText.count(value)
        case "Mem Errors Correctable": device?.correctableErrors = AcceleratorText.count(value)
        default:
            // The worst of "1. GPU Core Temperature | Status: Ok" …
            guard let (word, condition) = Scan.pair(value), word == "Status" else { return }
            if device?.condition == nil || condition.lowercased() != "ok" {
                device?.condition = Scan.identifier(condition)
            }
        }
    }
}
