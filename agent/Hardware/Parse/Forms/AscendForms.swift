import TextForms

// What Mortise reads in saved outputs of `npu-smi`.

extension ToolForm {
    static var ascend: [ToolForm] {
        [
            ToolForm(
                name: "npu-smi-info", command: "npu-smi info", recognizes: AscendInfo.isSaved,
                read: AscendInfo.reading),
            ToolForm(
                name: "npu-smi-vnpu", command: "npu-smi info -t info-vnpu",
                recognizes: { output in
                    let virtual = AscendVirtual(parsing: output.text)
                    return virtual.hasHeader || virtual.count != nil
                }, read: AscendVirtual.reading),
            ToolForm(
                name: "npu-smi-mapping", command: "npu-smi info -m",
                recognizes: AscendMapping.isSaved, read: AscendMapping.reading),
            ToolForm(
                name: "npu-smi-topo", command: "npu-smi info -t topo",
                recognizes: { !AscendTopology(parsing: $0.text).rows.isEmpty }, read: AscendTopology.reading),
            ToolForm(
                name: "npu-smi-watch", command: "npu-smi info watch",
                recognizes: { AscendWatch(parsing: $0.text).hasHeader }, read: AscendWatch.reading),
            ToolForm(
                name: "npu-smi-proc-mem", command: "npu-smi info -t proc-mem",
                recognizes: { AscendProcessList(parsing: $0.text).isKnown }, read: AscendProcessList.reading),
        ] + AscendList.Topic.allCases.map(\.form) + [
            ToolForm(
                name: "npu-smi-version", command: "npu-smi -v",
                recognizes: { AscendVersion(parsing: $0.text) != nil },
                read: { output in
                    let version = AscendVersion(parsing: output.text)
                    return output.ascend([], [("tool_version", .known(version?.tool))])
                }),
            ToolForm(
                name: "npu-smi-error", command: "npu-smi",
                recognizes: { AscendFailure(parsing: $0.text) != nil }, read: { $0.ascend([], []) }),
        ]
    }
}

extension SavedOutput {
    /// A reading with what the tool complains of, which may stand beside an answer.
    fileprivate func ascend(
        _ devices: [DeviceReading], _ others: [(key: String, value: JSONText.Value?)]
    ) -> ToolReading {
        let failure = AscendFailure(parsing: text)
        let details: [(key: String, value: JSONText.Value?)] = [
            ("code", .optional(failure?.number)), ("library", .optional(failure?.library)),
        ]
        return ToolReading(devices: devices, error: failure?.code.rawValue, others: others + details)
    }
}

extension AscendInfo {
    /// The head of the table or a row of its versions; without them, chips that no other tool prints so.
    fileprivate static func isSaved(_ output: SavedOutput) -> Bool {
        let info = AscendInfo(parsing: output.text)
        if info.hasHeader || info.toolVersion != nil || info.processes != nil { return true }
        let states: Set<String?> = ["ok", "warning", "alarm", "critical", "unknown"]
        return info.devices.contains { device in
            states.contains(device.health?.lowercased()) && device.memory?.total != nil
        }
    }

    fileprivate static func reading(_ output: SavedOutput) -> ToolReading {
        let info = AscendInfo(parsing: output.text)
        return output.ascend(
            info.devices.map(\.reading),
            [
                ("tool_version", .known(info.toolVersion)), ("driver_version", .known(info.driverVersion)),
                ("processes", info.processes.map { .array($0.map(\.json)) }),
            ])
    }
}

extension AscendDevice {
    fileprivate var reading: DeviceReading {
        var others: [(key: String, value: JSONText.Value?)] = [
            ("power_w", .known(milliwatts: powerMilliwatts)), ("phy_id", .optional(physicalID)),
            ("hugepages", hugePages.map { .array([.known($0.used), .known($0.total)]) }),
        ]
        if highBandwidthMemory != nil {
            others.append(("ddr_total_mib", .known(memory?.total.map { $0 >> 20 })))
            others.append(("ddr_used_mib", .known(memory?.used.map { $0 >> 20 })))
        }
        return DeviceReading(
            index: card, chip: chip, name: name, busID: busID,
            memoryTotalMiB: workMemory?.total.map { $0 >> 20 },
            memoryUsedMiB: workMemory?.used.map { $0 >> 20 },
            utilizationPercent: utilizationPercent, temperatureCelsius: temperatureCelsius, health: health,
            others: others)
    }
}

extension AscendProcess {
    fileprivate var json: JSONText.Value {
        .object([
            ("npu", .known(card)), ("chip", .optional(chip)), ("pid", .integer(processID)),
            ("name", .string(name)), ("memory_mib", .known(memoryBytes.map { $0 >> 20 })),
            ("container_pid", .optional(containerProcessID)),
        ])
    }
}

