import TextForms

/// The answers of `mthreads-gmi`: its table, `-q` and `-q --json`.
package enum MooreThreadsGMI {
    /// nil for a text that is none of them.
    package static func parse(_ text: String) -> AcceleratorList? {
        if let (value, isComplete) = JSONReader.document(text), var list = json(value) {
            list.isComplete = isComplete
            return list
        }
        return table(text) ?? log(text)
    }

    // MARK: Table

    /// Two or three lines a GPU; bars stand only between the cells.
    private static func table(_ text: String) -> AcceleratorList? {
        var list = AcceleratorList()
        list.tellsVersions = true
        var isTable = false
        var isLower = false
        var isBelow = false
        for line in Scan.lines(text) {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).map { Scan.trimmed($0) }
            if cells[0].hasPrefix("mthreads-gmi:") {
                isTable = true
                let words = Scan.words(cells[0].replacing(":", with: " "))
                list.toolVersion = words.dropFirst().first.flatMap { AcceleratorText.version($0) }
                if let position = words.firstIndex(of: "Version"), position + 1 < words.count {
                    list.driverVersion = AcceleratorText.version(words[position + 1])
                }
            } else if cells.count == 3, cells[0].hasPrefix("ID "), cells[2].hasPrefix("%GPU") {
                isTable = true
            } else if cells.count == 3, isLower, let last = list.devices.indices.last {
                let word = Scan.words(cells[2]).first ?? ""
                if word.last == "C" { list.devices[last].temperatureCelsius = AcceleratorText.celsius(word) }
            } else if cells.count == 3, let device = device(cells) {
                list.add(device)
                isLower = true
                continue
            } else if cells == ["Processes:"] {
                isBelow = true
            } else if isBelow, cells.count == 1 {
                AcceleratorText.readProcess(Scan.words(cells[0]), into: &list)
            }
            isLower = false
        }
        return isTable || !list.devices.isEmpty ? list : nil
    }

    /// "0    MTT S80        |00000000:04:00.0    |0%    2MiB(16384MiB)"
    private static func device(_ cells: [String]) -> Accelerator? {
        let words = Scan.words(cells[0])
        let readings = Scan.words(cells[2])
        guard words.count >= 2, let index = AcceleratorText.index(words[0]),
            let bus = AcceleratorText.bus(cells[1]),
            let first = readings.first, first.last == "%" || first == "N/A"
        else { return nil }
        var device = Accelerator(index: index)
        device.name = AcceleratorText.name(words.dropFirst().joined(separator: " "))
        device.busID = bus
        device.utilizationPercent = AcceleratorText.percent(first)
        let memory = readings.dropFirst().joined().split(separator: "(")
        if memory.count == 2, memory[1].last == ")" {
            device.memoryUsedBytes = AcceleratorText.bytes(memory[0])
            device.memoryTotalBytes = AcceleratorText.bytes(memory[1].dropLast())
        }
        return device
    }

    // MARK: Keyed

    private static func json(_ value: JSONValue) -> AcceleratorList? {
        guard let devices = value.at("gpu")?.elements, devices.contains(where: { $0.at("index") != nil })
        else {
            return nil
        }
        var list = AcceleratorList()
        list.tellsVersions = true
        for device in devices {
            guard let index = device.at("index")?.text.flatMap({ AcceleratorText.index($0) }) else {
                continue
            }
            add(device, index: index, bus: nil, to: &list)
        }
        list.driverVersion = value.at("driverversion")?.text.flatMap { Scan.identifier($0) }
        return list
    }

    /// `-q`: sections "GPU0 00000000:04:00.0".
    private static func log(_ text: String) -> AcceleratorList? {
        var list = AcceleratorList()
        list.tellsVersions = true
        var isOurs = false
        let lines = Scan.lines(text).map { line -> String in
            let words = Scan.words(line)
            if words.first?.lowercased().contains("mthreads-gmi") ?? false { isOurs = true }
            guard let first = words.first, first.hasPrefix("GPU"),
                AcceleratorText.index(first.dropFirst(3)) != nil,
                words.count == 1 || (words.count == 2 && BusAddress(words[1]) != nil)
            else { return String(line) }
            return "section : " + first.dropFirst(3) + " " + (words.dropFirst().first ?? "")
        }
        let root = IndentedText.parse(lines.joined(separator: "\n"))
        for member in root.members where member.name == "section" && !member.value.members.isEmpty {
            let words = Scan.words(member.value.at("")?.text ?? "")
            guard let index = words.first.flatMap({ AcceleratorText.index($0) }) else { continue }
            add(member.value, index: index, bus: words.dropFirst().first, to: &list)
            isOurs =
                isOurs || member.value.at("mtbiosversion") != nil || member.value.at("productname") != nil
        }
        guard isOurs, !list.devices.isEmpty else { return nil }
        list.driverVersion = root.at("driverversion")?.text.flatMap { Scan.identifier($0) }
        return list
    }

    private static func add(_ section: JSONValue, index: UInt32, bus: String?, to list: inout AcceleratorList)
    {
        func text(_ section: JSONValue?, _ names: String...) -> String? {
            for name in names { if let text = section?.at(name)?.text { return text } }
            return nil
        }
        var device = Accelerator(index: index)
        device.name = AcceleratorText.name(text(section, "productname"))
        device.uuid = text(section, "gpuuuid", "uuid").flatMap { Scan.identifier($0) }
        device.serial = text(section, "serialnumber").flatMap { Scan.identifier($0) }
        device.busID =
            AcceleratorText.bus(bus) ?? AcceleratorText.bus(text(section.at("pci"), "busid", "pcibusid"))
        device.memoryTotalBytes = text(section.at("fbmemoryusage"), "total").flatMap { Scan.bytes($0) }
        device.memoryUsedBytes = text(section.at("fbmemoryusage"), "used").flatMap { Scan.bytes($0) }
        device.utilizationPercent = text(section.at("utilization"), "gpu").flatMap {
            AcceleratorText.percent($0)
        }
        device.temperatureCelsius =
            text(section.at("temperature"), "gpucurrenttemp").flatMap { AcceleratorText.celsius($0) }
        let power = section.at("powerreadings")
        device.powerMilliwatts = text(power, "powerdraw").flatMap { Scan.milliwatts($0) }
        device.powerLimitMilliwatts = text(power, "currentpowerlimit", "powerlimit").flatMap {
            Scan.milliwatts($0)
        }
        device.clockMegahertz = text(section.at("clocks"), "graphics").flatMap { Scan.unsigned($0) }
        list.tellsPower = list.tellsPower || power != nil
        list.add(device)
    }
}
