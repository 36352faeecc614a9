import ClusterTypes
import ProtocolCodec
import ProtocolMessages
import TextForms

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
            let text = text(bytes)
            for query in [NvidiaQuery(parsing: bytes), NvidiaQuery(parsing: text)] {
                guard var query else { continue }
                if let list = NvidiaList(parsing: text) { query.add(list) }
                checkNvidia(query.devices, query.driverVersion)
            }
            for columns in [nil, NvidiaCSV.query] {
                if let table = NvidiaCSV(parsing: text, columns: columns) {
                    checkNvidia(table.devices, table.driverVersion)
                }
            }
            if let summary = NvidiaSummary(parsing: text) { checkNvidia(summary.devices) }
            if let list = NvidiaList(parsing: text) { checkNvidia(list.devices) }
            if let monitor = NvidiaMonitor(parsing: text) { checkNvidia(monitor.devices) }
            if let topology = NvidiaTopology(parsing: text) {
                for row in topology.rows {
                    precondition(row.cells.count >= topology.columns.count, "\(row)")
                    for column in topology.columns { _ = topology.link(row.name, column) }
                }
            }
            if let failure = NvidiaFailure(parsing: text) {
                precondition(!failure.advice.isEmpty && failure.line.count <= 301, "\(failure)")
            }
            let output = SavedOutput(text: text, fileName: "")
            for form in ToolForm.nvidia {
                let isKnown = form.recognizes(output)
                let reading = form.read(output)
                precondition(isKnown || reading.devices.isEmpty, "\(form.name) reads what it does not know")
                precondition(!JSONText.write(reading.json).isEmpty)
            }
            _ = BusAddress(text)
        }
    }

    private static func checkNvidia(_ devices: [NvidiaDevice], _ driverVersion: String? = nil) {
        checkAccepted(devices.flatMap { $0.reports(driverVersion: driverVersion) })
        for device in devices {
            precondition((device.utilizationPercent ?? 0) <= 100, "\(device)")
            precondition(
                (device.memoryTotalBytes ?? 0) >= 0 && (device.memoryUsedBytes ?? 0) >= 0, "\(device)")
            for instance in device.migInstances {
                precondition((instance.memoryTotalBytes ?? 0) >= 0, "\(instance)")
                precondition((instance.uuid ?? "").utf8.count <= 253, "\(instance)")
            }
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

    /// The tools of the other vendors: every reader and every form on the same text, and the numbers of the PCI bus.
    static var accelerators: FuzzTarget {
        let readers: [(vendor: AcceleratorVendor, read: (String) -> AcceleratorList?)] = [
            (.amd, AmdSMI.parse), (.amd, RocmSMI.parse), (.habana, GaudiSMI.parse),
            (.habana, { GaudiSMI.csv($0, columns: GaudiSMI.query) }), (.cambricon, CambriconMonitor.parse),
            (.mooreThreads, MooreThreadsGMI.parse), (.intel, IntelXPU.parse),
        ]
        return FuzzTarget(name: "accelerators", inputBytes: 8_192) { bytes in
            let text = text(bytes)
            for (vendor, read) in readers {
                guard let list = read(text) else { continue }
                precondition(list.devices.count <= AcceleratorList.deviceLimit, "\(list.devices.count)")
                precondition(
                    list.devices.allSatisfy {
                        0...100 ~= $0.utilizationPercent ?? 0 && $0.memoryTotalBytes ?? 0 >= 0
                    })
                checkAccepted(list.devices.map { $0.report(vendor, driverVersion: list.driverVersion) })
            }
            let output = SavedOutput(text: text, fileName: "")
            for form in ToolForm.accelerators where form.recognizes(output) {
                _ = JSONText.write(form.read(output).json)
            }
            if let failure = AcceleratorFailure(parsing: text) { precondition(!failure.advice.isEmpty) }
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            if lines.count >= 4,
                let found = PCIAccelerator(
                    busID: lines[0], vendor: lines[1], device: lines[2], class: lines[3])
            {
                checkAccepted([found.report(index: 0, reason: "present")])
            }
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
            checkSurroundings(text)
            if let limit = ControlGroupLimit.milliCPU(max: text) { precondition(limit >= 1, "\(limit)") }
            if let limit = ControlGroupLimit.bytes(text) { precondition(limit >= 0, "\(limit)") }
            _ = ControlGroupLimit.statistic("inactive_file", in: text)
            _ = SystemInfo.operatingSystem(text)
            _ = SystemInfo.loadMilli(text)
            _ = ContainerHints(membership: text).kind
        }
    }

    /// What is around the machine, and every form of a saved output.
    private static func checkSurroundings(_ text: String) {
        let listings = [ProcessorListing(parsing: text), ProcessorListing(parsingJSON: text)]
        precondition(listings.allSatisfy { $0.models.count <= 64 }, "\(listings)")
        let table = MountTable(parsing: text)
        for mount in table.mounts where mount.point.hasPrefix("/") {
            precondition(table.mount(holding: mount.point) != nil, "\(mount)")
        }
        let membership = ControlGroupMembership(parsing: text)
        if let allocation = Allocation(environment: { _ in text }, membership: membership) {
            precondition(!allocation.jobID.isEmpty, "\(allocation)")
        }
        if let allocation = Allocation(environment: { _ in nil }, membership: membership) {
            precondition(!allocation.jobID.isEmpty, "\(allocation)")
        }
        let hints = ContainerHints(membership: text, mounts: table, manager: text, podNamespace: text)
        if let id = hints.container?.id { precondition(id.utf8.count == 64, id) }
        let node = MemoryNode(number: 0, processors: text, memory: text, distances: text)
        precondition(node.processors.count <= 65_536 && (node.totalBytes ?? 0) >= 0, "\(node)")
        let port = InfiniBandPort(device: "x", port: 1, state: text, rate: text, linkLayer: text)
        precondition(port.megabitsPerSecond != 0, "\(port)")
        precondition((HugePagePool.pageBytes(directory: text) ?? 1) > 0)
        var texts = NetworkInterface.Texts()
        (texts.type, texts.uevent, texts.state) = (text, text, text)
        (texts.speed, texts.mtu) = (text, text)
        _ = InterfaceLink(NetworkInterface(name: text, texts: texts), cards: [])
        for fileName in ["", "cpu.max", "cpuset.cpus", "memory.max", "cpu.cfs_quota_us"] {
            let output = SavedOutput(text: text, fileName: fileName)
            for form in ToolForm.machine where form.recognizes(output) {
                let reading = form.read(output)
                precondition(reading.devices.isEmpty && !JSONText.write(reading.json).isEmpty, form.name)
            }
        }
        precondition(!Scan.plain(text).unicodeScalars.contains("\u{1B}"))
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
            // From flags, and the same from the environment, where several words may stand.
            let flags = AddressSettings(
                addressFlag: line(0), indexFlag: line(1), advertiseFlag: line(2), environment: { _ in nil })
            let variables = AddressSettings(
                addressFlag: nil, indexFlag: nil, advertiseFlag: nil,
                environment: {
                    $0.hasSuffix("INDEX") ? line(1) : $0.contains("ADVERTISE") ? line(2) : line(0)
                })
            for settings in [flags, variables] {
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
}
