import ClusterTypes
import ProtocolMessages
import Testing

@testable import AgentHardware

@Suite("Devices on the PCI bus")
struct PCITests {
    /// A bus with these devices: address, vendor, device, class.
    private func bus(
        _ devices: [(address: String, vendor: String, device: String, code: String)],
        virtual: Set<String> = [], memoryNodes: [String: String] = [:], paths: [String: String] = [:]
    ) -> FileSource {
        var files: [String: String] = [:]
        for (address, vendor, device, code) in devices {
            let folder = "/sys/bus/pci/devices/\(address)"
            files[folder + "/vendor"] = vendor + "\n"
            files[folder + "/device"] = device + "\n"
            files[folder + "/class"] = code + "\n"
            files[folder + "/numa_node"] = memoryNodes[address]
            if virtual.contains(address) { files[folder + "/physfn"] = "" }
        }
        let found = files
        let names = devices.map(\.address)
        return FileSource(
            read: { found[$0] }, exists: { found[$0] != nil },
            list: { $0 == "/sys/bus/pci/devices" ? names : [] },
            target: { path in paths.first { path == "/sys/bus/pci/devices/" + $0.key }?.value })
    }

    private func accelerator(_ address: String, _ vendor: String = "0x10de") throws -> PCIAccelerator {
        try #require(PCIAccelerator(busID: address, vendor: vendor, device: "0x2330", class: "0x030200"))
    }

    @Test(
        "accelerators are told by vendor, class and number",
        arguments: [
            ("0x10de", "0x2330", "0x030200", "nvidia"), ("0x10de", "0x2684", "0x030000", "nvidia"),
            ("0x19e5", "0xd802", "0x120000", "huawei"), ("0x1002", "0x74a0", "0x120000", "amd"),
            ("0x1002", "0x738c", "0x038000", "amd"), ("0x8086", "0x56c0", "0x038000", "intel"),
            ("0x8086", "0x0bd5", "0x038000", "intel"), ("0x1da3", "0x1020", "0x120000", "habana"),
            ("0xcabc", "0x0370", "0x120000", "cambricon"), ("0x1ed5", "0x0400", "0x030000", "moorethreads"),
            ("0x1e3e", "0x0001", "0x120000", "iluvatar"), ("0x9999", "0x4000", "0x038000", "metax"),
        ]) func accelerators(vendor: String, device: String, code: String, name: String) throws
    {
        let found = PCIAccelerator(busID: "0000:c1:00.0", vendor: vendor, device: device, class: code)
        #expect(found?.vendor == name)
        #expect(found?.type == (["huawei", "habana", "cambricon"].contains(name) ? .npu : .gpu))
        #expect(found?.numbers == vendor.dropFirst(2) + ":" + device.dropFirst(2))
    }

    @Test(
        "displays of management processors, graphics inside of processors and companions are none",
        arguments: [
            ("0x1a03", "0x2000", "0x030000"), ("0x102b", "0x0538", "0x030000"),
            ("0x19e5", "0x1711", "0x030000"),
            ("0x1002", "0x515e", "0x030000"), ("0x1002", "0x164e", "0x030000"),
            ("0x1002", "0x1586", "0x030000"),
            ("0x8086", "0x4680", "0x030000"), ("0x8086", "0x7d55", "0x030000"),
            ("0x8086", "0x56c0", "0x040300"),
            ("0x10de", "0x22a3", "0x068000"), ("0x10de", "0x22ba", "0x040300"),
            ("0x19e5", "0x0222", "0x020000"),
            ("0x1da3", "0x1020", "0x020000"), ("0x1d94", "0x1456", "0x108000"),
            ("0x10de", "nonsense", "0x030000"),
            ("", "", ""),
        ]) func others(vendor: String, device: String, code: String)
    {
        #expect(PCIAccelerator(busID: "0000:c1:00.0", vendor: vendor, device: device, class: code) == nil)
    }