extension JSONText.Value {
    fileprivate static func known(milliwatts: UInt32?) -> Self {
        milliwatts.map { .thousandths($0) } ?? .null
    }
}

extension AscendMapping {
    /// Its head, or rows whose chips have the maker's name.
    fileprivate static func isSaved(_ output: SavedOutput) -> Bool {
        let mapping = AscendMapping(parsing: output.text)
        let isNamed = mapping.chips.allSatisfy { $0.name.hasPrefix("Ascend") }
        return mapping.hasHeader || (!mapping.chips.isEmpty && isNamed)
    }

    fileprivate static func reading(_ output: SavedOutput) -> ToolReading {
        let mapping = AscendMapping(parsing: output.text)
        let devices = mapping.chips.map { chip in
            DeviceReading(
                index: chip.card, chip: chip.chip, name: AscendText.name(chip.name),
                others: [
                    ("logic_id", chip.hasLogicColumn ? .integer(chip.logicID) : nil),
                    ("phy_id", .optional(chip.physicalID)),
                ])
        }
        let units = mapping.units.map { unit -> JSONText.Value in
            .array([.integer(unit.card), .integer(unit.chip), .string(unit.name)])
        }
        return output.ascend(devices, [("non_chip_rows", .array(units))])
    }
}

extension AscendTopology {
    fileprivate static func reading(_ output: SavedOutput) -> ToolReading {
        let rows = AscendTopology(parsing: output.text).rows
        let links = rows.map { row -> (key: String, value: JSONText.Value?) in
            let links = JSONText.Value.array(row.links.map { .string($0) })
            return (row.label, .object([("cpu_affinity", .known(row.processors)), ("links", links)]))
        }
        return output.ascend(rows.map { DeviceReading(index: $0.number) }, [("links", .object(links))])
    }
}

extension AscendVirtual {
    fileprivate static func reading(_ output: SavedOutput) -> ToolReading {
        let devices = AscendVirtual(parsing: output.text).devices.map { device -> JSONText.Value in
            .object([
                ("id", .integer(device.id)), ("vgroup", .known(device.group)),
                ("status", .known(device.status)), ("template", .known(device.template)),
            ])
        }
        return output.ascend([], [("vnpus", .array(devices))])
    }
}

extension AscendWatch {
    fileprivate static func reading(_ output: SavedOutput) -> ToolReading {
        let devices = AscendWatch(parsing: output.text).samples.map { sample in
            DeviceReading(
                index: sample.card, chip: sample.chip, utilizationPercent: sample.utilizationPercent,
                temperatureCelsius: sample.temperatureCelsius,
                others: [
                    ("power_w", .known(milliwatts: sample.powerMilliwatts)),
                    ("hbm_usage_percent", .optional(sample.memoryUsedPercent)),
                ])
        }
        return output.ascend(devices, [])
    }
}

extension AscendProcessList {
    fileprivate static func reading(_ output: SavedOutput) -> ToolReading {
        let processes = AscendProcessList(parsing: output.text).processes
        return output.ascend([], [("processes", .array(processes.map(\.json)))])
    }
}

// MARK: Lists

extension AscendList {
    /// The kinds of list; `isTold` looks for a line that no other list has.
    fileprivate enum Topic: String, CaseIterable {
        case list, health, ecc, board, memory, usages, common

        var form: ToolForm {
            ToolForm(
                name: "npu-smi-" + rawValue,
                command: self == .list ? "npu-smi info -l" : "npu-smi info -t " + rawValue,
                recognizes: { isTold(AscendList(parsing: $0.text)) },
                read: self == .list ? AscendList.cards : AscendList.reading)
        }

        private func isTold(_ list: AscendList) -> Bool {
            func isSaid(_ keys: String...) -> Bool {
                list.readings.contains { readings in keys.contains { readings.has($0) } }
            }
            switch self {
            case .list: return list.totalCount != nil || (!list.cards.isEmpty && list.readings.isEmpty)
            case .health: return isSaid("errorinformation") && isSaid("health", "healthstatus")
            case .ecc:
                return list.readings.contains {
                    $0.memoryErrors.isKnown || $0.highBandwidthMemoryErrors.isKnown
                }
            case .board: return isSaid("pciebusinfo", "boardid") && isSaid("npuid", "chippositionid")
            case .memory:
                return isSaid("hbmclockspeed(mhz)", "ddrclockspeed(mhz)")
                    || (isSaid("clockspeed(mhz)") && isSaid("capacity(mb)"))
            case .usages:
                return isSaid("hbmcapacity(mb)", "ddrcapacity(mb)", "memorycapacity(mb)")
                    && isSaid("aicoreusagerate(%)", "aicpuusagerate(%)", "hbmusagerate(%)", "ddrusagerate(%)")
            case .common:
                // Further lists of one card are read as this one: "temp", "power", "volt".
                return isSaid("aicoreusagerate(%)", "npurealtimepower(w)", "hbmusagerate(%)", "aicorecount")
                    || isSaid("nputemperature(c)") || (!list.cards.isEmpty && !list.readings.isEmpty)
            }
        }
    }

