import ClusterTypes
package import ProtocolMessages

/// One chip as `npu-smi` shows it. nil is "-", "NA" or a column that this version does not print.
package struct AscendDevice: Hashable, Sendable {
    package var card: UInt32
    package var chip: UInt32
    /// The "Device" or "Phy-ID" column.
    package var physicalID: UInt32?
    package var name: String
    /// As printed: "OK", "Warning", "Alarm", "Critical", "UNKNOWN".
    package var health: String?
    package var busID: String?
    package var powerMilliwatts: UInt32?
    package var temperatureCelsius: Int32?
    package var utilizationPercent: UInt32?
    /// The HBM pair where it has a total, else the Memory-Usage pair.
    package var memoryUsedBytes: Int64?
    package var memoryTotalBytes: Int64?

    package init(card: UInt32, chip: UInt32, name: String) {
        self.card = card
        self.chip = chip
        self.name = name
    }

    /// - Parameters:
    ///   - logicID: what `ASCEND_RT_VISIBLE_DEVICES` takes.
    ///   - fullName: of the mapping ("Ascend 910B3"), where there is one.
    package func report(logicID: UInt32, fullName: String?, driverVersion: String?) -> DeviceReport {
        let plain = name.first?.isNumber == true ? "Ascend " + name : name
        let (state, reason) = judgement
        return DeviceReport(
            type: .npu, vendor: "huawei", model: fullName ?? plain, index: card, chip: chip,
            visibleID: String(logicID), busID: busID, memoryTotalBytes: memoryTotalBytes,
            memoryUsedBytes: memoryUsedBytes, utilizationPercent: utilizationPercent,
            temperatureCelsius: temperatureCelsius, powerMilliwatts: powerMilliwatts,
            driverVersion: driverVersion, health: state, reason: reason)
    }

    private var judgement: (DeviceHealth, String?) {
        guard let health else { return (.unknown, nil) }
        let reason = "npu-smi says \(health)"
        switch health.lowercased() {
        case "ok": return (.ok, nil)
        case "warning", "alarm": return (.warning, reason)
        case "critical": return (.failed, reason)
        default: return (.unknown, reason)
        }
    }
}

