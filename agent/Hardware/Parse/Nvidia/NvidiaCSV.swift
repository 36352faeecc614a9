import TextForms

/// The answer of `nvidia-smi --query-gpu=… --format=csv`: any columns in any order, with or without units,
/// with or without a header.
package struct NvidiaCSV: Hashable, Sendable {
    package var driverVersion: String?
    /// A row for a GPU that came before replaces it: `-l` prints them again and again.
    package var devices: [NvidiaDevice] = []
    /// As in the header, without units; nil where there is none.
    package var columns: [String]?

    /// What the agent asks for where the XML cannot be read; every driver since 2014 knows these.
    package static let query = [
        "index", "uuid", "pci.bus_id", "name", "driver_version", "memory.total", "memory.used",
        "utilization.gpu", "temperature.gpu", "power.draw",
    ]

    /// - Parameter columns: for an answer without a header line; nil: the header names them, or the cells' own form
    ///   does as far as it can.
    ///
    /// nil for a text that is no such table.
    package init?(parsing text: String, columns: [String]? = nil) {
        let lines = NvidiaCells.lines(text)
        if let columns {
            read(lines, columns)
        } else if let header = lines.firstIndex(where: Self.isHeader) ?? Self.singleHeader(lines) {
            // Warnings may stand before the header.
            let names = lines[header].map(NvidiaCells.columnName)
            self.columns = names
            read(lines[(header + 1)...], names)
        } else {
            var rows = lines.filter(Self.isRow)
            if rows.isEmpty, lines.allSatisfy(Self.isWeakRow) { rows = lines }
            guard !rows.isEmpty, Set(rows.map(\.count)).count == 1 else { return nil }
            for row in rows { add(Self.device(Self.values(row), position: devices.count)) }
        }
    }

    private mutating func read(_ lines: some Sequence<[String]>, _ names: [String]) {
        for cells in lines where cells.count == names.count && cells.map(NvidiaCells.columnName) != names {
            let values = Dictionary(zip(names, cells)) { first, _ in first }
            add(Self.device(values, position: devices.count))
            driverVersion = driverVersion ?? values["driver_version"].flatMap { NvidiaValue.known($0) }
        }
    }

    private mutating func add(_ device: NvidiaDevice) {
        let known = devices.firstIndex {
            if let uuid = device.uuid, let other = $0.uuid {
                return uuid == other && $0.index == device.index
            }
            if let bus = device.busID, let other = $0.busID { return bus == other }
            return false
        }
        if let known { devices[known] = device } else { devices.append(device) }
    }

    private static func device(_ values: [String: String], position: Int) -> NvidiaDevice {
        func value(_ names: String...) -> String? {
            for name in names {
                if let value = values[name].flatMap({ NvidiaValue.known($0) }) { return value }
            }
            return nil
        }
        func count(_ name: String) -> UInt64? { value(name).flatMap { NvidiaValue.count($0) } }
        func flag(_ name: String) -> Bool? { value(name).flatMap { NvidiaValue.flag($0) } }
        let index = value("index").flatMap { Scan.unsigned($0) } ?? UInt32(clamping: position)
        var device = NvidiaDevice(index: index, name: value("name", "gpu_name"))
        device.uuid = value("uuid", "gpu_uuid").flatMap { Scan.identifier($0) }
        device.busID = value("pci.bus_id", "gpu_bus_id").flatMap { Scan.identifier($0) }
        device.memoryTotalBytes = value("memory.total").flatMap { Scan.bytes($0) }
        device.memoryUsedBytes = value("memory.used").flatMap { Scan.bytes($0) }
        device.utilizationPercent = value("utilization.gpu").flatMap { Scan.percent($0) }
        device.temperatureCelsius = value("temperature.gpu").flatMap { Scan.signed($0) }
        device.powerMilliwatts =
            value("power.draw", "power.draw.average", "power.draw.instant").flatMap { Scan.milliwatts($0) }
        device.powerLimitMilliwatts =
            value("enforced.power.limit", "power.limit").flatMap { Scan.milliwatts($0) }
        device.isPersistent = flag("persistence_mode")
        device.multiprocessorMegahertz =
            value("clocks.current.sm", "clocks.sm").flatMap { NvidiaValue.megahertz($0) }
        device.memoryMegahertz =
            value("clocks.current.memory", "clocks.mem").flatMap { NvidiaValue.megahertz($0) }
        device.throttleReasons = throttleReasons(values)
        device.migMode = value("mig.mode.current")
        device.hasMIGMode = values["mig.mode.current"] != nil
        device.volatileErrors = errors("volatile", count)
        device.aggregateErrors = errors("aggregate", count)
        device.aggregateErrors?.isThresholdExceeded = flag(
            "ecc.errors.uncorrected.aggregate.sram.thresholdExceeded")
        let rows = NvidiaRemappedRows(
            corrected: count("remapped_rows.correctable"), uncorrected: count("remapped_rows.uncorrectable"),
            isPending: flag("remapped_rows.pending"), hasFailed: flag("remapped_rows.failure"))
        device.remappedRows = rows == NvidiaRemappedRows() ? nil : rows
        let pages = NvidiaRetiredPages(
            singleBit: count("retired_pages.single_bit_ecc.count"),
            doubleBit: count("retired_pages.double_bit.count"), isPending: flag("retired_pages.pending"))
        device.retiredPages = pages == NvidiaRetiredPages() ? nil : pages
        device.recoveryAction =
            values["gpu_recovery_action"] == "None" ? "None" : value("gpu_recovery_action")
        let failure = values.values.compactMap { NvidiaValue.failure($0) }.min()
        device.judge(failures: failure.map { ["nvidia-smi says \"\($0)\""] } ?? [])
        return device
    }

    private static func errors(_ kind: String, _ count: (String) -> UInt64?) -> NvidiaMemoryErrors? {
        let errors = NvidiaMemoryErrors(
            corrected: count("ecc.errors.corrected.\(kind).total"),
            uncorrected: count("ecc.errors.uncorrected.\(kind).total"))
        return errors == NvidiaMemoryErrors() ? nil : errors
    }

    /// A column for each reason, or one with all of them as bits; under the old name or the new one.
    private static func throttleReasons(_ values: [String: String]) -> [String]? {
        for prefix in ["clocks_event_reasons.", "clocks_throttle_reasons."] {
            if let mask = values[prefix + "active"], mask.hasPrefix("0x"),
                let bits = UInt64(mask.dropFirst(2), radix: 16)
            {
                return reasons.indices.filter { bits & (1 << UInt64($0)) != 0 }.map { reasons[$0] }
            }
            let flags = reasons.map { values[prefix + $0].flatMap { NvidiaValue.flag($0) } }
            guard flags.contains(where: { $0 != nil }) else { continue }
            return zip(reasons, flags).filter { $1 == true }.map(\.0)
        }
        return nil
    }

    /// By their bits in NVML.
    private static let reasons = [
        "gpu_idle", "applications_clocks_setting", "sw_power_cap", "hw_slowdown", "sync_boost",
        "sw_thermal_slowdown", "hw_thermal_slowdown", "hw_power_brake_slowdown", "display_clocks_setting",
    ]
}