    fileprivate static func reading(_ output: SavedOutput) -> ToolReading {
        let list = AscendList(parsing: output.text)
        let unit = list.readings.first { $0.isManagement }
        let unitValues: [(key: String, value: JSONText.Value?)] = [
            ("mcu_temperature_c", .optional(unit?.temperatureCelsius)),
            ("power_w", unit?.powerMilliwatts.map { .thousandths($0) }),
        ]
        let isUnitKnown = unitValues.contains { $0.value != nil }
        let version = list.readings.lazy.compactMap { $0.board?.softwareVersion }.first { $0.isVersion }
        return output.ascend(
            list.chips.map(\.reading),
            [
                ("card", isUnitKnown ? .object(unitValues) : nil), ("driver_version", .optional(version)),
            ])
    }

    fileprivate static func cards(_ output: SavedOutput) -> ToolReading {
        let list = AscendList(parsing: output.text)
        let devices = list.cards.map { card in
            DeviceReading(
                index: card.card,
                others: [
                    ("chip_count", .optional(card.chipCount)),
                    ("product_name", .optional(card.text("productname"))),
                    ("serial", .optional(card.text("serialnumber"))),
                ])
        }
        return output.ascend(devices, [("total_count", .optional(list.totalCount))])
    }
}

extension AscendReadings {
    fileprivate var reading: DeviceReading {
        var reading = DeviceReading(
            index: card, chip: chip, memoryTotalMiB: workMemoryBytes.map { $0 >> 20 },
            utilizationPercent: utilizationPercent, temperatureCelsius: temperatureCelsius,
            health: health?.state)
        reading.others =
            memoryValues + [
                ("power_w", powerMilliwatts.map { .thousandths($0) }), ("aicore_count", .optional(coreCount)),
            ]
        if let health {
            let codes = health.faults.map(\.code).joined(separator: " ")
            reading.others.append(("error_code", .known(codes.isEmpty ? nil : codes)))
        }
        if let board {
            if isChipAssumed { reading.chip = nil }
            reading.name = chipName
            reading.busID = board.busID
            // What the driver says of the firmware stands for a version that it does not tell.
            let firmware = board.firmwareVersion.flatMap { $0.isVersion ? $0 : nil }
            let isUnsaid = firmware == nil && has("firmwareversion")
            reading.others += [
                ("chip_count", .optional(chipCount)), ("firmware", .optional(firmware)),
                ("compatibility", isUnsaid ? .optional(board.compatibility) : nil),
            ]
        }
        if memoryErrors.isKnown || highBandwidthMemoryErrors.isKnown {
            let (memory, high) = (memoryErrors, highBandwidthMemoryErrors)
            let counts: [(key: String, value: JSONText.Value?)] = [
                ("ddr_single", .optional(memory.single)), ("ddr_double", .optional(memory.double)),
                ("hbm_single", .optional(high.single)), ("hbm_double", .optional(high.double)),
            ]
            reading.others.append(("ecc", .object(counts)))
        }
        return reading
    }

    private var memoryValues: [(key: String, value: JSONText.Value?)] {
        let high = highBandwidthMemoryUsedPercent
        // Chips with HBM alone print 0 for memory that they do not have.
        let isMissing = high != nil && memoryUsedPercent == 0 && !isChipAssumed
        let hasMemory = (memoryBytes ?? 0) > 0 || (memoryBytes == nil && high == nil)
        return [
            (
                "ddr_total_mib",
                highBandwidthMemoryBytes == nil ? nil : .optional(memoryBytes.map { $0 >> 20 })
            ),
            ("ddr_usage_percent", hasMemory ? .optional(doubleRateMemoryUsedPercent) : nil),
            ("memory_usage_percent", isMissing ? nil : .optional(memoryUsedPercent)),
            ("hbm_usage_percent", .optional(high)),
            ("hbm_temperature_c", .optional(highBandwidthMemoryCelsius)),
        ]
    }
}

extension String {
    /// Manuals print "xxx" in place of a version.
    fileprivate var isVersion: Bool { contains { $0.isNumber } }
}
