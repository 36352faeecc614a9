import ClusterTypes
package import ProtocolMessages
import TextForms

/// A machine for programs: the API's hardware view, with the load and a few keys more.
package enum StatusJSON {
    /// - Parameters:
    ///   - load: nil leaves the load's keys out.
    ///   - isOneLine: for streams.
    package static func text(
        _ report: HardwareReport, load: Heartbeat? = nil, cloud: CloudInstance? = nil, isOneLine: Bool = false
    ) -> String {
        JSONText.write(
            .object([
                ("hostname", .string(report.hostname)),
                ("architecture", .string(report.architecture.rawValue)),
                ("operatingSystem", .string(report.operatingSystem)),
                ("kernel", .string(report.kernel)),
                ("container", .optional(report.container)),
                ("processorModel", .string(report.processor.model)),
                ("sockets", .integer(report.processor.sockets)),
                ("cores", .integer(report.processor.cores)),
                ("threads", .integer(report.processor.threads)),
                ("usableMilliCPU", .integer(report.processor.usableMilliCPU)),
                ("memoryTotalBytes", .integer(report.memory.totalBytes)),
                ("memoryLimitBytes", .optional(report.memory.limitBytes)),
                ("memoryAvailableBytes", .integer(report.memory.availableBytes)),
                ("diskPath", .string(report.disk.path)),
                ("diskTotalBytes", .integer(report.disk.totalBytes)),
                ("diskAvailableBytes", .integer(report.disk.availableBytes)),
                ("loadAverage", load.map { .thousandths($0.loadMilli) }),
                ("devices", .array(report.devices.map(device))),
                ("tools", .array(report.tools.map { .string(tool($0)) })),
                ("localAddress", .string(report.address.local)),
                ("advertisedAddress", .string(report.address.advertised)),
                ("addressRule", .string(report.address.rule)),
                ("addressExplanation", .array(report.address.explanation.map { .string($0) })),
                ("machine", report.machine.map { $0.json }),
                ("cloud", cloud.map(Self.cloud)),
            ]), isOneLine: isOneLine) + "\n"
    }

    private static func cloud(_ instance: CloudInstance) -> JSONText.Value {
        .object([
            ("provider", .string(instance.provider.rawValue)), ("instance", .string(instance.id)),
            ("type", .optional(instance.type)), ("region", .optional(instance.region)),
            ("zone", .optional(instance.zone)), ("spot", instance.isSpot.map { .boolean($0) }),
        ])
    }

    /// "nvidia-smi: missing", "npu-smi: failed (…)".
    package static func tool(_ tool: ToolReport) -> String {
        "\(tool.name): \(tool.state.rawValue)" + (tool.message.map { " (\($0))" } ?? "")
    }

    private static func device(_ device: DeviceReport) -> JSONText.Value {
        .object([
            ("type", .string(device.type.rawValue)),
            ("vendor", .string(device.vendor)),
            ("model", .string(device.model)),
            ("index", .integer(device.index)),
            ("chip", .optional(device.chip)),
            ("visibleID", .string(device.visibleID)),
            ("uuid", .optional(device.uuid)),
            ("busID", .optional(device.busID)),
            ("driverVersion", .optional(device.driverVersion)),
            ("memoryTotalBytes", .optional(device.memoryTotalBytes)),
            ("memoryUsedBytes", .optional(device.memoryUsedBytes)),
            ("utilizationPercent", .optional(device.utilizationPercent)),
            ("temperatureCelsius", .optional(device.temperatureCelsius)),
            ("powerWatts", device.powerMilliwatts.map { .thousandths($0) }),
            ("health", .string(device.health.rawValue)),
            ("reason", .optional(device.reason)),
            ("parent", .optional(device.parent)),
            ("partCount", .optional(device.partCount)),
            ("ageSeconds", .optional(device.ageSeconds)),
            ("powerLimitWatts", device.powerLimitMilliwatts.map { .thousandths($0) }),
            ("processorMegahertz", .optional(device.processorMegahertz)),
            ("memoryMegahertz", .optional(device.memoryMegahertz)),
            ("correctableErrors", .optional(device.correctableErrors)),
            ("uncorrectableErrors", .optional(device.uncorrectableErrors)),
            ("throttleReasons", .list(device.throttleReasons.map { .string($0) })),
            ("memoryNode", .optional(device.memoryNode)),
            ("linkGroup", .optional(device.linkGroup)),
            ("rootPort", .optional(device.rootPort)),
            ("physicalID", .optional(device.physicalID)),
            ("networkAddress", .optional(device.networkAddress)),
        ])
    }
}
