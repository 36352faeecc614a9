import ProtocolMessages

/// The answer of `nvidia-smi --query-gpu=… --format=csv`: any columns in any order, with or without units.
package struct NvidiaTable: Hashable, Sendable {
    package var driverVersion: String?
    package var devices: [NvidiaDevice]

    /// What the agent asks for where the XML cannot be read; every driver since 2014 knows these.
    package static let query = [
        "index", "uuid", "pci.bus_id", "name", "driver_version", "memory.total", "memory.used",
        "utilization.gpu", "temperature.gpu", "power.draw",
    ]

    /// - Parameter columns: for an answer without a header line; nil: the first line is the header.
    ///
    /// nil for a text that is no such table.
    package init?(parsing text: String, columns: [String]? = nil) {
        var lines = Scan.lines(text).map { Scan.trimmed($0) }.filter { !$0.isEmpty && !$0.hasPrefix("#") }
        var names = columns ?? []
        if columns == nil {
            // Warnings may stand before the header.
            guard
                let header = lines.firstIndex(where: { Self.cells($0).map(Self.columnName).contains("name") })
            else { return nil }
            names = Self.cells(lines[header]).map(Self.columnName)
            lines.removeFirst(header + 1)
        }
        devices = []
        for line in lines {
            let cells = Self.cells(line)
            guard cells.count == names.count else { continue }
            var values: [String: String] = [:]
            for (name, cell) in zip(names, cells) where values[name] == nil { values[name] = cell }
            devices.append(Self.device(values, position: devices.count))
            driverVersion = driverVersion ?? values["driver_version"].flatMap { Scan.known($0) }
        }
    }

    private static func device(_ values: [String: String], position: Int) -> NvidiaDevice {
        func value(_ names: String...) -> String? {
            for name in names { if let value = values[name].flatMap({ Scan.known($0) }) { return value } }
            return nil
        }
        let index = value("index").flatMap { Scan.unsigned($0) } ?? UInt32(clamping: position)
        var device = NvidiaDevice(index: index, name: value("name", "gpu_name") ?? "NVIDIA GPU")
        device.uuid = value("uuid", "gpu_uuid").flatMap { Scan.identifier($0) }
        device.busID = value("pci.bus_id", "gpu_bus_id")
        device.memoryTotalBytes = value("memory.total").flatMap { Scan.bytes($0) }
        device.memoryUsedBytes = value("memory.used").flatMap { Scan.bytes($0) }
        device.utilizationPercent = value("utilization.gpu").flatMap { Scan.percent($0) }
        device.temperatureCelsius = value("temperature.gpu").flatMap { Scan.signed($0) }
        device.powerMilliwatts =
            value("power.draw", "power.draw.average", "power.draw.instant").flatMap { Scan.milliwatts($0) }
        device.migMode = value("mig.mode.current")
        device.uncorrectableErrors =
            value("ecc.errors.uncorrected.volatile.total").flatMap { Scan.number($0) }
            .flatMap { UInt64(exactly: $0) }
        // This form says little about health: only what it does say.
        if let count = device.uncorrectableErrors, count > 0 {
            device.health = .warning
            device.reason = "\(count) uncorrectable memory errors since the driver was loaded"
        }
        if device.migMode == "Enabled" {
            device.health = .warning
            device.reason = "MIG is enabled"
        }
        return device
    }

    private static func cells(_ line: String) -> [String] {
        line.split(separator: ",", omittingEmptySubsequences: false).map { Scan.trimmed($0) }
    }

    /// `memory.total [MiB]` is `memory.total`.
    private static func columnName(_ cell: String) -> String { Scan.trimmed(cell.prefix { $0 != "[" }) }
}

/// Why `nvidia-smi` shows no GPUs, from what it prints instead.
package struct NvidiaFailure: Hashable, Sendable {
    package enum Code: String, Hashable, Sendable, CaseIterable {
        case noDriver = "no_driver"
        case noDevices = "no_devices"
        case driverLibraryMismatch = "driver_library_mismatch"
        case gpuLost = "gpu_lost"
        case insufficientPermissions = "insufficient_permissions"
        case missingLibrary = "missing_library"
        case toolMissing = "tool_missing"
        case unknownError = "unknown_error"
    }

    package var code: Code
    /// Of the lost GPU.
    package var busID: String?
    /// The tool's own line.
    package var line: String

    /// nil for a text without a known complaint.
    package init?(parsing text: String) {
        // The order matters: a lost GPU's line ends in "Unknown Error", too.
        let signs: [(sign: String, code: Code)] = [
            ("unable to determine the device handle", .gpuLost), ("gpu is lost", .gpuLost),
            ("has fallen off the bus", .gpuLost), ("no devices were found", .noDevices),
            ("no devices found", .noDevices), ("driver/library version mismatch", .driverLibraryMismatch),
            ("insufficient permissions", .insufficientPermissions),
            ("couldn't communicate with the nvidia driver", .noDriver), ("driver not loaded", .noDriver),
            ("couldn't find libnvidia-ml", .missingLibrary),
            ("error while loading shared libraries", .missingLibrary),
            ("is not recognized as an internal", .toolMissing), ("command not found", .toolMissing),
            ("failed to initialize nvml", .unknownError), ("unknown error", .unknownError),
        ]
        let lines = Scan.lines(text).filter { !$0.isEmpty }
        let lower = lines.map { $0.lowercased() }
        for (sign, code) in signs {
            guard let position = lower.firstIndex(where: { $0.contains(sign) }) else { continue }
            self.code = code
            line = Scan.summary(String(lines[position]))
            busID = code == .gpuLost ? Scan.words(lines[position]).compactMap(Self.busID).first : nil
            return
        }
        return nil
    }

    /// `0000:09:00.0:` without what stands behind it.
    private static func busID(_ word: String) -> String? {
        let candidate = word.last == ":" ? String(word.dropLast()) : word
        return BusAddress(candidate) == nil ? nil : candidate
    }

    /// For people, with what can be done.
    package var advice: String {
        switch code {
        case .noDriver: "the NVIDIA driver does not answer (\(line))"
        case .noDevices: "the driver finds no GPU (\(line))"
        case .driverLibraryMismatch:
            "driver and library differ since an update, reload the driver or reboot (\(line))"
        case .gpuLost: "a GPU is lost, reset it or reboot (\(line))"
        case .insufficientPermissions: "the agent's user may not open the device files (\(line))"
        case .missingLibrary: "the driver's library is not installed here (\(line))"
        case .toolMissing, .unknownError: line
        }
    }
}

/// Domain, bus, device and function of a PCI address, to compare `00000000:C1:00.0` with `0000:c1:00.0`.
package struct BusAddress: Hashable, Comparable, Sendable {
    package let number: UInt64

    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3 else { return nil }
        let last = parts[parts.count - 1].split(separator: ".", omittingEmptySubsequences: false)
        guard
            last.count == 2, let domain = parts.count == 3 ? UInt32(parts[0], radix: 16) : 0,
            let bus = UInt8(parts[parts.count - 2], radix: 16), let device = UInt8(last[0], radix: 16),
            let function = UInt8(last[1], radix: 16), device < 32, function < 8
        else { return nil }
        number = UInt64(domain) << 16 | UInt64(bus) << 8 | UInt64(device) << 3 | UInt64(function)
    }

    package static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}
