import ClusterTypes
package import ProtocolMessages

extension NvidiaDevice {
    /// The GPU, and behind it its MIG instances as devices of their own.
    ///
    /// - Parameter hasInstances: the answer had a place for the instances.
    package func reports(driverVersion: String?, hasInstances: Bool = true) -> [DeviceReport] {
        let whole = report(driverVersion: driverVersion, hasInstances: hasInstances)
        return [whole] + migInstances.map { report($0, of: whole) }
    }

    package func report(driverVersion: String?, hasInstances: Bool = true) -> DeviceReport {
        var report = DeviceReport(
            type: .gpu, vendor: "nvidia", model: name ?? "NVIDIA GPU", index: index,
            visibleID: uuid ?? String(index),
            uuid: uuid, busID: busID, memoryTotalBytes: memoryTotalBytes, memoryUsedBytes: memoryUsedBytes,
            utilizationPercent: utilizationPercent, temperatureCelsius: temperatureCelsius,
            powerMilliwatts: powerMilliwatts, driverVersion: driverVersion, health: health, reason: reason)
        report.powerLimitMilliwatts = powerLimitMilliwatts
        report.processorMegahertz = multiprocessorMegahertz
        report.memoryMegahertz = memoryMegahertz
        report.correctableErrors = volatileErrors?.corrected
        report.uncorrectableErrors = uncorrectableErrors
        report.throttleReasons = (throttleReasons ?? []).filter { $0 != Self.idle }
        if isDivided { divide(&report, hasInstances: hasInstances) }
        return report
    }

    /// A process that is told to use a divided GPU gets one of its instances, and the same one as others.
    private var isDivided: Bool { migMode == "Enabled" || !migInstances.isEmpty }

    private func divide(_ report: inout DeviceReport, hasInstances: Bool) {
        report.visibleID = ""
        report.partCount = UInt32(clamping: migInstances.count)
        let note: String
        if !migInstances.isEmpty {
            note = "in MIG mode: its \(migInstances.count) instances are given to work, not the GPU"
        } else if hasInstances {
            note = "in MIG mode without instances: nothing can run on it"
            if report.health == .ok { report.health = .warning }
        } else {
            note = "in MIG mode: given to no work itself"
        }
        report.reason = report.reason.map { "\(note); \($0)" } ?? note
    }

    /// An instance has the faults of its GPU, and its own; readings of the GPU as a whole are not its.
    private func report(_ instance: NvidiaMIGInstance, of whole: DeviceReport) -> DeviceReport {
        var report = DeviceReport(
            type: .gpu, vendor: whole.vendor, model: "\(whole.model) MIG", index: index,
            chip: instance.index, visibleID: name(of: instance) ?? "", uuid: instance.uuid, busID: busID,
            memoryTotalBytes: instance.memoryTotalBytes, memoryUsedBytes: instance.memoryUsedBytes,
            driverVersion: whole.driverVersion, health: health, reason: reason.map { "its GPU: \($0)" })
        if let profile = instance.profile { report.model += " " + profile }
        report.parent = uuid ?? busID ?? String(index)
        report.correctableErrors = instance.correctedErrors
        report.uncorrectableErrors = instance.uncorrectedErrors
        if !report.isAssignable { report.reason = "nvidia-smi does not say how to address it" }
        if let count = instance.uncorrectedErrors, count > 0 {
            let own = "\(count) uncorrectable memory errors since the driver was loaded"
            report.health = .failed
            report.reason = report.reason.map { "\(own); \($0)" } ?? own
        }
        return report
    }

    /// Newer drivers take the older form of the name, too.
    private func name(of instance: NvidiaMIGInstance) -> String? {
        if let uuid = instance.uuid { return uuid }
        guard let uuid, let gpuInstance = instance.gpuInstance, let part = instance.computeInstance else {
            return nil
        }
        return "MIG-\(uuid)/\(gpuInstance)/\(part)"
    }

    /// Of the reasons for low clocks, the one that slows nothing down.
    private static let idle = "gpu_idle"
}
