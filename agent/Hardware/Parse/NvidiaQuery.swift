import ClusterTypes
package import ProtocolMessages

/// One GPU as `nvidia-smi` shows it. nil is "N/A" or not there at all.
package struct NvidiaDevice: Hashable, Sendable {
    /// Position in bus order, as CUDA counts with `CUDA_DEVICE_ORDER=PCI_BUS_ID`.
    package var index: UInt32
    package var name: String
    package var uuid: String?
    package var busID: String?
    package var minorNumber: UInt32?
    package var memoryTotalBytes: Int64?
    package var memoryUsedBytes: Int64?
    package var utilizationPercent: UInt32?
    package var temperatureCelsius: Int32?
    package var powerMilliwatts: UInt32?
    /// "Enabled" or "Disabled"; nil where the GPU cannot.
    package var migMode: String?
    package var migInstances: Int = 0
    /// Uncorrectable memory errors since the driver was loaded; nil without ECC.
    package var uncorrectableErrors: UInt64?
    /// Over the life of the GPU.
    package var aggregateUncorrectableErrors: UInt64?
    package var health: DeviceHealth = .ok
    package var reason: String?

    package init(index: UInt32, name: String) {
        self.index = index
        self.name = name
    }

    package func report(driverVersion: String?) -> DeviceReport {
        DeviceReport(
            type: .gpu, vendor: "nvidia", model: name, index: index, visibleID: uuid ?? String(index),
            uuid: uuid, busID: busID, memoryTotalBytes: memoryTotalBytes, memoryUsedBytes: memoryUsedBytes,
            utilizationPercent: utilizationPercent, temperatureCelsius: temperatureCelsius,
            powerMilliwatts: powerMilliwatts, driverVersion: driverVersion, health: health, reason: reason)
    }
}

/// The answer of `nvidia-smi -q -x` (all versions of its DTD so far).
package struct NvidiaQuery: Hashable, Sendable {
    package var driverVersion: String?
    package var cudaVersion: String?
    /// As the tool counts; may be more than it lists.
    package var attachedCount: UInt32?
    package var devices: [NvidiaDevice]
    /// The text did not end in the middle.
    package var isComplete: Bool

    /// nil for a text without the tool's root element.
    package init?(parsing bytes: [UInt8]) {
        guard let log = MarkupReader.read(bytes, root: "nvidia_smi_log") else { return nil }
        driverVersion = log.value("driver_version")
        cudaVersion = log.value("cuda_version")
        attachedCount = log.value("attached_gpus").flatMap { Scan.unsigned($0) }
        // A GPU whose element was cut off has no readings behind the cut, but it is there.
        devices = log.all("gpu").enumerated().map { Self.device($1, index: UInt32(clamping: $0)) }
        isComplete = log.isClosed
    }

    private static func device(_ gpu: MarkupElement, index: UInt32) -> NvidiaDevice {
        var device = NvidiaDevice(index: index, name: gpu.value("product_name") ?? "NVIDIA GPU")
        device.uuid = gpu.value("uuid").flatMap { Scan.identifier($0) }
        device.busID = gpu.value("pci", "pci_bus_id") ?? gpu.attributes["id"].flatMap { Scan.known($0) }
        device.minorNumber = gpu.value("minor_number").flatMap { Scan.unsigned($0) }
        device.memoryTotalBytes = gpu.value("fb_memory_usage", "total").flatMap { Scan.bytes($0) }
        device.memoryUsedBytes = gpu.value("fb_memory_usage", "used").flatMap { Scan.bytes($0) }
        device.utilizationPercent = gpu.value("utilization", "gpu_util").flatMap { Scan.percent($0) }
        device.temperatureCelsius = gpu.value("temperature", "gpu_temp").flatMap { Scan.signed($0) }
        device.powerMilliwatts = power(gpu)
        device.migMode = gpu.value("mig_mode", "current_mig")
        device.migInstances = gpu.child("mig_devices")?.all("mig_device").count ?? 0
        if let errors = gpu.child("ecc_errors") {
            device.uncorrectableErrors = errors.child("volatile").flatMap(uncorrectable)
            device.aggregateUncorrectableErrors = errors.child("aggregate").flatMap(uncorrectable)
        }
        judge(&device, gpu)
        return device
    }

    /// Of the GPU, not of its memory or of the whole module; the average where there is one.
    private static func power(_ gpu: MarkupElement) -> UInt32? {
        for name in ["gpu_power_readings", "power_readings"] {
            guard let readings = gpu.child(name) else { continue }
            for key in ["power_draw", "average_power_draw", "instant_power_draw"] {
                if let power = readings.value(key).flatMap({ Scan.milliwatts($0) }) { return power }
            }
        }
        return nil
    }

    /// Three layouts: double_bit/total; sram and dram; sram split into parity and secded.
    private static func uncorrectable(_ counters: MarkupElement) -> UInt64? {
        if let total = counters.value("double_bit", "total") { return UInt64(total) }
        let names = [
            "sram_uncorrectable", "sram_uncorrectable_parity", "sram_uncorrectable_secded",
            "dram_uncorrectable",
        ]
        let counts = names.compactMap { counters.value($0) }.compactMap { UInt64($0) }
        return counts.isEmpty ? nil : counts.reduce(0, &+)
    }

    private static func judge(_ device: inout NvidiaDevice, _ gpu: MarkupElement) {
        func isYes(_ path: String...) -> Bool {
            var element = gpu
            for name in path {
                guard let next = element.child(name) else { return false }
                element = next
            }
            return element.text.lowercased() == "yes"
        }
        var failures: [String] = []
        var warnings: [String] = []
        for field in ["product_name", "uuid", "fb_memory_usage", "temperature", "utilization"] {
            if let element = gpu.child(field), let text = Self.failure(in: element) {
                failures.append("nvidia-smi says \"\(text)\" for \(field)")
                break
            }
        }
        if let action = gpu.value("gpu_recovery_action"), action != "None" {
            (action == "Drain P2P" ? { warnings.append($0) } : { failures.append($0) })(
                "the driver asks to recover it: \(action)")
        }
        if isYes("remapped_rows", "remapped_row_failure") {
            failures.append("remapping of memory rows has failed")
        }
        if isYes("unrepairable_memory") || isYes("ecc_errors", "unrepairable_memory") {
            failures.append("memory cannot be repaired")
        }
        if isYes("remapped_rows", "remapped_row_pending") {
            warnings.append("row remapping waits for a reset")
        }
        if isYes("retired_pages", "pending_retirement") || isYes("retired_pages", "pending_blacklist") {
            warnings.append("page retirement waits for a reset")
        }
        if let count = device.uncorrectableErrors, count > 0 {
            warnings.append("\(count) uncorrectable memory errors since the driver was loaded")
        }
        if device.migMode == "Enabled" {
            warnings.append("MIG is enabled (\(device.migInstances) instances)")
        }
        if !gpu.isClosed { warnings.append("nvidia-smi's answer ends in the middle") }
        device.health = !failures.isEmpty ? .failed : !warnings.isEmpty ? .warning : .ok
        let reasons = failures + warnings
        device.reason = reasons.isEmpty ? nil : reasons.joined(separator: "; ")
    }

    /// What the tool prints in place of values of a GPU that it has lost.
    private static func failure(in element: MarkupElement) -> String? {
        for text in [element.text] + element.children.map(\.text) {
            let lower = text.lowercased()
            if lower.contains("unknown error") || lower.contains("gpu is lost")
                || lower.contains("requires reset")
                || lower == "err!"
            {
                return text
            }
        }
        return nil
    }
}
