import ClusterTypes
import ProtocolMessages

/// A machine in the text format that Prometheus scrapes. What is not known now is left out, never 0; units are bytes,
/// degrees Celsius, watts and ratios of 1.
package enum StatusPrometheus {
    private typealias Labels = [(name: String, value: String?)]

    /// One metric with all its values; without any it is not written.
    private struct Metric {
        var name: String
        var help: String
        var values: [(labels: Labels, value: String)] = []

        /// nil is not known.
        mutating func add(_ labels: Labels = [], _ value: String?) {
            if let value { values.append((labels, value)) }
        }
    }

    package static func text(_ status: MachineStatus) -> String {
        (node(status) + devices(status)).filter { !$0.values.isEmpty }.map(write).joined()
    }

    // MARK: Node

    private static func node(_ status: MachineStatus) -> [Metric] {
        let report = status.report
        let processor = report.processor
        let memory = report.memory
        let disk = report.disk
        let place: Labels = [("path", disk.path)]
        let labels: Labels = [
            ("hostname", report.hostname), ("architecture", report.architecture.rawValue),
            ("operating_system", report.operatingSystem), ("kernel", report.kernel),
            ("processor", processor.model), ("container", report.container),
            ("address", report.address.advertised),
        ]
        // A size of 0 is one that could not be read.
        let hasMemory = memory.totalBytes > 0
        let hasDisk = disk.totalBytes > 0
        var metrics = [
            one("node_info", "What this machine is.", "1", labels),
            one("node_processor_sockets", "Processor sockets.", count(processor.sockets)),
            one("node_processor_cores", "Processor cores.", count(processor.cores)),
            one("node_processor_threads", "Hardware threads.", count(processor.threads)),
            one(
                "node_processor_usable", "Processors that the agent may use, by affinity and quota.",
                processor.usableMilliCPU > 0 ? Thousandths.text(Int64(processor.usableMilliCPU)) : nil),
            one("node_memory_total_bytes", "Memory.", hasMemory ? "\(memory.totalBytes)" : nil),
            one(
                "node_memory_available_bytes", "Memory that is free or given back on demand.",
                hasMemory ? "\(memory.availableBytes)" : nil),
            one("node_memory_limit_bytes", "Tightest limit above the agent.", text(memory.limitBytes)),
            one("node_disk_total_bytes", "File system of the work.", text(hasDisk, disk.totalBytes), place),
            one(
                "node_disk_available_bytes", "Free for a user without privileges.",
                text(hasDisk, disk.availableBytes), place),
        ]
        if let load = status.load {
            metrics.append(
                one("node_load_average", "Over a minute.", Thousandths.text(Int64(load.loadMilli))))
            if status.isProcessorLoadKnown {
                let ratio = Thousandths.text(Int64(load.processorPermille))
                metrics.append(one("node_processor_utilization_ratio", "Busy part of the processors.", ratio))
            }
        }
        var tools = Metric(name: "node_tool_info", help: "How each vendor's tool has answered.")
        for tool in report.tools { tools.add([("tool", tool.name), ("state", tool.state.rawValue)], "1") }
        return metrics + [tools]
    }

    private static func one(_ name: String, _ help: String, _ value: String?, _ labels: Labels = []) -> Metric
    {
        var metric = Metric(name: name, help: help)
        metric.add(labels, value)
        return metric
    }

    private static func count(_ number: UInt32) -> String? { number > 0 ? String(number) : nil }
    private static func text(_ isKnown: Bool, _ number: Int64) -> String? { isKnown ? String(number) : nil }
    private static func text(_ number: (some BinaryInteger)?) -> String? { number.map { String($0) } }

    // MARK: Devices

    private static func devices(_ status: MachineStatus) -> [Metric] {
        var information = Metric(name: "device_info", help: "What each device is.")
        var health = Metric(name: "device_health_info", help: "How each device is.")
        var total = Metric(name: "device_memory_total_bytes", help: "Memory of the device.")
        var used = Metric(name: "device_memory_used_bytes", help: "Memory in use.")
        var utilization = Metric(name: "device_utilization_ratio", help: "Busy part of the time.")
        var temperature = Metric(name: "device_temperature_celsius", help: "Temperature.")
        var power = Metric(name: "device_power_watts", help: "Power draw.")
        var age = Metric(
            name: "device_reading_age_seconds", help: "Of the last readings, where the tool tells none now.")
        for (position, device) in status.report.devices.enumerated() {
            // The position tells devices apart that have neither UUID nor a number of their own.
            let labels: Labels = [
                ("device", String(position)), ("index", String(device.index)),
                ("chip", device.chip.map { String($0) }), ("model", device.model), ("uuid", device.uuid),
            ]
            information.add(
                labels + [
                    ("type", device.type.rawValue), ("vendor", device.vendor), ("bus", device.busID),
                    ("driver", device.driverVersion),
                ], "1")
            health.add(labels + [("health", device.health.rawValue)], "1")
            total.add(labels, text(device.memoryTotalBytes))
            if let seconds = device.ageSeconds {
                age.add(labels, String(seconds))
                continue
            }
            used.add(labels, text(device.memoryUsedBytes))
            utilization.add(
                labels, device.utilizationPercent.map { Thousandths.text(Int64($0) * 10) })
            temperature.add(labels, text(device.temperatureCelsius))
            power.add(labels, device.powerMilliwatts.map { Thousandths.text(Int64($0)) })
        }
        return [information, health, total, used, utilization, temperature, power, age]
    }

    // MARK: Text

    private static func write(_ metric: Metric) -> String {
        let name = "mortise_" + metric.name
        return "# HELP \(name) \(metric.help)\n# TYPE \(name) gauge\n"
            + metric.values.map { name + write($0.labels) + " " + $0.value + "\n" }.joined()
    }

    private static func write(_ labels: Labels) -> String {
        let known = labels.compactMap { label in
            label.value.map { "\(label.name)=\"\(escaped($0))\"" }
        }
        return known.isEmpty ? "" : "{" + known.joined(separator: ",") + "}"
    }

    private static func escaped(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            case _ where scalar.value < 32 || scalar.value == 127: text += " "
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
