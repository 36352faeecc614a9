import TextForms

extension ToolForm {
    static var accelerators: [ToolForm] {
        [
            form("amd-smi", "amd-smi static", AmdSMI.parse),
            form("rocm-smi", "rocm-smi --showallinfo --json", RocmSMI.parse),
            form("hl-smi", "hl-smi", GaudiSMI.parse),
            form("cnmon", "cnmon", CambriconMonitor.parse),
            form("mthreads-gmi", "mthreads-gmi", MooreThreadsGMI.parse),
            form("xpu-smi", "xpu-smi discovery", IntelXPU.parse),
            ToolForm(
                name: "accelerator-error", command: "amd-smi",
                recognizes: { AcceleratorFailure(parsing: Scan.plain($0.text)) != nil },
                read: { ToolReading(error: AcceleratorFailure(parsing: Scan.plain($0.text))?.code.rawValue) }),
        ]
    }

    private static func form(
        _ name: String, _ command: String, _ parse: @escaping @Sendable (String) -> AcceleratorList?
    ) -> ToolForm {
        ToolForm(
            name: name, command: command,
            recognizes: { parse(Scan.plain($0.text)) != nil },
            read: { output in
                let text = Scan.plain(output.text)
                var reading = parse(text)?.reading ?? ToolReading()
                reading.error = AcceleratorFailure(parsing: text)?.code.rawValue
                return reading
            })
    }
}

extension AcceleratorList {
    fileprivate var reading: ToolReading {
        var reading = ToolReading(devices: devices.map { device($0) })
        if let driverVersion, tellsVersions {
            reading.others.append(("driver_version", .string(driverVersion)))
        }
        // A tool that comes with the driver has its version, which is then told once.
        if let toolVersion, tellsVersions, driverVersion.map({ !$0.hasPrefix(toolVersion) }) ?? true {
            reading.others.append(("tool_version", .string(toolVersion)))
        }
        if let processes { reading.others.append(("processes", .array(processes.map { process($0) }))) }
        return reading
    }

    private func device(_ device: Accelerator) -> DeviceReading {
        var reading = DeviceReading(
            index: device.index, chip: device.part, name: device.name, uuid: device.uuid, busID: device.busID,
            memoryTotalMiB: device.memoryTotalBytes.map { $0 >> 20 },
            memoryUsedMiB: device.memoryUsedBytes.map { $0 >> 20 }, health: device.condition)
        reading.others = [
            ("utilization_percent", .decimal(device.utilizationPercent)),
            ("temperature_c", .decimal(device.temperatureCelsius)),
        ]
        if tellsBytes {
            reading.others.append(("memory_total_bytes", .known(device.memoryTotalBytes)))
            reading.others.append(("memory_used_bytes", .known(device.memoryUsedBytes)))
        }
        if tellsPower {
            reading.others.append(("power_w", device.powerMilliwatts.map { .thousandths($0) } ?? .null))
        }
        return reading
    }

    private func process(_ process: AcceleratorProcess) -> JSONText.Value {
        let memory = process.memoryBytes.map { $0 >> (tellsKibibytes ? 10 : 20) }
        return .object([
            ("gpu", .integer(process.device)), ("pid", .integer(process.processID)),
            ("name", .known(process.name)),
            (tellsKibibytes ? "memory_kib" : "memory_mib", .known(memory)),
        ])
    }
}

extension JSONText.Value {
    /// With three digits behind the point at most: for readings of sensors, which are small.
    fileprivate static func decimal(_ number: Double?) -> Self {
        guard let thousandths = number.flatMap({ Int64(exactly: ($0 * 1_000).rounded()) }) else {
            return .null
        }
        return .number(Thousandths.text(thousandths))
    }
}
