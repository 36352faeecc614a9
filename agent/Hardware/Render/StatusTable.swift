import ClusterTypes
package import ProtocolMessages
import TextForms

/// A machine for people.
package enum StatusTable {
    /// - Parameter load: nil leaves its line out.
    package static func text(
        _ report: HardwareReport, load: Heartbeat? = nil, cloud: CloudInstance? = nil
    ) -> String {
        var lines: [String] = []
        func add(_ name: String, _ value: String) { lines.append(padded(name, 11) + value) }
        let processor = report.processor
        let memory = report.memory
        add("Host", report.hostname + (report.container.map { " (in \($0))" } ?? ""))
        add("System", "\(report.operatingSystem), kernel \(report.kernel), \(report.architecture.rawValue)")
        let advertised = report.address.advertised
        add(
            "Address",
            report.address.local + " (by \(report.address.rule))"
                + (advertised == report.address.local ? "" : ", advertised as \(advertised)"))
        for line in report.address.explanation { add("", line) }
        add("Processor", processor.model)
        add(
            "",
            "\(count(processor.sockets, "socket")), \(count(processor.cores, "core")), "
                + "\(count(processor.threads, "thread")); usable: "
                + Thousandths.text(processor.usableMilliCPU) + " CPU")
        add(
            "Memory",
            "\(Thousandths.bytes(memory.totalBytes)), \(Thousandths.bytes(memory.availableBytes)) available"
                + (memory.limitBytes.map { ", limited to \(Thousandths.bytes($0))" } ?? ""))
        add(
            "Disk",
            "\(report.disk.path): \(Thousandths.bytes(report.disk.totalBytes)), "
                + "\(Thousandths.bytes(report.disk.availableBytes)) available")
        if let cloud {
            let words = [cloud.provider.rawValue, cloud.id, cloud.type, cloud.zone ?? cloud.region]
            add(
                "Cloud",
                words.compactMap(\.self).joined(separator: ", ") + (cloud.isSpot == true ? ", spot" : ""))
        }
        for line in report.machine?.lines ?? [] { add(line.name, line.text) }
        if let load { add("Load", Thousandths.text(Int64(load.loadMilli))) }
        for (position, tool) in report.tools.enumerated() {
            add(position == 0 ? "Tools" : "", StatusJSON.tool(tool))
        }
        add("Devices", report.devices.isEmpty ? "none" : String(report.devices.count))
        if !report.devices.isEmpty { lines += [""] + devices(report.devices) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func devices(_ devices: [DeviceReport]) -> [String] {
        let header = ["#", "TYPE", "ID", "MODEL", "MEMORY", "USED", "UTIL", "TEMP", "POWER", "HEALTH", "BUS"]
        let rows = devices.enumerated().map { position, device -> [String] in
            let id = device.chip.map { "\(device.index).\($0)" } ?? String(device.index)
            return [
                String(position), device.type.rawValue, id, device.model,
                device.memoryTotalBytes.map(Thousandths.bytes) ?? "-",
                device.memoryUsedBytes.map(Thousandths.bytes) ?? "-",
                device.utilizationPercent.map { "\($0) %" } ?? "-",
                device.temperatureCelsius.map { "\($0) C" } ?? "-",
                device.powerMilliwatts.map { "\(Thousandths.text(Int64($0 / 100 * 100))) W" } ?? "-",
                device.health.rawValue, device.busID ?? "-",
            ]
        }
        var lines = aligned([header] + rows)
        for (position, device) in devices.enumerated() {
            let age = device.ageSeconds.map { "the readings are \($0) s old" }
            let notes = [device.reason, age].compactMap(\.self)
            if !notes.isEmpty {
                lines.append("#\(position) \(device.health.rawValue): " + notes.joined(separator: "; "))
            }
        }
        return lines
    }

    private static func aligned(_ rows: [[String]]) -> [String] {
        let widths = (0..<(rows.first?.count ?? 0)).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { padded($0, $1) }.joined(separator: "  ")
            return String(cells.reversed().drop { $0 == " " }.reversed())
        }
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func count(_ number: UInt32, _ noun: String) -> String {
        "\(number) \(noun)" + (number == 1 ? "" : "s")
    }
}
