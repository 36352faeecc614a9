import ClusterTypes
import Platform
import ProtocolMessages
import TextForms

/// Chips that are divided into virtual NPUs. Such a chip is given to no work itself, its parts are.
extension AscendProbe {
    /// Of a chip: its parts; nil where the tool does not tell them.
    typealias Parts = [UInt32: AscendVirtual?]

    /// What the machine's virtual NPUs were when their device files were these.
    package struct Division: Sendable {
        var numbers: [UInt32] = []
        /// By physical ids of chips.
        var parts: Parts = [:]
        var templates = AscendTemplates(parsing: "")
        var isComplete: Bool { parts.values.allSatisfy { $0 != nil } }
    }

    private static let filePrefix = "vdavinci"

    /// The driver numbers virtual NPUs from 100, with room for 16 of each chip.
    private static func chip(ofVirtual number: UInt32) -> UInt32? {
        number >= 100 ? (number - 100) / 16 : nil
    }

    /// With their parts in the places behind them. Without a device file of a virtual NPU nothing is asked.
    func divided(_ reports: [DeviceReport], _ tools: ToolContext) -> [DeviceReport] {
        let numbers = files.list("/dev").compactMap { name in
            name.hasPrefix(Self.filePrefix) ? UInt32(name.dropFirst(Self.filePrefix.count)) : nil
        }.sorted()
        guard !numbers.isEmpty else { return reports }
        let division = details.division(numbers) { ask(reports, numbers, tools) }
        return reports.flatMap { report in
            guard let chip = report.physicalID, let parts = division.parts[chip] else { return [report] }
            return Self.divided(report, into: parts, division.templates)
        }
    }

    private func ask(_ reports: [DeviceReport], _ numbers: [UInt32], _ tools: ToolContext) -> Division {
        var division = Division(numbers: numbers)
        for chip in Set(numbers.compactMap(Self.chip)).sorted() {
            guard let report = reports.first(where: { $0.physicalID == chip }) else { continue }
            let place = ["-i", String(report.index), "-c", String(report.chip ?? 0)]
            let answer = text(run(tools, ["info", "-t", "info-vnpu"] + place)).map(AscendVirtual.init)
            division.parts[chip] = answer?.hasHeader == true ? answer : .some(nil)
            if division.templates.memoryBytes.isEmpty {
                let answer = text(run(tools, ["info", "-t", "template-info"] + place.prefix(2)))
                division.templates = AscendTemplates(parsing: answer ?? "")
            }
        }
        return division
    }

    private func text(_ result: ToolResult) -> String? {
        guard case .exited(_, let output, _) = result else { return nil }
        return String(decoding: output, as: UTF8.self)
    }

    private static func divided(
        _ whole: DeviceReport, into virtual: AscendVirtual?, _ templates: AscendTemplates
    ) -> [DeviceReport] {
        let parts = virtual?.devices ?? []
        if virtual != nil, parts.isEmpty { return [whole] }
        var chip = whole
        chip.visibleID = ""
        chip.partCount = UInt32(clamping: parts.count)
        let note =
            parts.isEmpty
            ? "divided into virtual NPUs that npu-smi does not tell: nothing can run on it"
            : "divided: its \(parts.count) virtual NPUs are given to work, not the chip"
        chip.reason = whole.reason.map { "\(note); \($0)" } ?? note
        return [chip] + parts.map { part(of: whole, $0, templates) }
    }

    /// A virtual NPU has the faults of its chip; readings of the chip as a whole are not its.
    private static func part(
        of whole: DeviceReport, _ virtual: AscendVirtual.Device, _ templates: AscendTemplates
    ) -> DeviceReport {
        let template = virtual.template
        var report = DeviceReport(
            type: .npu, vendor: whole.vendor, model: "\(whole.model) vNPU", index: whole.index,
            chip: virtual.id, visibleID: String(virtual.id), busID: whole.busID,
            memoryTotalBytes: template.flatMap { templates.memoryBytes[$0] },
            driverVersion: whole.driverVersion, health: whole.health,
            reason: whole.reason.map { "its chip: \($0)" })
        if let template { report.model += " " + template }
        report.parent = whole.busID ?? String(whole.visibleID)
        report.memoryNode = whole.memoryNode
        return report
    }
}