// MARK: Rows and headers

extension NvidiaCSV {
    /// Names of columns, one of them certainly the tool's.
    private static func isHeader(_ cells: [String]) -> Bool {
        let names = cells.map(NvidiaCells.columnName)
        guard
            names.allSatisfy({ name in
                !name.isEmpty && name.utf8.allSatisfy(NvidiaCells.isNameByte)
                    && name.contains(where: \.isLetter)
            })
        else { return false }
        if names.contains("pid") { return false }
        return names.contains { name in prefixes.contains { name.hasPrefix($0) } }
            || (names.count > 1 && names.contains { ["name", "uuid", "index"].contains($0) })
    }

    private static let prefixes = [
        "memory.", "utilization.", "temperature.", "power.", "enforced.power", "clocks.", "clocks_", "pci.",
        "pcie.", "gpu_name", "gpu_uuid", "gpu_bus_id", "gpu_serial", "driver_version", "ecc.", "mig.mode",
        "fan.speed", "compute_cap", "compute_mode", "persistence_mode", "vbios_version", "remapped_rows.",
        "retired_pages.",
    ]

    /// One column with a name that others use, too: nothing may stand above it.
    private static func singleHeader(_ lines: [[String]]) -> Int? {
        guard lines.count > 1, lines.allSatisfy({ $0.count == 1 }) else { return nil }
        if lines[0] == ["name"] { return 0 }
        return lines[0] == ["uuid"] && NvidiaCells.isGPUIdentifier(lines[1][0]) ? 0 : nil
    }

    /// A line without a header above it that only this tool prints: the UUID of a GPU, or an index and a name
    /// followed by nothing but values.
    private static func isRow(_ cells: [String]) -> Bool {
        guard cells.count > 1, !NvidiaProcessList.isRow(cells) else { return false }
        if cells.contains(where: NvidiaCells.isGPUIdentifier) { return true }
        let kinds = cells.map(Kind.init)
        return kinds[0] == .number && Scan.unsigned(cells[0]).map { $0 < 64 } == true && kinds[1] == .word
            && !isState(cells[1]) && areValues(cells.dropFirst(2))
    }