/// The table of `npu-smi info`, in all forms seen from version 20 to 26.
package struct AscendInfo: Hashable, Sendable {
    package var toolVersion: String?
    package var driverVersion: String?
    package var devices: [AscendDevice] = []
    /// The table has its header, and every card row its chip row.
    package var isComplete: Bool { hasHeader && isBalanced }

    private var hasHeader = false
    private var isBalanced = true

    package init(parsing text: String) {
        var card: AscendDevice?
        var hasChip = true
        var physicalColumn = false
        for line in Scan.lines(text) {
            let line = Scan.trimmed(line)
            guard line.hasPrefix("|") else {
                // A rule ends the rows of one chip.
                if line.hasPrefix("+") {
                    isBalanced = isBalanced && hasChip
                    card = nil
                    hasChip = true
                }
                continue
            }
            let inside = line.dropFirst().dropLast(line.hasSuffix("|") ? 1 : 0)
            let cells = inside.split(separator: "|", omittingEmptySubsequences: false).map {
                Scan.trimmed($0)
            }
            // What follows is a list of processes, whose rows look like chips.
            if cells.contains(where: { $0.hasPrefix("Process id") }) { break }
            if cells.count == 1 {
                readVersions(cells[0])
                continue
            }
            guard cells.count == 3 || cells.count == 4 else { continue }
            let place = cells[0..<(cells.count - 2)].joined(separator: " ")
            if place.hasPrefix("NPU") {
                hasHeader = true
                continue
            }
            if cells[cells.count - 2] == "Bus-Id" {
                physicalColumn = place.contains("Device") || place.contains("Phy-ID")
                continue
            }
            if let known = card {
                if let device = Self.chip(place, cells, of: known, physicalColumn: physicalColumn) {
                    devices.append(device)
                    hasChip = true
                }
            } else {
                card = Self.card(place, cells)
                hasChip = card == nil
            }
        }
        isBalanced = isBalanced && hasChip
    }

    /// `npu-smi 24.1.rc3    Version: 24.1.rc3`.
    private mutating func readVersions(_ cell: String) {
        let words = Scan.words(cell)
        guard words.first == "npu-smi" else { return }
        if words.count > 1 { toolVersion = words[1] }
        if let label = words.firstIndex(of: "Version:"), label + 1 < words.count {
            driverVersion = Scan.known(words[label + 1])
        }
    }

    private static func card(_ place: String, _ cells: [String]) -> AscendDevice? {
        let words = Scan.words(place)
        guard let id = words.first.flatMap({ UInt32($0) }) else { return nil }
        let name = words.dropFirst().joined(separator: " ")
        var device = AscendDevice(card: id, chip: 0, name: name.isEmpty ? "NPU" : name)
        device.health = Scan.known(cells[cells.count - 2]) ?? "UNKNOWN"
        let readings = Scan.words(cells[cells.count - 1])
        device.powerMilliwatts = readings.first.flatMap { Scan.milliwatts($0) }
        device.temperatureCelsius = readings.count > 1 ? Scan.signed(readings[1]) : nil
        return device
    }

    private static func chip(
        _ place: String, _ cells: [String], of card: AscendDevice, physicalColumn: Bool
    ) -> AscendDevice? {
        var device = card
        // The newest tables have no chip column: one chip per card.
        let numbers = Scan.words(place)
        guard numbers.allSatisfy({ UInt32($0) != nil }), numbers.count <= 2 else { return nil }
        device.chip = numbers.first.flatMap { UInt32($0) } ?? 0
        device.physicalID = physicalColumn && numbers.count == 2 ? UInt32(numbers[1]) : nil
        device.busID = Scan.known(cells[cells.count - 2])
        // `60156/ 65536`: the slash may touch its number.
        let readings = Scan.words(cells[cells.count - 1].split(separator: "/").joined(separator: " "))
        guard let utilization = readings.first else { return nil }
        device.utilizationPercent = Scan.percent(utilization)
        let pairs = readings.dropFirst().map { Scan.bytes($0) }
        var pair: (used: Int64?, total: Int64?)?
        for start in stride(from: 0, to: pairs.count - 1, by: 2) {
            let (used, total) = (pairs[start], pairs[start + 1])
            if pair == nil || (total ?? 0) > 0 { pair = (used, total) }
        }
        device.memoryUsedBytes = pair?.used
        device.memoryTotalBytes = pair?.total
        return device
    }
}

/// Which logic id each chip has: `npu-smi info -m`.
package struct AscendMapping: Hashable, Sendable {
    package struct Chip: Hashable, Sendable {
        package var card: UInt32
        package var chip: UInt32
        package var logicID: UInt32
        package var name: String
    }

    /// Compute chips only: management chips have no logic id.
    package var chips: [Chip] = []

    package init(parsing text: String) {
        var header: [String] = []
        for line in Scan.lines(text) {
            let cells = Scan.columns(line)
            if cells.first == "NPU ID" {
                header = cells
                continue
            }
            guard cells.count >= 3 else { continue }
            func cell(_ name: String, _ usual: Int) -> String? {
                let position = header.isEmpty ? usual : header.firstIndex(of: name)
                return position.flatMap { $0 < cells.count ? cells[$0] : nil }
            }
            guard
                let card = cell("NPU ID", 0).flatMap({ UInt32($0) }),
                let chip = cell("Chip ID", 1).flatMap({ UInt32($0) }),
                let logicID = cell("Chip Logic ID", 2).flatMap({ UInt32($0) })
            else { continue }
            let name = cells.count > 3 ? cells[cells.count - 1] : ""
            chips.append(Chip(card: card, chip: chip, logicID: logicID, name: name))
        }
    }

    package func chip(card: UInt32, chip: UInt32) -> Chip? {
        chips.first { $0.card == card && $0.chip == chip }
    }
}

