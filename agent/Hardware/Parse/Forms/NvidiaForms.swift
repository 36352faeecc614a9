import TextForms

extension ToolForm {
    /// Also Iluvatar's `ixsmi`, whose outputs have the same forms.
    static var nvidia: [ToolForm] {
        [
            form("nvidia-smi-xml", "nvidia-smi -q -x", { NvidiaQuery(parsing: Array($0.utf8)) }, xml),
            form("nvidia-smi-query", "nvidia-smi -q", { NvidiaQuery(parsing: $0) }, query),
            form("nvidia-smi", "nvidia-smi", { NvidiaSummary(parsing: $0) }, summary),
            form("nvidia-smi-list", "nvidia-smi -L", { NvidiaList(parsing: $0) }, list),
            form("nvidia-smi-topology", "nvidia-smi topo -m", { NvidiaTopology(parsing: $0) }, topology),
            form("nvidia-smi-monitor", "nvidia-smi pmon|dmon", { NvidiaMonitor(parsing: $0) }, monitor),
            form(
                "nvidia-smi-processes", "nvidia-smi --query-compute-apps=… --format=csv",
                { NvidiaProcessList(parsing: $0) }, processes),
            form("nvidia-smi-csv", "nvidia-smi --query-gpu=… --format=csv", { NvidiaCSV(parsing: $0) }, csv),
            form("nvidia-smi-version", "nvidia-smi --version", { NvidiaVersion(parsing: $0) }, version),
            form(
                "nvidia-smi-error", "nvidia-smi",
                { NvidiaFailure.isCertain($0) ? NvidiaFailure(parsing: $0) : nil }, { _ in ToolReading() }),
        ]
    }

    /// A text is of a form when its parser reads it; a complaint may stand beside the answer.
    private static func form<Answer>(
        _ name: String, _ command: String, _ parse: @escaping @Sendable (String) -> Answer?,
        _ reading: @escaping @Sendable (Answer) -> ToolReading
    ) -> ToolForm {
        ToolForm(
            name: name, command: command,
            recognizes: { parse(Scan.plain($0.text)) != nil },
            read: { output in
                let text = Scan.plain(output.text)
                var result = parse(text).map(reading) ?? ToolReading()
                result.error = NvidiaFailure(parsing: text)?.code.rawValue
                return result
            })
    }

    // MARK: Answers

    private static func xml(_ query: NvidiaQuery) -> ToolReading {
        var reading = ToolReading()
        reading.devices = query.devices.map { device in
            var result = common(device)
            if !query.isFromStart { result.index = nil }
            result.others = [
                ("power_w", power(device)), ("minor_number", .known(device.minorNumber)),
                ("mig_mode", device.hasMIGMode ? .known(device.migMode) : nil),
                (
                    "processes",
                    .array(
                        (device.processes ?? []).map {
                            .object([
                                ("pid", .integer($0.pid)), ("type", .known($0.type)),
                                ("name", .known($0.name)),
                                ("memory_mib", mebibytes($0.memoryBytes)),
                            ])
                        })
                ),
                (
                    "mig_devices",
                    list(device.migInstances) {
                        [
                            ("index", .integer($0.index)), ("gi", .known($0.gpuInstance)),
                            ("ci", .known($0.computeInstance)), ("uuid", .known($0.uuid)),
                            ("memory_total_mib", mebibytes($0.memoryTotalBytes)),
                            ("memory_used_mib", mebibytes($0.memoryUsedBytes)),
                        ]
                    }
                ),
            ]
            return result
        }
        reading.others = [
            ("driver_version", .known(query.driverVersion)), ("cuda_version", .known(query.cudaVersion)),
            ("attached_gpus", .known(query.attachedCount)),
        ]
        return reading
    }

    /// Says less than the XML does: of a GPU in MIG mode no power and no CUDA version, of `ixsmi` no CUDA
    /// version.
    private static func query(_ query: NvidiaQuery) -> ToolReading {
        let isMIG = query.devices.contains { !$0.migInstances.isEmpty }
        var reading = ToolReading()
        reading.devices = query.devices.map { device in
            var result = common(device)
            if !query.isFromStart { result.index = nil }
            result.others = [
                ("power_w", isMIG ? nil : power(device)),
                ("mig_mode", device.hasMIGMode ? .known(device.migMode) : nil),
                (
                    "mig_devices",
                    list(device.migInstances) {
                        [
                            ("index", .integer($0.index)),
                            ("memory_total_mib", mebibytes($0.memoryTotalBytes)),
                            ("memory_used_mib", mebibytes($0.memoryUsedBytes)),
                        ]
                    }
                ),
            ]
            return result
        }
        reading.others = [
            ("driver_version", .known(query.driverVersion)),
            ("cuda_version", isMIG || query.isIluvatar ? nil : .known(query.cudaVersion)),
            ("attached_gpus", .known(query.attachedCount)),
        ]
        return reading
    }