    @Test("the bus is read in its order, without parts of devices and without what is no address")
    func order() {
        let files = bus(
            [
                ("0000:c1:00.0", "0x10de", "0x2330", "0x030200"),
                ("0000:1b:00.0", "0x10de", "0x2330", "0x030200"),
                ("0000:1b:00.4", "0x10de", "0x2330", "0x030200"),
                ("not an address", "0x10de", "0x2330", "0x030200"),
                ("0000:00:1f.0", "0x8086", "0xa30d", "0x060100"),
            ], virtual: ["0000:1b:00.4"])
        #expect(PCIReader(files: files).accelerators().map(\.busID) == ["0000:1b:00.0", "0000:c1:00.0"])
        #expect(PCIReader(files: bus([])).accelerators().isEmpty)
    }

    @Test("devices are near a NUMA node and behind a root port, with or without bridges between")
    func places() throws {
        let gpus = ["0000:01:00.0", "0000:19:00.0", "0000:1b:00.0", "0000:c1:00.0"]
        let files = bus(
            gpus.map { ($0, "0x10de", "0x2330", "0x030200") },
            memoryNodes: [gpus[0]: "-1\n", gpus[1]: "0\n", gpus[2]: "0\n", gpus[3]: "1\n"],
            paths: [
                gpus[0]: "../../../devices/pci0000:00/0000:01:00.0",
                gpus[1]: "../../../devices/pci0000:16/0000:16:02.0/0000:17:00.0/0000:18:00.0/0000:19:00.0",
                gpus[2]: "../../../devices/pci0000:16/0000:16:02.0/0000:17:00.0/0000:18:01.0/0000:1b:00.0",
                gpus[3]: "../../../devices/pci0000:c0/0000:c0:01.0/0000:c1:00.0",
            ])
        let present = PCIReader(files: files).accelerators()
        #expect(present.map(\.memoryNode) == [nil, 0, 0, 1])
        #expect(present.map(\.rootPort) == [nil, "0000:16:02.0", "0000:16:02.0", "0000:c0:01.0"])

        var told = DeviceReport(
            type: .gpu, vendor: "nvidia", model: "X", index: 0, visibleID: "GPU-1", busID: "00000000:19:00.0")
        told.memoryNode = 3
        var elsewhere = told
        elsewhere.busID = "00000000:F0:00.0"
        var placed = told
        placed.rootPort = "0000:16:02.0"
        #expect(
            DeviceMerge.place([told, elsewhere], on: present) == [placed, elsewhere], "the tool knows better")
        told.memoryNode = nil
        #expect(DeviceMerge.place([told], on: present)[0].memoryNode == 0)
    }

    @Test("the links of this machine's bus are read as they are")
    func machine() {
        let files = FileSource.machine()
        for address in files.list("/sys/bus/pci/devices") {
            #expect(files.target("/sys/bus/pci/devices/" + address)?.hasSuffix("/" + address) == true)
        }
        #expect(files.target("/sys/bus/pci") == nil)
    }

    @Test("what no tool has named is listed, said to be so, and given to no work")
    func unnamed() throws {
        let present = [try accelerator("0000:1b:00.0"), try accelerator("0000:c1:00.0")]
        let devices = DeviceMerge.merge(
            [], present: present, tools: ["nvidia": ToolReport(name: "nvidia-smi", state: .missing)])
        #expect(devices.map(\.busID) == ["0000:1b:00.0", "0000:c1:00.0"])
        #expect(devices.map(\.index) == [0, 1])
        #expect(devices.map(\.health) == [.unknown, .unknown])
        #expect(devices[0].reason == "present on the PCI bus, no tool: nvidia-smi is not there")
        #expect(devices.allSatisfy { !$0.isNamed })
        let report = HardwareReport(
            hostname: "n", architecture: .amd64, operatingSystem: "", kernel: "",
            processor: ProcessorReport(model: "", sockets: 1, cores: 1, threads: 1, usableMilliCPU: 1_000),
            memory: MemoryReport(totalBytes: 1, availableBytes: 1),
            disk: DiskReport(path: "/", totalBytes: 1, availableBytes: 1), devices: devices,
            address: AddressReport(local: "::1", advertised: "::1", rule: "first", explanation: []))
        #expect(report.capacity(labels: []).devices.map(\.isUsable) == [false, false])
        // The same again changes nothing.
        #expect(
            DeviceMerge.merge(
                devices, present: present, tools: ["nvidia": ToolReport(name: "nvidia-smi", state: .missing)])
                == devices)
    }

    @Test("a device that its tool names later keeps its position and is no second one")
    func namedLater() throws {
        let present = [try accelerator("0000:1b:00.0"), try accelerator("0000:c1:00.0")]
        let before = DeviceMerge.merge(
            [], present: present,
            tools: [
                "nvidia": ToolReport(name: "nvidia-smi", state: .timedOut, message: "no answer within 20 s")
            ])
        #expect(
            before[0].reason == "present on the PCI bus, nvidia-smi does not answer: no answer within 20 s")
        let named = DeviceReport(
            type: .gpu, vendor: "nvidia", model: "X", index: 0, visibleID: "GPU-2", busID: "00000000:C1:00.0",
            health: .ok)
        let tool = ToolReport(name: "nvidia-smi", state: .ok)
        let result = DeviceProbeResult(devices: [named], tool: tool, isComplete: true)
        let after = DeviceMerge.merge(
            DeviceMerge.merge(before, vendor: "nvidia", result), present: present, tools: ["nvidia": tool])
        #expect(after.map(\.visibleID) == ["", "GPU-2"])
        #expect(after[0].reason == "present on the PCI bus, nvidia-smi does not list it")
    }

    @Test("where a tool has named devices the bus adds none: a container may not have all")
    func toolKnowsBetter() throws {
        let named = DeviceReport(
            type: .gpu, vendor: "nvidia", model: "X", index: 0, visibleID: "GPU-2", health: .ok)
        let present = [try accelerator("0000:1b:00.0"), try accelerator("0000:c1:00.0")]
        #expect(DeviceMerge.merge([named], present: present, tools: [:]) == [named])
    }

    @Test("a device that leaves the bus has failed")
    func gone() throws {
        let before = DeviceMerge.merge([], present: [try accelerator("0000:1b:00.0", "0x1e3e")], tools: [:])
        #expect(before.map(\.reason) == ["present on the PCI bus, no tool: none is known for it"])
        let after = DeviceMerge.merge(before, present: [], tools: [:])
        #expect(after.map(\.health) == [.failed])
    }

    @Test("the prober tells of both, and of a missing tool only where it is missed")
    func prober() throws {
        let directory = try TemporaryDirectory()
        try directory.write(
            "mthreads-gmi", "#!/bin/sh\ncat <<'END'\n\(AcceleratorFixtures.mooreJSON)END\n", isProgram: true)
        var settings = HardwareProber.Settings(workDirectory: directory.path)
        for tool in [
            "nvidia-smi", "npu-smi", "amd-smi", "rocm-smi", "hl-smi", "cnmon", "mthreads-gmi", "xpu-smi",
        ] {
            settings.toolPaths[tool] = directory.path + "/" + tool
        }
        let files = bus([
            ("0000:2a:00.0", "0x1ed5", "0x0400", "0x030000"),
            ("0000:33:00.0", "0x1da3", "0x1020", "0x120000"),
        ])
        let report = try HardwareProber(settings: settings, machine: MachineReader(files: files)).report()
        #expect(report.devices.map(\.vendor) == ["moorethreads", "habana"])
        #expect(report.devices.map(\.visibleID) == ["0", ""])
        #expect(report.devices[1].reason == "present on the PCI bus, no tool: hl-smi is not there")
        #expect(report.tools.map(\.name) == ["npu-smi", "nvidia-smi", "hl-smi", "mthreads-gmi"])
        #expect(report.tools.map(\.state) == [.missing, .missing, .missing, .ok])
    }
}
