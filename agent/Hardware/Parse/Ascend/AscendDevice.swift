import ClusterTypes
package import ProtocolMessages

/// One chip as `npu-smi info` shows it. nil is "-", "NA" or a column that this version does not print.
package struct AscendDevice: Hashable, Sendable {
    /// As printed in the column "NPU"; the numbers may have gaps and may start anywhere.
    package var card: UInt32
    /// On its card; 0 in tables without that column.
    package var chip: UInt32
    /// The "Device" or "Phy-ID" column.
    package var physicalID: UInt32?
    package var name: String?
    /// As printed: "OK", "Warning", "Alarm", "Critical", "UNKNOWN".
    package var health: String?
    package var busID: String?
    /// Of the card: only its first chip has it.
    package var powerMilliwatts: UInt32?
    package var temperatureCelsius: Int32?
    package var utilizationPercent: UInt32?
    /// Pages of the chip's memory; nil in tables without that column.
    package var hugePages: AscendUsage?
    /// Ordinary memory, in bytes; the chip has none where its total is 0 and HBM is there.
    package var memory: AscendUsage?
    /// In bytes; nil in tables without that column.
    package var highBandwidthMemory: AscendUsage?
    /// What `-t health` says of a chip that is not well.
    package var errors: [AscendHealth.Fault] = []
    /// Memory errors since the driver was loaded, of `-t ecc`.
    package var correctedErrors: UInt64?
    package var uncorrectedErrors: UInt64?
    /// As `DeviceReport.linkGroup`.
    package var linkGroup: UInt32?

    package init(card: UInt32, chip: UInt32, name: String?) {
        self.card = card
        self.chip = chip
        self.name = name
    }

    /// What programs use: HBM where the chip has any.
    package var workMemory: AscendUsage? {
        (highBandwidthMemory?.total ?? 0) > 0 ? highBandwidthMemory : memory ?? highBandwidthMemory
    }

    /// - Parameters:
    ///   - logicID: what `ASCEND_RT_VISIBLE_DEVICES` takes.
    ///     Where the tool prints no physical id, it is that too: both differ in containers alone.
    ///   - fullName: of the mapping ("Ascend 910B3"), where there is one.
    package func report(logicID: UInt32, fullName: String?, driverVersion: String?) -> DeviceReport {
        let name = name ?? "NPU"
        let plain = name.first?.isNumber == true || name == "NPU" ? "Ascend " + name : name
        let (state, reason) = judgement
        var report = DeviceReport(
            type: .npu, vendor: "huawei", model: fullName ?? plain, index: card, chip: chip,
            visibleID: String(logicID), busID: busID, memoryTotalBytes: workMemory?.total,
            memoryUsedBytes: workMemory?.used, utilizationPercent: utilizationPercent,
            temperatureCelsius: temperatureCelsius, powerMilliwatts: powerMilliwatts,
            driverVersion: driverVersion, health: state, reason: reason)
        report.correctableErrors = correctedErrors
        report.uncorrectableErrors = uncorrectedErrors
        report.linkGroup = linkGroup
        report.physicalID = physicalID ?? logicID
        return report
    }

    private var judgement: (DeviceHealth, String?) {
        guard let health else { return (.unknown, nil) }
        let faults = errors.prefix(4).map(\.description).joined(separator: "; ")
        let reason = "npu-smi says \(health)" + (faults.isEmpty ? "" : ": " + faults)
        switch health.lowercased() {
        case "ok":
            guard let count = uncorrectedErrors, count > 0 else { return (.ok, nil) }
            return (.failed, "\(count) memory errors could not be corrected since the driver was loaded")
        case "warning": return (.warning, reason)
        case "alarm", "critical": return (.failed, reason)
        default: return (.unknown, reason)
        }
    }
}
