import TextForms

/// The answer of `nvidia-smi -q -x` (all versions of its DTD so far), or of `nvidia-smi -q`, and Iluvatar's
/// `ixsmi -q`.
package struct NvidiaQuery: Hashable, Sendable {
    package var driverVersion: String?
    package var cudaVersion: String?
    /// As the tool counts; may be more than it lists.
    package var attachedCount: UInt32?
    /// In printed order, which is bus order.
    package var devices: [NvidiaDevice]
    /// The text did not end in the middle.
    package var isComplete: Bool
    /// So many of the first devices were told to their end.
    package private(set) var wholeCount: Int
    /// The text did not begin in the middle: positions are indexes.
    package var isFromStart: Bool
    /// The text is that of `ixsmi`.
    package var isIluvatar = false

    /// Reads XML; nil for a text without the tool's root element. Of several answers, the last whole one.
    package init?(parsing bytes: [UInt8]) {
        let roots = MarkupReader.read(bytes)
        let logs = roots.filter { $0.name.hasSuffix("smi_log") }
        if let log = logs.last(where: \.isClosed) ?? logs.last {
            self.init(log, isFromStart: true)
            isComplete = log.isClosed
        } else if roots.contains(where: { $0.name == "gpu" && $0.attributes["id"] != nil }) {
            let hasHead = roots.prefix { $0.name != "gpu" }.contains { $0.name == "driver_version" }
            self.init(MarkupElement(name: "nvidia_smi_log", children: roots), isFromStart: hasHead)
        } else {
            return nil
        }
    }

    /// Reads the text of `-q`; nil for one that is not.
    package init?(parsing text: String) {
        guard let log = NvidiaQueryText.tree(text) else { return nil }
        self.init(log, isFromStart: log.child("driver_version") != nil || log.child("attached_gpus") != nil)
        isComplete = attachedCount.map { Int($0) == devices.count } ?? false
        isIluvatar = log.attributes["heading"]?.contains("IXSMI") == true
    }

    private init(_ log: MarkupElement, isFromStart: Bool) {
        driverVersion = log.value("driver_version") ?? log.value("kmd_version")
        cudaVersion = log.value("cuda_version") ?? log.value("cuda_umd_version")
        attachedCount = log.value("attached_gpus").flatMap { Scan.unsigned($0) }
        // A GPU whose element was cut off has no readings behind the cut, but it is there.
        devices = log.all("gpu").enumerated().map { Self.device($1, index: UInt32(clamping: $0)) }
        wholeCount = log.all("gpu").prefix(while: \.isClosed).count
        isComplete = false
        self.isFromStart = isFromStart
    }

    private static func device(_ gpu: MarkupElement, index: UInt32) -> NvidiaDevice {
        var device = NvidiaDevice(index: index, name: gpu.known("product_name"))
        device.uuid = gpu.known("uuid").flatMap { Scan.identifier($0) }
        device.busID =
            gpu.value("pci", "pci_bus_id").flatMap { Scan.identifier($0) }
            ?? gpu.attributes["id"].flatMap { Scan.identifier($0) }
        device.minorNumber = gpu.value("minor_number").flatMap { Scan.unsigned($0) }
        let memory = gpu.child("fb_memory_usage") ?? gpu.child("memory_usage")
        device.memoryTotalBytes = memory?.value("total").flatMap { Scan.bytes($0) }
        device.memoryUsedBytes = memory?.value("used").flatMap { Scan.bytes($0) }
        device.utilizationPercent = gpu.value("utilization", "gpu_util").flatMap { Scan.percent($0) }
        device.temperatureCelsius = gpu.value("temperature", "gpu_temp").flatMap { Scan.signed($0) }
        device.powerMilliwatts = power(gpu, ["power_draw", "average_power_draw", "instant_power_draw"])
        device.powerLimitMilliwatts = power(
            gpu, ["current_power_limit", "enforced_power_limit", "power_limit"])
        device.isPersistent = gpu.value("persistence_mode").flatMap { NvidiaValue.flag($0) }
        device.multiprocessorMegahertz = gpu.value("clocks", "sm_clock").flatMap { NvidiaValue.megahertz($0) }
        device.memoryMegahertz = gpu.value("clocks", "mem_clock").flatMap { NvidiaValue.megahertz($0) }
        device.throttleReasons = throttleReasons(gpu)
        device.migMode = gpu.known("mig_mode", "current_mig")
        device.hasMIGMode = gpu.child("mig_mode") != nil
        let instances = (gpu.child("mig_devices")?.all("mig_device") ?? []) + gpu.all("mig_device")
        device.migInstances = instances.enumerated().map { instance($1, position: UInt32(clamping: $0)) }
        device.volatileErrors = errors(gpu.child("ecc_errors")?.child("volatile"))
        device.aggregateErrors = errors(gpu.child("ecc_errors")?.child("aggregate"))
        device.remappedRows = remappedRows(gpu)
        device.retiredPages = retiredPages(gpu)
        device.recoveryAction = gpu.child("gpu_recovery_action").flatMap {
            $0.text == "None" ? $0.text : NvidiaValue.known($0.text)
        }
        device.processes = gpu.child("processes").map { processes($0, gpu: index, busID: device.busID) }
        device.judge(failures: failures(gpu), warnings: warnings(gpu))
        return device
    }

    private static func power(_ gpu: MarkupElement, _ keys: [String]) -> UInt32? {
        for name in ["gpu_power_readings", "power_readings"] {
            guard let readings = gpu.child(name) else { continue }
            for key in keys {
                if let power = readings.value(key).flatMap({ Scan.milliwatts($0) }) { return power }
            }
        }
        return nil
    }

    /// Old and new name of the element; a reason may have finer ones inside.
    private static func throttleReasons(_ gpu: MarkupElement) -> [String]? {
        let names = ["clocks_event_reasons", "clocks_throttle_reasons"]
        guard let reasons = names.compactMap({ gpu.child($0) }).first else { return nil }
        let readings = reasons.readings
        guard readings.contains(where: { NvidiaValue.flag($0.text) != nil }) else { return nil }
        return readings.filter { NvidiaValue.flag($0.text) == true }.map { reason in
            for prefix in ["clocks_event_reason_", "clocks_throttle_reason_"]
            where reason.name.hasPrefix(prefix) {
                return String(reason.name.dropFirst(prefix.count))
            }
            return reason.name
        }
    }

    private static func instance(_ element: MarkupElement, position: UInt32) -> NvidiaMIGInstance {
        var instance = NvidiaMIGInstance(
            index: element.value("index").flatMap { Scan.unsigned($0) } ?? position)
        instance.gpuInstance = element.value("gpu_instance_id").flatMap { Scan.unsigned($0) }
        instance.computeInstance = element.value("compute_instance_id").flatMap { Scan.unsigned($0) }
        instance.uuid = element.value("uuid").flatMap { Scan.identifier($0) }
        instance.profile = element.known("profile")
        let memory = element.child("fb_memory_usage") ?? element.child("shared_fb_memory_usage")
        instance.memoryTotalBytes = memory?.value("total").flatMap { Scan.bytes($0) }
        instance.memoryUsedBytes = memory?.value("used").flatMap { Scan.bytes($0) }
        instance.multiprocessors = element.value("device_attributes", "shared", "multiprocessor_count")
            .flatMap { Scan.unsigned($0) }
        let counters =
            element.child("ecc_error_count")?.child("volatile_count")
            ?? element.child("ecc_errors")?.child("volatile")
        let found = errors(counters)
        instance.correctedErrors = found?.corrected
        instance.uncorrectedErrors = found?.uncorrected
        return instance
    }

    /// Three layouts: double_bit/total; sram and dram; sram split into parity and secded.
    private static func errors(_ counters: MarkupElement?) -> NvidiaMemoryErrors? {
        guard let counters else { return nil }
        func sum(_ names: [String]) -> UInt64? {
            NvidiaValue.sum(names.map { counters.value($0).flatMap { NvidiaValue.count($0) } })
        }
        func total(_ name: String) -> UInt64? {
            counters.value(name, "total").flatMap { NvidiaValue.count($0) }
        }
        let errors = NvidiaMemoryErrors(
            corrected: total("single_bit") ?? sum(["sram_correctable", "dram_correctable"]),
            uncorrected: total("double_bit")
                ?? sum([
                    "sram_uncorrectable", "sram_uncorrectable_parity", "sram_uncorrectable_secded",
                    "dram_uncorrectable",
                ]),
            isThresholdExceeded: counters.value("sram_threshold_exceeded").flatMap { NvidiaValue.flag($0) })
        return errors == NvidiaMemoryErrors() ? nil : errors
    }

    private static func remappedRows(_ gpu: MarkupElement) -> NvidiaRemappedRows? {
        guard let rows = gpu.child("remapped_rows") else { return nil }
        let found = NvidiaRemappedRows(
            corrected: rows.value("remapped_row_corr").flatMap { NvidiaValue.count($0) },
            uncorrected: rows.value("remapped_row_unc").flatMap { NvidiaValue.count($0) },
            isPending: rows.value("remapped_row_pending").flatMap { NvidiaValue.flag($0) },
            hasFailed: rows.value("remapped_row_failure").flatMap { NvidiaValue.flag($0) })
        return found == NvidiaRemappedRows() ? nil : found
    }

    private static func retiredPages(_ gpu: MarkupElement) -> NvidiaRetiredPages? {
        guard let pages = gpu.child("retired_pages") else { return nil }
        func count(_ name: String) -> UInt64? {
            (pages.value(name, "retired_count") ?? pages.value(name)).flatMap { NvidiaValue.count($0) }
        }
        let pending = ["pending_retirement", "pending_blacklist"].compactMap { pages.value($0) }
            .compactMap { NvidiaValue.flag($0) }
        let found = NvidiaRetiredPages(
            singleBit: count("multiple_single_bit_retirement"), doubleBit: count("double_bit_retirement"),
            isPending: pending.isEmpty ? nil : pending.contains(true))
        return found == NvidiaRetiredPages() ? nil : found
    }

    /// In the XML each process is an element; in the text one follows the other.
    private static func processes(
        _ element: MarkupElement, gpu: UInt32, busID: String?
    ) -> [NvidiaProcess] {
        var groups: [[String: String]] = [[:]]
        for reading in element.readings {
            let isNew =
                reading.name == "process_info" || reading.name == "gpu_instance_id"
                || (reading.name == "pid" && groups[groups.count - 1]["pid"] != nil)
            if isNew { groups.append([:]) }
            if reading.isClosed { groups[groups.count - 1][reading.name] = reading.text }
        }
        return groups.compactMap { values in
            guard let pid = values["pid"].flatMap({ Int64($0) }) else { return nil }
            var process = NvidiaProcess(pid: pid)
            process.gpu = gpu
            process.busID = busID
            process.gpuInstance = values["gpu_instance_id"].flatMap { Scan.unsigned($0) }
            process.computeInstance = values["compute_instance_id"].flatMap { Scan.unsigned($0) }
            process.type = values["type"].flatMap { NvidiaValue.known($0) }
            process.name = values["process_name"].flatMap { NvidiaValue.known($0) }
            process.memoryBytes = values["used_memory"].flatMap { Scan.bytes($0) }
            return process
        }
    }

    private static func failures(_ gpu: MarkupElement) -> [String] {
        var failures: [String] = []
        for field in ["product_name", "uuid", "fb_memory_usage", "temperature", "utilization"] {
            guard let element = gpu.child(field) else { continue }
            let texts = [element.text] + element.children.map(\.text)
            if let text = texts.compactMap({ NvidiaValue.failure($0) }).first {
                failures.append("nvidia-smi says \"\(text)\" for \(field)")
                break
            }
        }
        if isYes(gpu, "unrepairable_memory") { failures.append("memory cannot be repaired") }
        return failures
    }

    private static func warnings(_ gpu: MarkupElement) -> [String] {
        var warnings: [String] = []
        if isYes(gpu, "channel_repair_pending") || isYes(gpu, "tpc_repair_pending") {
            warnings.append("a repair waits for a reset")
        }
        if !gpu.isClosed { warnings.append("nvidia-smi's answer ends in the middle") }
        return warnings
    }

    /// The GPU itself has it in some versions, its `ecc_errors` in others.
    private static func isYes(_ gpu: MarkupElement, _ name: String) -> Bool {
        [gpu.value(name), gpu.value("ecc_errors", name)].compactMap { $0 }
            .contains { NvidiaValue.flag($0) == true }
    }
}

extension MarkupElement {
    /// As `value`, without what `nvidia-smi` writes for values that it could not read.
    fileprivate func known(_ path: String...) -> String? {
        var element = self
        for name in path {
            guard let next = element.child(name) else { return nil }
            element = next
        }
        return element.isClosed ? NvidiaValue.known(element.text) : nil
    }

    /// All elements inside, in printed order.
    fileprivate var readings: [MarkupElement] { children.flatMap { [$0] + $0.readings } }
}