    /// A line that others may print, too: a name and values, or only values.
    private static func isWeakRow(_ cells: [String]) -> Bool {
        guard cells.count > 1, cells.contains(where: { Kind($0) == .memory }) else { return false }
        return areValues(cells[...]) || (Kind(cells[0]) == .word && areValues(cells.dropFirst()))
    }

    /// Numbers with units, what the tool writes for unknown ones, modes and states; bare numbers only beside
    /// others.
    private static func areValues(_ cells: ArraySlice<String>) -> Bool {
        let kinds = cells.map(Kind.init)
        return zip(kinds, cells).allSatisfy { $0 != .word || isState($1) }
            && (kinds.contains { [.percent, .memory, .power, .clock].contains($0) }
                || cells.contains("[N/A]"))
    }

    private enum Kind {
        case number, percent, memory, power, clock, identifier, bus, nothing, word

        init(_ cell: String) {
            if NvidiaCells.isGPUIdentifier(cell) {
                self = .identifier
            } else if BusAddress(cell) != nil {
                self = .bus
            } else if NvidiaValue.known(cell) == nil {
                self = .nothing
            } else if Double(cell) != nil {
                self = .number
            } else if Scan.number(cell) != nil, let unit = Scan.words(cell).last {
                switch unit {
                case "%": self = .percent
                case "MiB": self = .memory
                case "W": self = .power
                case "MHz": self = .clock
                default: self = .word
                }
            } else {
                self = .word
            }
        }
    }

    /// What cells say by their own form. What two columns print alike stays unknown.
    private static func values(_ cells: [String]) -> [String: String] {
        var values: [String: String] = [:]
        let kinds = cells.map(Kind.init)
        func only(_ kind: Kind) -> String? {
            let found = zip(kinds, cells).filter { $0.0 == kind }.map(\.1)
            return found.count == 1 ? found[0] : nil
        }
        values["uuid"] = only(.identifier)
        values["pci.bus_id"] = only(.bus)
        // Of very many columns several print alike.
        guard cells.count <= guessedColumns else { return values }
        let texts = cells.map { NvidiaValue.known($0) ?? "" }
        let isIndex = kinds[0] == .number && Scan.unsigned(cells[0]).map { $0 < 64 } == true
        if isIndex { values["index"] = cells[0] }
        // The name is the first word; other words are modes and states.
        values["name"] = zip(kinds, texts).first { $0.0 == .word && !isState($0.1) }?.1
        values["power.draw"] = only(.power)
        // With units only the temperature has none.
        let hasUnits = kinds.contains { [.percent, .memory, .power, .clock].contains($0) }
        let numbers = zip(kinds, cells).dropFirst(isIndex ? 1 : 0).filter { $0.0 == .number }.map(\.1)
        if hasUnits, numbers.count == 1, Scan.unsigned(numbers[0]).map({ $0 < 128 }) == true {
            values["temperature.gpu"] = numbers[0]
        }
        // The GPU's utilization comes before the memory's in every list.
        values["utilization.gpu"] = zip(kinds, cells).first { $0.0 == .percent }?.1
        let memory = zip(kinds, cells).filter { $0.0 == .memory }.map(\.1)
        let sizes = memory.compactMap { Scan.bytes($0) }
        if memory.count == 2, sizes.count == 2 {
            let isFirstLarger = sizes[0] > sizes[1]
            values["memory.total"] = isFirstLarger ? memory[0] : memory[1]
            values["memory.used"] = isFirstLarger ? memory[1] : memory[0]
        } else if memory.count == 1, values["name"] != nil {
            values["memory.total"] = memory[0]
        }
        return values
    }

    private static let guessedColumns = 16

    private static func isState(_ cell: String) -> Bool {
        let states = [
            "Enabled", "Disabled", "Default", "Active", "Not Active", "Yes", "No", "On", "Off", "WDDM",
        ]
        if states.contains(cell) { return true }
        // A performance state ("P0"), a version or a time of day.
        if cell.first == "P", UInt8(cell.dropFirst()) != nil { return true }
        return !cell.contains(where: \.isLetter)
    }
}

/// Lines of comma-separated cells.
enum NvidiaCells {
    static func lines(_ text: String) -> [[String]] {
        Scan.lines(text).map { Scan.trimmed($0) }.filter { !$0.isEmpty && !$0.hasPrefix("#") }.map { line in
            line.split(separator: ",", omittingEmptySubsequences: false).map { Scan.trimmed($0) }
        }
    }

    /// `memory.total [MiB]` is `memory.total`.
    static func columnName(_ cell: String) -> String { Scan.trimmed(cell.prefix { $0 != "[" }) }

    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    static func isGPUIdentifier(_ cell: String) -> Bool { cell.hasPrefix("GPU-") || cell.hasPrefix("MIG-") }
}
