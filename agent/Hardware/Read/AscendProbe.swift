package import ProtocolMessages
import Platform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Ascend NPUs by `npu-smi`.
package struct AscendProbe: DeviceProbe {
    static let tool = "npu-smi"
    private static let searchDirectories = ["/usr/local/sbin", "/usr/local/Ascend/driver/tools"]
    private static let libraryDirectories = [
        "/usr/local/Ascend/driver/lib64", "/usr/local/Ascend/driver/lib64/common",
        "/usr/local/Ascend/driver/lib64/driver",
    ]
    /// Cards that are asked one by one where the table cannot be read.
    private static let singleQueryLimit = 16

    /// Chips that are not well and are asked why, in one probe.
    private static let healthQueryLimit = 4

    package let details: AscendDetails
    let files: FileSource

    package init(details: AscendDetails = AscendDetails(), files: FileSource = .machine()) {
        self.details = details
        self.files = files
    }

    package var vendor: String { "huawei" }
    package var isAlwaysTold: Bool { true }

    package func probe(_ tools: ToolContext) -> DeviceProbeResult {
        let result = run(tools, ["info"])
        guard case .exited(_, let output, _) = result else { return refused(result, tools) }
        let info = AscendInfo(parsing: String(decoding: output, as: UTF8.self))
        if info.devices.isEmpty, AscendFailure(parsing: result.complaint) != nil {
            return refused(result, tools)
        }
        var mapping = AscendMapping(parsing: "")
        if case .exited(_, let output, _) = run(tools, ["info", "-m"]) {
            mapping = AscendMapping(parsing: String(decoding: output, as: UTF8.self))
        }
        if !info.devices.isEmpty {
            let numbers = addressed(Self.reports(info, mapping)).filter { $0.networkAddress == nil }
            let info = detailed(info, numbers.compactMap(\.physicalID), tools)
            return DeviceProbeResult(
                devices: divided(addressed(Self.reports(info, mapping)), tools),
                tool: ToolReport(
                    name: Self.tool, state: info.isComplete ? .ok : .unreadable,
                    message: info.isComplete ? nil : "the answer ends in the middle"),
                isComplete: info.isComplete)
        }
        if !mapping.chips.isEmpty { return oneByOne(mapping, tools) }
        return refused(result, tools)
    }

    /// Sorted by logic id. A chip that the mapping lacks gets the lowest id that no other has, in printed order.
    package static func reports(_ info: AscendInfo, _ mapping: AscendMapping) -> [DeviceReport] {
        var taken = Set(mapping.chips.map(\.logicID))
        var next: UInt32 = 0
        var reports: [(logicID: UInt32, report: DeviceReport)] = []
        for device in info.devices {
            let known = mapping.chip(card: device.card, chip: device.chip)
            var device = device
            device.physicalID = device.physicalID ?? known?.physicalID
            if known == nil {
                while taken.contains(next) { next += 1 }
                taken.insert(next)
            }
            let name = known.flatMap { AscendText.name($0.name) }
            let logicID = known?.logicID ?? next
            let report = device.report(
                logicID: logicID, fullName: name, driverVersion: info.driverVersion)
            reports.append((logicID, report))
        }
        return reports.sorted { $0.logicID < $1.logicID }.map(\.report)
    }

    /// With the addresses of their network ports, as far as the file or the tool has told them.
    private func addressed(_ reports: [DeviceReport]) -> [DeviceReport] {
        let written = AscendAddresses(parsing: files.read(AscendAddresses.file) ?? "")
        let asked = details.known.addresses
        return reports.map { report in
            var report = report
            report.networkAddress = report.physicalID.flatMap { written[$0] ?? asked[$0] }
            return report
        }
    }

    /// The table with what only other questions tell.
    ///
    /// - Parameter numbers: physical ids of chips whose network address is not known by a file.
    private func detailed(_ info: AscendInfo, _ numbers: [UInt32], _ tools: ToolContext) -> AscendInfo {
        var info = info
        let ill = info.devices.indices.filter { info.devices[$0].health?.lowercased() != "ok" }
        for position in ill.prefix(Self.healthQueryLimit) {
            guard askHealth(&info.devices[position], tools) else { return info }
        }
        var cards: [UInt32] = []
        for device in info.devices where !cards.contains(device.card) { cards.append(device.card) }
        for question in details.questions(cards: cards, numbers: numbers) {
            switch run(tools, question.arguments, tool: question.tool) {
            case .exited(_, let output, _):
                details.answer(question, String(decoding: output, as: UTF8.self))
                continue
            case .missing where question.tool != Self.tool: continue
            default: details.stop()
            }
            break
        }
        let known = details.known
        // The matrix names cards or chips, and does not say which where cards have several chips.
        let groups = cards.count == info.devices.count ? known.topology?.groups ?? [] : []
        for position in info.devices.indices {
            let device = info.devices[position]
            info.devices[position].correctedErrors = known.errors(
                \.single, card: device.card, chip: device.chip)
            info.devices[position].uncorrectedErrors = known.errors(
                \.double, card: device.card, chip: device.chip)
            info.devices[position].linkGroup = groups.firstIndex {
                $0.count > 1 && $0.contains(device.card)
            }.map { UInt32($0) }
        }
        return info
    }

    private func oneByOne(_ mapping: AscendMapping, _ tools: ToolContext) -> DeviceProbeResult {
        var devices: [DeviceReport] = []
        for (position, chip) in mapping.chips.enumerated() {
            var device = AscendDevice(card: chip.card, chip: chip.chip, name: chip.name)
            device.physicalID = chip.physicalID
            // Each question has the whole deadline: the first card without an answer is the last one asked.
            if position < Self.singleQueryLimit, devices.last?.health != .unknown || position == 0 {
                read(&device, tools)
            }
            let name = AscendText.name(chip.name)
            devices.append(device.report(logicID: chip.logicID, fullName: name, driverVersion: nil))
        }
        return DeviceProbeResult(
            devices: divided(addressed(devices), tools),
            tool: ToolReport(
                name: Self.tool, state: .ok, message: "the table could not be read, each card was asked"),
            isComplete: true)
    }

    private func read(_ device: inout AscendDevice, _ tools: ToolContext) {
        for kind in ["common", "usages"] {
            guard let list = ask(kind, of: device, tools) else { return }
            device.health = "OK"
            guard let said = list.chip(card: device.card, chip: device.chip) else { continue }
            device.utilizationPercent = device.utilizationPercent ?? said.utilizationPercent
            device.temperatureCelsius = device.temperatureCelsius ?? said.temperatureCelsius
            device.powerMilliwatts = device.powerMilliwatts ?? said.powerMilliwatts
            guard let total = said.workMemoryBytes, total > 0 else { continue }
            let used = said.workMemoryUsedPercent.map { total / 100 * Int64($0) }
            device.memory = AscendUsage(used: used, total: total)
        }
        askHealth(&device, tools)
    }

    /// Asked of chips that are not well, and of those whose table cannot be read: it names what is wrong.
    ///
    /// - Returns: false where there is no answer, and another question would have none.
    @discardableResult
    private func askHealth(_ device: inout AscendDevice, _ tools: ToolContext) -> Bool {
        let place = ["-i", String(device.card), "-c", String(device.chip)]
        guard case .exited(_, let output, _) = run(tools, ["info", "-t", "health"] + place) else {
            return false
        }
        let list = AscendList(parsing: String(decoding: output, as: UTF8.self))
        guard let health = list.chip(card: device.card, chip: device.chip)?.health else { return true }
        device.errors = health.faults
        // The table and this list may be of two moments: the worse of them is kept.
        if device.health?.lowercased() == "ok", let state = health.state { device.health = state }
        return true
    }

    private func ask(_ kind: String, of device: AscendDevice, _ tools: ToolContext) -> AscendList? {
        let result = run(tools, ["info", "-t", kind, "-i", String(device.card)])
        guard case .exited(0, let output, _) = result else { return nil }
        return AscendList(parsing: String(decoding: output, as: UTF8.self))
    }

    private func refused(_ result: ToolResult, _ tools: ToolContext) -> DeviceProbeResult {
        let failure = AscendFailure(parsing: result.complaint)
        return DeviceProbeResult(
            tool: ToolReport.failed(Self.tool, result, deadline: tools.deadline, advice: failure?.advice),
            isDriverLost: failure?.isDriverLost ?? false)
    }

    func run(_ tools: ToolContext, _ arguments: [String], tool: String = tool) -> ToolResult {
        var directories = Self.libraryDirectories
        if let known = getenv("LD_LIBRARY_PATH").map({ String(cString: $0) }), !known.isEmpty {
            directories.insert(known, at: 0)
        }
        return tools.run(
            tool, arguments, environment: ["LD_LIBRARY_PATH=" + directories.joined(separator: ":")],
            searchDirectories: Self.searchDirectories)
    }
}