/// `key : value` lists: `npu-smi info -t common`, `-t usages`. For chips that the table does not show.
package struct AscendReadings: Hashable, Sendable {
    package var card: UInt32?
    package var utilizationPercent: UInt32?
    package var temperatureCelsius: Int32?
    package var powerMilliwatts: UInt32?
    package var memoryTotalBytes: Int64?
    /// Of that memory.
    package var memoryUsedPercent: UInt32?

    /// - Parameter chip: the chip to read, where the list names chips.
    package init(parsing text: String, chip: UInt32 = 0) {
        var values: [String: String] = [:]
        var block: [String: String] = [:]
        var blockChip: UInt32?
        var isManagement = false
        func isWanted() -> Bool { !isManagement && (blockChip == nil || blockChip == chip) }
        // Blocks are set apart by empty lines; a chip's number may be the first or the last line of its block.
        for line in Scan.lines(text) + [""] {
            guard let (key, value) = Scan.pair(line) else {
                if Scan.trimmed(line).isEmpty {
                    if isWanted() { values.merge(block) { old, _ in old } }
                    block = [:]
                    isManagement = false
                    blockChip = nil
                }
                continue
            }
            if key == "Chip ID" { blockChip = UInt32(value) }
            if key == "Chip Name" { isManagement = value.lowercased() == "mcu" }
            block[key.lowercased()] = value
        }
        func value(_ names: String...) -> String? {
            for name in names { if let value = values[name].flatMap({ Scan.known($0) }) { return value } }
            return nil
        }
        card = value("npu id").flatMap { UInt32($0) }
        utilizationPercent =
            value("aicore usage rate(%)", "ai core usage rate(%)", "npu utilization(%)")
            .flatMap { Scan.percent($0) }
        temperatureCelsius = value("temperature(c)", "npu temperature(c)").flatMap { Scan.signed($0) }
        powerMilliwatts =
            value("npu real-time power(w)", "power dissipation(w)").flatMap { Scan.milliwatts($0) }
        let high = value("hbm capacity(mb)").flatMap { Scan.bytes($0) }
        let low = value("ddr capacity(mb)").flatMap { Scan.bytes($0) }
        let isHigh = (high ?? 0) > 0 || (low == nil && value("hbm usage rate(%)") != nil)
        memoryTotalBytes = (high ?? 0) > 0 ? high : low
        memoryUsedPercent =
            (isHigh ? value("hbm usage rate(%)") : value("ddr usage rate(%)", "memory usage rate(%)"))
            .flatMap { Scan.percent($0) }
    }
}

/// Why `npu-smi` shows nothing.
package struct AscendFailure: Hashable, Sendable {
    package enum Code: String, Hashable, Sendable, CaseIterable {
        case initializationFailed = "dcmi_init_failed"
        case deviceInUse = "device_in_use"
        case missingLibrary = "missing_library"
        case other
    }

    package var code: Code
    package var line: String

    /// nil for a text without a known complaint.
    package init?(parsing text: String) {
        let signs: [(sign: String, code: Code)] = [
            ("device is used", .deviceInUse), ("-8020", .deviceInUse),
            ("error while loading shared libraries", .missingLibrary),
            ("initialize failed", .initializationFailed),
            ("initialized failed", .initializationFailed), ("container id verify failed", .other),
        ]
        let lines = Scan.lines(text).filter { !$0.isEmpty }
        let lower = lines.map { $0.lowercased() }
        for (sign, code) in signs {
            guard let position = lower.firstIndex(where: { $0.contains(sign) }) else { continue }
            self.code = code
            line = Scan.summary(String(lines[position]))
            return
        }
        return nil
    }

    package var advice: String {
        switch code {
        case .initializationFailed: "the Ascend driver does not answer (\(line))"
        case .deviceInUse: "another program holds the devices (\(line))"
        case .missingLibrary: "the driver's libraries are not found, see LD_LIBRARY_PATH (\(line))"
        case .other: line
        }
    }
}