    private static func summary(_ summary: NvidiaSummary) -> ToolReading {
        var reading = ToolReading()
        reading.devices = summary.devices.map { device in
            var result = common(device)
            let isCut = device.name?.hasSuffix("...") == true
            result.others = [
                ("power_w", power(device)), ("mig_mode", device.hasMIGMode ? .known(device.migMode) : nil),
                ("name_truncated", isCut ? .boolean(true) : nil),
            ]
            return result
        }
        let instances = summary.devices.flatMap { device in device.migInstances.map { (device.index, $0) } }
        reading.others = [
            ("tool_version", summary.isIluvatar ? nil : .known(summary.toolVersion)),
            ("driver_version", .known(summary.driverVersion)), ("cuda_version", .known(summary.cudaVersion)),
            (
                "mig_devices",
                list(instances) { gpu, instance in
                    [
                        ("gpu", .integer(gpu)), ("gi", .known(instance.gpuInstance)),
                        ("ci", .known(instance.computeInstance)), ("mig_dev", .integer(instance.index)),
                        ("memory_total_mib", mebibytes(instance.memoryTotalBytes)),
                        ("memory_used_mib", mebibytes(instance.memoryUsedBytes)),
                    ]
                }
            ),
            (
                "processes",
                summary.processes.map { processes in
                    .array(
                        processes.map {
                            .object([
                                ("gpu", .known($0.gpu)), ("gi", .known($0.gpuInstance)),
                                ("ci", .known($0.computeInstance)), ("pid", .integer($0.pid)),
                                ("type", .known($0.type)), ("name", .known($0.name)),
                                ("memory_mib", mebibytes($0.memoryBytes)),
                            ])
                        })
                }
            ),
        ]
        return reading
    }

    private static func list(_ list: NvidiaList) -> ToolReading {
        var reading = ToolReading()
        reading.devices = list.devices.map { device in
            var result = common(device)
            let instances = device.migInstances.map { instance in
                JSONText.Value.object([
                    ("index", .integer(instance.index)), ("profile", .known(instance.profile)),
                    ("uuid", .known(instance.uuid)),
                ])
            }
            result.others = [("mig", .array(instances))]
            return result
        }
        return reading
    }

    private static func topology(_ topology: NvidiaTopology) -> ToolReading {
        let gpus = topology.rows.filter { $0.gpu != nil }
        var reading = ToolReading()
        reading.devices = gpus.map { DeviceReading(index: $0.gpu) }
        reading.others = [
            ("links", .object(gpus.map { ($0.name, .array($0.cells.map { .string($0) })) }))
        ]
        return reading
    }

    private static func monitor(_ monitor: NvidiaMonitor) -> ToolReading {
        var reading = ToolReading()
        reading.devices = monitor.devices.map { device in
            var result = common(device)
            result.others = [("power_w", power(device))]
            return result
        }
        let processes = monitor.processes.map { processes in
            JSONText.Value.array(
                processes.map {
                    .object([
                        ("gpu", .known($0.gpu)), ("pid", .integer($0.pid)), ("name", .known($0.name)),
                    ])
                })
        }
        reading.others = [("processes", processes)]
        return reading
    }

    private static func processes(_ list: NvidiaProcessList) -> ToolReading {
        var reading = ToolReading()
        let processes = list.processes.map { process in
            JSONText.Value.object([
                ("bus_id", list.hasBusID ? .known(process.busID) : nil), ("pid", .integer(process.pid)),
                ("name", .known(process.name)), ("memory_mib", mebibytes(process.memoryBytes)),
            ])
        }
        reading.others = [("processes", .array(processes))]
        return reading
    }

    private static func csv(_ table: NvidiaCSV) -> ToolReading {
        let columns = table.columns ?? []
        let hasPower = columns.contains { $0.hasPrefix("power.draw") }
        var reading = ToolReading()
        reading.devices = table.devices.map { device in
            var result = common(device)
            result.others = [("power_w", hasPower ? power(device) : nil)]
            return result
        }
        reading.others = [
            ("driver_version", columns.contains("driver_version") ? .known(table.driverVersion) : nil),
            ("columns", table.columns.map { .integer($0.count) }),
        ]
        return reading
    }

    private static func version(_ version: NvidiaVersion) -> ToolReading {
        var reading = ToolReading()
        reading.others = [
            ("tool_version", .known(version.tool)), ("driver_version", .known(version.driver)),
            ("cuda_version", .known(version.cuda)),
        ]
        return reading
    }

    // MARK: Values

    private static func common(_ device: NvidiaDevice) -> DeviceReading {
        DeviceReading(
            index: device.index, name: device.name, uuid: device.uuid, busID: device.busID,
            memoryTotalMiB: device.memoryTotalBytes.map { $0 >> 20 },
            memoryUsedMiB: device.memoryUsedBytes.map { $0 >> 20 },
            utilizationPercent: device.utilizationPercent, temperatureCelsius: device.temperatureCelsius)
    }

    private static func power(_ device: NvidiaDevice) -> JSONText.Value {
        device.powerMilliwatts.map { .thousandths($0) } ?? .null
    }

    private static func mebibytes(_ bytes: Int64?) -> JSONText.Value { .known(bytes.map { $0 >> 20 }) }

    /// nil for an empty one: the key is left out.
    private static func list<Element>(
        _ elements: [Element], _ members: (Element) -> [(key: String, value: JSONText.Value?)]
    ) -> JSONText.Value? {
        elements.isEmpty ? nil : .array(elements.map { .object(members($0)) })
    }
}
