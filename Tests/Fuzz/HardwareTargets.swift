import ClusterTypes
import ProtocolCodec
import ProtocolMessages

@testable import AgentHardware

// What tools print, what the kernel's files say, and what a user has set of the node's address.

extension FuzzTarget {
    /// The coordinator takes what was found: a strange word of a tool must not keep a node away.
    private static func checkAccepted(_ devices: [DeviceReport], _ address: AddressReport? = nil) {
        let report = HardwareReport(
            hostname: "node", architecture: .amd64, operatingSystem: "", kernel: "",
            processor: ProcessorReport(model: "", sockets: 1, cores: 1, threads: 1, usableMilliCPU: 1_000),
            memory: MemoryReport(totalBytes: 1, limitBytes: nil, availableBytes: 1),
            disk: DiskReport(path: "/", totalBytes: 1, availableBytes: 1),
            devices: Array(devices.prefix(ProtocolLimits.devicesPerNode)),
            address: address ?? AddressReport(local: "::1", advertised: "::1", rule: "first", explanation: [])
        )
        var encoder = FrameEncoder()
        var decoder = FrameDecoder()
        do throws(ProtocolError) {
            _ = try decoder.agentMessage(try encoder.encode(.hardware(report, request: 1)))
        } catch {
            preconditionFailure("the coordinator refuses it: \(error)")
        }
    }

    static var nvidia: FuzzTarget {
        FuzzTarget(name: "nvidia", inputBytes: 8_192) { bytes in
            if let query = NvidiaQuery(parsing: bytes) {
                checkAccepted(query.devices.map { $0.report(driverVersion: query.driverVersion) })
            }
            let text = text(bytes)
            for columns in [nil, NvidiaTable.query] {
                guard let table = NvidiaTable(parsing: text, columns: columns) else { continue }
                checkAccepted(table.devices.map { $0.report(driverVersion: table.driverVersion) })
            }
            if let failure = NvidiaFailure(parsing: text) {
                precondition(!failure.advice.isEmpty && failure.line.count <= 301, "\(failure)")
            }
            _ = BusAddress(text)
        }
    }

    static var ascend: FuzzTarget {
        FuzzTarget(name: "ascend", inputBytes: 8_192) { bytes in
            let text = text(bytes)
            let info = AscendInfo(parsing: text)
            let mapping = AscendMapping(parsing: text)
            checkAccepted(
                info.devices.map {
                    $0.report(
                        logicID: mapping.chip(card: $0.card, chip: $0.chip)?.logicID ?? $0.card,
                        fullName: nil, driverVersion: info.driverVersion)
                })
            checkAccepted(AscendProbe.reports(info, mapping))
            for device in info.devices {
                for usage in [device.memory, device.highBandwidthMemory, device.hugePages] {
                    precondition((usage?.used ?? 0) >= 0 && (usage?.total ?? 0) >= 0, "\(device)")
                }
            }
            for readings in AscendList(parsing: text).readings { check(readings) }
            for sample in AscendWatch(parsing: text).samples {
                precondition((sample.utilizationPercent ?? 0) <= 100, "\(sample)")
                precondition((sample.memoryUsedPercent ?? 0) <= 100, "\(sample)")
            }
            let topology = AscendTopology(parsing: text)
            precondition(topology.groups.joined().count == topology.rows.count, "\(topology)")
            for process in AscendProcessList(parsing: text).processes + (info.processes ?? []) {
                precondition((process.memoryBytes ?? 0) >= 0, "\(process)")
            }
            _ = AscendVirtual(parsing: text)
            _ = AscendVersion(parsing: text)
            if let failure = AscendFailure(parsing: text) {
                precondition(!failure.advice.isEmpty && failure.line.count <= 301, "\(failure)")
            }
            checkForms(ToolForm.ascend, text)
        }
    }

