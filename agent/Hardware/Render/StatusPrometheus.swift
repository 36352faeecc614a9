import ClusterTypes
package import Exposition
import ProtocolMessages

/// A machine in the formats that Prometheus scrapes. What is not known now is left out, never 0; units are bytes, degrees
/// Celsius, watts, hertz and ratios of 1. Families that the coordinator has too have the same names there.
package enum StatusPrometheus {
    package static func text(_ status: MachineStatus) -> String {
        var exposition = Exposition(.text)
        write(status, into: &exposition)
        return String(decoding: exposition.finish(), as: UTF8.self)
    }

    package static func write(_ status: MachineStatus, into exposition: inout Exposition) {
        writeNode(status.report, into: &exposition)
        if let load = status.load {
            writeLoad(load, isProcessorKnown: status.isProcessorLoadKnown, into: &exposition)
        }
        exposition.begin("mortise_node_tool_info", .info, "How each vendor's tool has answered.")
        for tool in status.report.tools {
            exposition.add(Labels(("tool", tool.name), ("state", tool.state.rawValue)), 1)
        }
        writeDevices(status, into: &exposition)
    }

    // MARK: Node

    private static func writeNode(_ report: HardwareReport, into exposition: inout Exposition) {
        let processor = report.processor
        let memory = report.memory
        let disk = report.disk
        exposition.begin("mortise_node_info", .info, "What this machine is.")
        exposition.add(
            Labels(
                ("hostname", report.hostname), ("architecture", report.architecture.rawValue),
                ("operating_system", report.operatingSystem), ("kernel", report.kernel),
                ("processor", processor.model), ("container", report.container),
                ("address", report.address.advertised)), 1)
        // A size of 0 is one that could not be read.
        func one(_ name: String, _ help: String, _ value: (some BinaryInteger)?, _ labels: Labels = Labels())
        {
            exposition.begin("mortise_node_" + name, .gauge, help)
            exposition.add(labels, value.flatMap { $0 > 0 ? Double($0) : nil })
        }
        one("processor_sockets", "Processor sockets.", processor.sockets)
        one("processor_cores", "Processor cores.", processor.cores)
        one("processor_threads", "Hardware threads.", processor.threads)
        exposition.begin(
            "mortise_node_processors_usable", .gauge,
            "Processors that the agent may use, by affinity and quota.")
        exposition.add(processor.usableMilliCPU > 0 ? Double(processor.usableMilliCPU) / 1_000 : nil)
        one("memory_total_bytes", "Memory.", memory.totalBytes)
        exposition.begin(
            "mortise_node_memory_available_bytes", .gauge, "Memory that is free or given back on demand.")
        exposition.add(memory.totalBytes > 0 ? Double(memory.availableBytes) : nil)
        one("memory_limit_bytes", "Tightest limit above the agent.", memory.limitBytes)
        let path = Labels(("path", disk.path))
        one("disk_total_bytes", "File system of the work.", disk.totalBytes, path)
        exposition.begin(
            "mortise_node_disk_available_bytes", .gauge, "Free for a user without privileges.")
        exposition.add(path, disk.totalBytes > 0 ? Double(disk.availableBytes) : nil)
    }

    private static func writeLoad(
        _ load: Heartbeat, isProcessorKnown: Bool, into exposition: inout Exposition
    ) {
        exposition.begin("mortise_node_uptime_seconds", .gauge, "Since the machine was started.")
        exposition.add(load.uptimeSeconds > 0 ? Double(load.uptimeSeconds) : nil)
        exposition.begin("mortise_node_load_average", .gauge, "Over a minute.")
        exposition.add(Double(load.loadMilli) / 1_000)
        exposition.begin(
            "mortise_node_processor_utilization_ratio", .gauge, "Busy part of the usable processors.")
        exposition.add(isProcessorKnown ? Double(load.processorPermille) / 1_000 : nil)
        // 0 until measured twice, and as good as unknown.
        let rates: [(name: String, help: String, value: Int64)] = [
            ("disk_read", "Read from all disks.", load.rates.diskReadBytes),
            ("disk_write", "Written to all disks.", load.rates.diskWriteBytes),
            (
                "network_receive", "Received by all interfaces but the loopback.",
                load.rates.networkReceiveBytes
            ),
            ("network_send", "Sent by all interfaces but the loopback.", load.rates.networkSendBytes),
        ]
        for rate in rates {
            exposition.begin("mortise_node_\(rate.name)_bytes_per_second", .gauge, rate.help)
            exposition.add(isProcessorKnown ? Double(rate.value) : nil)
        }
    }

    // MARK: Devices

    private static func writeDevices(_ status: MachineStatus, into exposition: inout Exposition) {
        let devices = status.report.devices
        let rows = devices.enumerated().map { position, device in
            // The position tells devices apart that have neither UUID nor a number of their own.
            let labels = Labels(
                ("device", String(position)), ("uuid", device.uuid), ("vendor", device.vendor),
                ("model", device.model))
            return (labels, device, sample(position, status))
        }
        exposition.begin("mortise_device_info", .info, "What each device is.")
        for (labels, device, _) in rows {
            exposition.add(
                labels.adding("index", String(device.index)).adding("chip", device.chip.map { String($0) })
                    .adding("type", device.type.rawValue).adding("bus", device.busID)
                    .adding("driver", device.driverVersion), 1)
        }
        exposition.begin("mortise_device_health_info", .info, "How each device is, as its tool says.")
        for (labels, device, _) in rows {
            exposition.add(labels.adding("health", device.health.rawValue), 1)
        }
        exposition.begin("mortise_device_memory_total_bytes", .gauge, "Memory of the device.")
        for (labels, device, _) in rows { exposition.add(labels, device.memoryTotalBytes.map { Double($0) }) }
        for reading in readings {
            exposition.begin(reading.name, .gauge, reading.help)
            for (labels, _, sample) in rows { exposition.add(labels, reading.value(sample)) }
        }
        exposition.begin(
            "mortise_device_memory_errors_total", .counter, "Memory errors since the driver was loaded.")
        for (labels, _, sample) in rows {
            exposition.add(labels.adding("kind", "corrected"), sample.correctedErrors.map { Double($0) })
            exposition.add(labels.adding("kind", "uncorrected"), sample.uncorrectedErrors.map { Double($0) })
        }
        exposition.begin(
            "mortise_device_reading_age_seconds", .gauge,
            "Of the last readings, where the tool tells none now.")
        for (labels, device, _) in rows { exposition.add(labels, device.ageSeconds.map { Double($0) }) }
    }

    private static let readings: [(name: String, help: String, value: @Sendable (DeviceSample) -> Double?)] =
        [
            ("mortise_device_memory_used_bytes", "Memory in use.", { $0.memoryUsedBytes.map { Double($0) } }),
            (
                "mortise_device_utilization_ratio", "Busy part of the time.",
                { $0.utilizationPercent.map { Double($0) / 100 } }
            ),
            (
                "mortise_device_temperature_celsius", "Temperature.",
                { $0.temperatureCelsius.map { Double($0) } }
            ),
            ("mortise_device_power_watts", "Power draw.", { $0.powerMilliwatts.map { Double($0) / 1_000 } }),
            (
                "mortise_device_clock_hertz", "Clock of its processing units.",
                { $0.clockMegahertz.map { Double($0) * 1e6 } }
            ),
        ]

    /// The load's, which are never old; without one, what the report says of now.
    private static func sample(_ position: Int, _ status: MachineStatus) -> DeviceSample {
        let device = status.report.devices[position]
        if let load = status.load, load.devices.count == status.report.devices.count {
            return load.devices[position]
        }
        guard device.ageSeconds == nil else { return DeviceSample() }
        return DeviceSample(
            utilizationPercent: device.utilizationPercent, memoryUsedBytes: device.memoryUsedBytes,
            temperatureCelsius: device.temperatureCelsius, powerMilliwatts: device.powerMilliwatts,
            clockMegahertz: device.processorMegahertz, correctedErrors: device.correctableErrors,
            uncorrectedErrors: device.uncorrectableErrors)
    }
}
