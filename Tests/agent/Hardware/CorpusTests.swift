import ClusterTypes
import AgentHardware
import FoundationEssentials
import ProtocolMessages
import Testing

/// Real outputs of many versions of the tools, kept beside the repository and not in it.
@Suite("Real outputs", .enabled(if: Corpus.isThere))
struct CorpusTests {
    @Test("every nvidia-smi XML", arguments: Corpus.files("nvidia/xml_"))
    func nvidiaXML(file: String) throws {
        let expected = try Corpus.expected(file)
        let query = try #require(NvidiaQuery(parsing: Array(Corpus.text(file).utf8)))
        #expect(query.isComplete)
        #expect(query.driverVersion == expected.driver_version)
        check(query.devices, expected)
        for (device, wanted) in zip(query.devices, expected.devices) {
            #expect(device.minorNumber == wanted.minor_number)
            #expect(device.migInstances.count == wanted.mig_devices?.count ?? 0)
            #expect(device.migMode == wanted.mig_mode)
        }
    }

    @Test("every nvidia-smi CSV", arguments: Corpus.files("nvidia/csv_"))
    func nvidiaCSV(file: String) throws {
        let table = try #require(NvidiaCSV(parsing: Corpus.text(file)))
        check(table.devices, try Corpus.expected(file), hasPower: table.columns != nil)
    }

    private func check(_ devices: [NvidiaDevice], _ expected: Corpus.Answer, hasPower: Bool = true) {
        #expect(devices.count == expected.devices.count)
        for (device, wanted) in zip(devices, expected.devices) {
            #expect(device.index == wanted.index)
            #expect(device.name == wanted.name)
            #expect(device.uuid == wanted.uuid)
            #expect(device.busID == wanted.bus_id)
            #expect(device.memoryTotalBytes == wanted.memory_total_mib.map { $0 << 20 })
            #expect(device.memoryUsedBytes == wanted.memory_used_mib.map { $0 << 20 })
            #expect(device.utilizationPercent == wanted.utilization_percent)
            #expect(device.temperatureCelsius == wanted.temperature_c)
            guard hasPower else { continue }
            #expect(device.powerMilliwatts == wanted.power_w.map { UInt32(($0 * 1_000).rounded()) })
        }
    }

    @Test("every complaint of nvidia-smi", arguments: Corpus.files("nvidia/err_"))
    func nvidiaErrors(file: String) throws {
        let failure = try #require(NvidiaFailure(parsing: Corpus.text(file)))
        #expect(failure.code.rawValue == (try Corpus.expected(file).error))
        #expect((failure.busID != nil) == (failure.code == .gpuLost))
        #expect(NvidiaQuery(parsing: Array(Corpus.text(file).utf8)) == nil)
    }

    @Test("every npu-smi info", arguments: Corpus.files("npu/info_"))
    func ascendInfo(file: String) throws {
        let expected = try Corpus.expected(file)
        let info = AscendInfo(parsing: Corpus.text(file))
        #expect(info.toolVersion == expected.tool_version)
        #expect(info.driverVersion == expected.driver_version)
        #expect(info.devices.count == expected.devices.count)
        for (device, wanted) in zip(info.devices, expected.devices) {
            #expect(device.card == wanted.index)
            #expect(device.chip == wanted.chip)
            #expect(device.physicalID == wanted.phy_id)
            #expect(device.name == wanted.name)
            #expect(device.health == wanted.health)
            #expect(device.busID == wanted.bus_id)
            #expect(device.workMemory?.total == wanted.memory_total_mib.map { $0 << 20 })
            #expect(device.workMemory?.used == wanted.memory_used_mib.map { $0 << 20 })
            #expect(device.utilizationPercent == wanted.utilization_percent)
            #expect(device.temperatureCelsius == wanted.temperature_c)
            #expect(device.powerMilliwatts == wanted.power_w.map { UInt32(($0 * 1_000).rounded()) })
        }
    }