    private static func check(_ readings: AscendReadings) {
        precondition((readings.utilizationPercent ?? 0) <= 100, "\(readings)")
        precondition((readings.workMemoryUsedPercent ?? 0) <= 100, "\(readings)")
        precondition((readings.workMemoryBytes ?? 0) >= 0, "\(readings)")
        precondition((readings.hugePagesUsedPercent ?? 0) <= 100, "\(readings)")
        _ = readings.health
        _ = readings.board
        _ = readings.memoryErrors
        _ = readings.highBandwidthMemoryErrors
    }

    /// Every form reads every text; what it says can be written.
    private static func checkForms(_ forms: [ToolForm], _ text: String) {
        let output = SavedOutput(text: text, fileName: "saved")
        for form in forms {
            _ = form.recognizes(output)
            precondition(!JSONText.write(form.read(output).json).isEmpty, form.name)
        }
    }

    /// `/proc`, `/sys`, control groups and os-release: every reader on the same text.
    static var machine: FuzzTarget {
        FuzzTarget(name: "machine", inputBytes: 4_096) { bytes in
            let text = text(bytes)
            let info = ProcessorInfo(parsing: text)
            let topology = ProcessorTopology(info, places: [ProcessorPlace(package: 0, siblings: text)])
            precondition(topology.cores >= 1 && topology.threads >= 1 && !info.name.isEmpty, "\(topology)")
            let memory = MemoryInfo(parsing: text)
            precondition((memory.totalBytes ?? 0) >= 0 && (memory.availableBytes ?? 0) >= 0, "\(memory)")
            if let list = ProcessorList.parse(text) { precondition(list.count <= 65_536, "\(list.count)") }
            if let times = ProcessorTimes(parsing: text, processors: nil) {
                precondition(times.permille(since: times) == 0)
            }
            if let own = ProcessorTimes(parsing: text, processors: [0, 2]),
                let all = ProcessorTimes(parsing: text, processors: nil)
            {
                precondition(all.permille(since: own) <= 1_000 && own.permille(since: all) <= 1_000)
            }
            let groups = ControlGroups(membership: text, mounts: text)
            for levels in [groups.unified, groups.processor, groups.memory] {
                precondition(levels.count <= 65, "\(levels.count) levels")
                precondition(
                    !levels.contains { $0.split(separator: "/").contains("..") && !text.contains("-") })
            }
            if let limit = ControlGroupLimit.milliCPU(max: text) { precondition(limit >= 1, "\(limit)") }
            if let limit = ControlGroupLimit.bytes(text) { precondition(limit >= 0, "\(limit)") }
            _ = ControlGroupLimit.statistic("inactive_file", in: text)
            _ = SystemInfo.operatingSystem(text)
            _ = SystemInfo.loadMilli(text)
            _ = ContainerHints(membership: text).kind
        }
    }

    /// Lines: the setting of the address, of the index, what is advertised, and interfaces as `NAME ADDRESS`.
    static var addresses: FuzzTarget {
        FuzzTarget(name: "addresses", inputBytes: 512) { bytes in
            let lines = text(bytes).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            let interfaces = lines.dropFirst(3).compactMap { line -> InterfaceAddress? in
                let words = Scan.words(line)
                guard words.count == 2, let address = IPAddress(words[1]) else { return nil }
                precondition(IPAddress(address.description) == address, "\(address)")
                return InterfaceAddress(interface: words[0], address: address)
            }
            func line(_ position: Int) -> String? {
                position < lines.count && !lines[position].isEmpty ? lines[position] : nil
            }
            let settings = AddressSettings(
                addressFlag: line(0), indexFlag: line(1), advertiseFlag: line(2), environment: { _ in nil })
            do throws(AddressError) {
                let report = try AddressPolicy.choose(settings, interfaces: interfaces, route: .unknown)
                checkAccepted([], report)
                precondition(IPAddress(report.local) != nil, "\(report)")
                precondition(!report.advertised.isEmpty && !report.explanation.isEmpty, "\(report)")
            } catch {
                precondition(!error.message.isEmpty)
            }
        }
    }
}
