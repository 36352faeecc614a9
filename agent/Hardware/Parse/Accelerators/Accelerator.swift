package import ClusterTypes
package import ProtocolMessages

/// One device as the tool of a vendor other than NVIDIA and Huawei shows it. nil is what the tool does not say.
package struct Accelerator: Hashable, Sendable {
    /// As the tool counts.
    package var index: UInt32
    /// A part of the device that the tool tells apart (Intel's tile).
    package var part: UInt32?
    package var name: String?
    package var uuid: String?
    package var busID: String?
    package var serial: String?
    package var memoryTotalBytes: Int64?
    package var memoryUsedBytes: Int64?
    /// 0...100.
    package var utilizationPercent: Double?
    package var temperatureCelsius: Double?
    package var powerMilliwatts: UInt32?
    package var powerLimitMilliwatts: UInt32?
    package var clockMegahertz: UInt32?
    /// Memory errors since the driver was loaded.
    package var correctableErrors: UInt64?
    package var uncorrectableErrors: UInt64?
    /// Why it runs slower than it could, in the tool's words.
    package var throttling: String?
    /// How the device is divided (AMD: "SPX", "CPX"); Cambricon: "FULL".
    package var partition: String?
    /// What the tool calls its state: "Ok", "Operational".
    package var condition: String?
    package var driverVersion: String?
    /// What the runtime's variable takes; nil: the index.
    package var runtimeID: String?

    package init(index: UInt32) { self.index = index }

    /// Of a device that another answer of the same tool tells more about.
    package mutating func complete(from other: Accelerator) {
        name = name ?? other.name
        uuid = uuid ?? other.uuid
        busID = busID ?? other.busID
        serial = serial ?? other.serial
        memoryTotalBytes = memoryTotalBytes ?? other.memoryTotalBytes
        memoryUsedBytes = memoryUsedBytes ?? other.memoryUsedBytes
        utilizationPercent = utilizationPercent ?? other.utilizationPercent
        temperatureCelsius = temperatureCelsius ?? other.temperatureCelsius
        powerMilliwatts = powerMilliwatts ?? other.powerMilliwatts
        powerLimitMilliwatts = powerLimitMilliwatts ?? other.powerLimitMilliwatts
        clockMegahertz = clockMegahertz ?? other.clockMegahertz
        correctableErrors = correctableErrors ?? other.correctableErrors
        uncorrectableErrors = uncorrectableErrors ?? other.uncorrectableErrors
        throttling = throttling ?? other.throttling
        partition = partition ?? other.partition
        condition = condition ?? other.condition
        driverVersion = driverVersion ?? other.driverVersion
        runtimeID = runtimeID ?? other.runtimeID
    }

    package func report(_ vendor: AcceleratorVendor, driverVersion: String?) -> DeviceReport {
        var report = DeviceReport(
            type: vendor.type, vendor: vendor.rawValue, model: name ?? vendor.plainModel, index: index,
            visibleID: runtimeID ?? String(index), uuid: uuid, busID: busID,
            memoryTotalBytes: memoryTotalBytes, memoryUsedBytes: memoryUsedBytes,
            utilizationPercent: utilizationPercent.flatMap { UInt32(exactly: $0.rounded()) },
            temperatureCelsius: temperatureCelsius.flatMap { Int32(exactly: $0.rounded()) },
            powerMilliwatts: powerMilliwatts, driverVersion: self.driverVersion ?? driverVersion, health: .ok)
        report.powerLimitMilliwatts = powerLimitMilliwatts
        report.processorMegahertz = clockMegahertz
        report.correctableErrors = correctableErrors
        report.uncorrectableErrors = uncorrectableErrors
        report.throttleReasons = throttling.map { [$0] } ?? []
        var reasons: [String] = []
        if let count = uncorrectableErrors, count > 0 {
            report.health = .failed
            reasons.append("\(count) uncorrectable memory errors since the driver was loaded")
        }
        if let condition, !Self.goodConditions.contains(condition.lowercased()) {
            if report.health == .ok { report.health = .warning }
            reasons.append("the tool calls its state \"\(condition)\"")
        }
        if !reasons.isEmpty { report.reason = reasons.joined(separator: "; ") }
        return report
    }

    private static let goodConditions: Set<String> = ["ok", "good", "healthy", "operational", "in operation"]
}

/// The vendors whose devices are told by one simple tool each.
package enum AcceleratorVendor: String, Sendable, CaseIterable {
    case amd, intel, habana, cambricon
    case mooreThreads = "moorethreads"

    package var type: DeviceType {
        switch self {
        case .amd, .intel, .mooreThreads: .gpu
        case .habana, .cambricon: .npu
        }
    }

    /// For a device whose name the tool does not say.
    var plainModel: String {
        switch self {
        case .amd: "AMD GPU"
        case .intel: "Intel GPU"
        case .habana: "Intel Gaudi"
        case .cambricon: "Cambricon MLU"
        case .mooreThreads: "Moore Threads GPU"
        }
    }
}

package struct AcceleratorProcess: Hashable, Sendable {
    /// Index of the device.
    package var device: UInt32
    package var processID: UInt32
    package var name: String?
    package var memoryBytes: Int64?

    package init(device: UInt32, processID: UInt32, name: String?, memoryBytes: Int64?) {
        self.device = device
        self.processID = processID
        self.name = name
        self.memoryBytes = memoryBytes
    }
}

/// One answer of such a tool.
package struct AcceleratorList: Hashable, Sendable {
    /// In printed order.
    package var devices: [Accelerator] = []
    package var driverVersion: String?
    package var toolVersion: String?
    /// nil where the answer has no list of processes.
    package var processes: [AcceleratorProcess]?
    /// This form of answer has a place for the power.
    var tellsPower = false
    /// It counts memory in bytes.
    var tellsBytes = false
    /// It counts the memory of processes in kibibytes.
    var tellsKibibytes = false
    /// It begins with the versions of the tool and the driver.
    var tellsVersions = false
    /// The text did not end in the middle, as far as its form shows.
    package var isComplete = true

    /// More than this is no machine; the rest is left out.
    static let deviceLimit = 512

    /// Devices that are listed twice are one: a later line may say more, or say it anew.
    mutating func add(_ device: Accelerator) {
        let same = devices.lastIndex { $0.index == device.index && $0.part == device.part }
        guard let same else {
            if devices.count < Self.deviceLimit { devices.append(device) }
            return
        }
        var device = device
        device.complete(from: devices[same])
        devices[same] = device
    }

    /// - Parameter others: as listed by another answer of the same tool; devices that only they have are left out.
    package mutating func complete(from others: AcceleratorList) {
        driverVersion = driverVersion ?? others.driverVersion
        for position in devices.indices {
            let device = devices[position]
            guard let other = others.devices.first(where: { $0.index == device.index && $0.part == nil })
            else {
                continue
            }
            devices[position].complete(from: other)
        }
    }
}