    @Test(
        "the physical id of every chip is the printed one, and no chip has another's",
        arguments: Corpus.files("npu/info_"))
    func physicalIDs(file: String) throws {
        let expected = try Corpus.expected(file)
        let info = AscendInfo(parsing: Corpus.text(file))
        let reports = AscendProbe.reports(info, AscendMapping(parsing: ""))
        #expect(
            Set(reports.map(\.physicalID)).count == reports.count
                && !reports.contains { $0.physicalID == nil })
        for device in expected.devices {
            guard let printed = device.phy_id else { continue }
            #expect(
                reports.contains {
                    $0.index == device.index && $0.chip == (device.chip ?? 0) && $0.physicalID == printed
                })
        }
    }

    @Test("every npu-smi mapping", arguments: Corpus.files("npu/m_"))
    func ascendMapping(file: String) throws {
        let expected = try Corpus.expected(file)
        let mapping = AscendMapping(parsing: Corpus.text(file))
        #expect(mapping.chips.map(\.card) == expected.devices.map(\.index))
        #expect(mapping.chips.map(\.chip) == expected.devices.map { $0.chip ?? 0 })
        #expect(mapping.chips.map(\.logicID) == expected.devices.map { $0.logic_id ?? 999 })
        #expect(mapping.chips.map(\.name) == expected.devices.map { $0.name ?? "" })
    }

    @Test(
        "every npu-smi list of readings",
        arguments: Corpus.files("npu/t_common_") + Corpus.files("npu/t_usages_"))
    func ascendReadings(file: String) throws {
        let wanted = try #require(Corpus.expected(file).devices.first)
        let readings = try #require(AscendList(parsing: Corpus.text(file)).chips.first)
        #expect(readings.card == wanted.index)
        #expect(readings.utilizationPercent == wanted.utilization_percent)
        #expect(readings.temperatureCelsius == wanted.temperature_c)
        #expect(readings.powerMilliwatts == wanted.power_w.map { UInt32(($0 * 1_000).rounded()) })
        #expect(readings.workMemoryBytes == wanted.memory_total_mib.map { $0 << 20 })
        #expect(readings.workMemoryUsedPercent == wanted.hbm_usage_percent)
    }

    @Test("every complaint of npu-smi", arguments: Corpus.files("npu/err_"))
    func ascendErrors(file: String) throws {
        let failure = try #require(AscendFailure(parsing: Corpus.text(file)))
        #expect(failure.code.rawValue == (try Corpus.expected(file).error))
        #expect(AscendInfo(parsing: Corpus.text(file)).devices.isEmpty)
    }

    @Test("every cpuinfo", arguments: Corpus.files("cpu/cpuinfo_"))
    func cpuinfo(file: String) throws {
        let expected = try Corpus.expected(file)
        let info = ProcessorInfo(parsing: Corpus.text(file))
        #expect(info.model == expected.model)
        #expect(info.processors.count == expected.logical_cpus)
        #expect(info.sockets == expected.sockets)
        #expect(info.coresPerSocket == expected.cores_per_socket)
        #expect(info.implementer == expected.implementer)
        #expect(info.vendor == expected.vendor)
        #expect(info.hardware == expected.hardware)
        #expect(info.parts == expected.part ?? [])
        let topology = ProcessorTopology(info, places: [])
        #expect(topology.sockets <= topology.cores && topology.cores <= topology.threads)
    }

    @Test("every meminfo", arguments: Corpus.files("cpu/meminfo_"))
    func meminfo(file: String) throws {
        let expected = try Corpus.expected(file)
        let info = MemoryInfo(parsing: Corpus.text(file))
        #expect(info.totalBytes == expected.mem_total_kib.map { $0 << 10 })
        #expect(info.availableBytes == expected.mem_available_kib.map { $0 << 10 })
    }

    @Test("every limit of a control group", arguments: Corpus.files("cpu/cgroup"))
    func limits(file: String) throws {
        let expected = try Corpus.expected(file)
        let text = Corpus.text(file)
        if file.hasSuffix("cpu.max.txt") || file.contains("cpu.max_") {
            let cores = expected.cpu_limit_cores?.number
            #expect(ControlGroupLimit.milliCPU(max: text) == cores.map { Int64($0 * 1_000) })
        }
        if file.contains("memory.max") || file.contains("memory.limit") {
            #expect(ControlGroupLimit.bytes(text) == expected.memory_limit_bytes)
        }
        if file.contains("cpuset.cpus") {
            #expect(ProcessorList.parse(text)?.count == expected.cpuset_cpus)
        }
        if file.contains("cfs_quota_us"), expected.cpu_quota_us == -1 {
            #expect(ControlGroupLimit.milliCPU(quota: text, period: "100000") == nil)
        }
    }

    @Test("every output of hostname -I picks its words by index", arguments: Corpus.files("cpu/hostname-I"))
    func hostnames(file: String) throws {
        let addresses = try #require(try Corpus.expected(file).addresses)
        let words = Corpus.text(file).split(whereSeparator: \.isWhitespace).map(String.init)
        #expect(words == addresses)
        let interfaces = try words.enumerated().map {
            InterfaceAddress(interface: "eth\($0)", address: try #require(IPAddress($1)))
        }
        for (position, address) in addresses.enumerated() {
            let settings = AddressSettings(index: .init(String(position + 1), from: "LOCAL_IP_INDEX"))
            #expect(
                try AddressPolicy.choose(settings, interfaces: interfaces, route: .unknown).local == address)
        }
    }

    @Test("no sample of any tool harms any reader", arguments: Corpus.files(""))
    func everyReader(file: String) {
        let text = Corpus.text(file)
        // The largest are read whole by the tests above.
        for cut in [String(text.prefix(8_000)), String(text.prefix(text.utf8.count / 2).prefix(30_000))] {
            _ = NvidiaQuery(parsing: Array(cut.utf8))
            _ = NvidiaCSV(parsing: cut)
            _ = NvidiaFailure(parsing: cut)
            _ = AscendInfo(parsing: cut)
            _ = AscendMapping(parsing: cut)
            _ = AscendList(parsing: cut)
            _ = ProcessorTopology(ProcessorInfo(parsing: cut), places: [])
            _ = MemoryInfo(parsing: cut)
            _ = ControlGroups(membership: cut, mounts: cut)
            _ = SystemInfo.operatingSystem(cut)
            _ = ProcessorTimes(parsing: cut, processors: nil)
        }
    }
}
