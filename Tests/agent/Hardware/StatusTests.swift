import APITypes
import AgentHardware
import ClusterTypes
import FoundationEssentials
import Platform
import ProtocolMessages
import Testing

@Suite("Status output")
struct StatusTests {
    private var report: HardwareReport {
        func gpu(_ number: UInt32, _ model: String) -> DeviceReport {
            DeviceReport(
                type: .gpu, vendor: "nvidia", model: model, index: number, visibleID: "GPU-\(number)",
                uuid: "GPU-\(number)", busID: "00000000:0\(number):00.0", memoryTotalBytes: 85_520_809_984,
                memoryUsedBytes: 2 << 20, utilizationPercent: 98, temperatureCelsius: 61,
                powerMilliwatts: 66_920,
                driverVersion: "570.1", health: .ok)
        }
        var npu = DeviceReport(type: .npu, vendor: "huawei", model: "Ascend 910B3", index: 5, visibleID: "1")
        npu.chip = 1
        npu.health = .failed
        npu.reason = "npu-smi says \"Critical\"\n"
        return HardwareReport(
            hostname: "gpu01.cluster.example", architecture: .amd64, operatingSystem: "Debian GNU/Linux 12",
            kernel: "6.1.0",
            processor: ProcessorReport(
                model: "Test CPU", sockets: 2, cores: 48, threads: 96, usableMilliCPU: 95_500),
            memory: MemoryReport(totalBytes: 540 << 30, limitBytes: 64 << 30, availableBytes: 60 << 30),
            disk: DiskReport(path: "/var/lib/mortise", totalBytes: 2 << 40, availableBytes: 1 << 40),
            devices: [
                gpu(0, "NVIDIA A100-SXM4-80GB"), gpu(1, "NVIDIA A100-SXM4-80GB"), gpu(2, "Tesla T4"), npu,
            ],
            tools: [
                ToolReport(name: "nvidia-smi", state: .ok), ToolReport(name: "npu-smi", state: .missing),
            ],
            address: AddressReport(
                local: "10.0.0.5", advertised: "203.0.113.7", rule: "route",
                explanation: ["eth0 10.0.0.5: taken"]),
            container: "docker")
    }

    @Test("the Slurm line has the fields of slurmd -C and one Gres per model")
    func slurm() {
        #expect(
            StatusSlurm.line(report)
                == "NodeName=gpu01 CPUs=96 Boards=1 SocketsPerBoard=2 CoresPerSocket=24 ThreadsPerCore=2 "
                + "RealMemory=552960 Gres=gpu:nvidia_a100-sxm4-80gb:2,gpu:tesla_t4:1,npu:ascend_910b3:1")
        var plain = report
        plain.devices = []
        #expect(!StatusSlurm.line(plain).contains("Gres"))
    }

    @Test("the JSON is what the API's hardware view reads")
    func json() throws {
        let text = StatusJSON.text(report, load: Heartbeat(sequence: 0, loadMilli: 590))
        let view = try JSONDecoder().decode(HardwareView.self, from: Data(text.utf8))
        #expect(view.hostname == report.hostname)
        #expect(view.architecture == .amd64)
        #expect(view.usableMilliCPU == 95_500)
        #expect(view.memoryLimitBytes == 64 << 30)
        #expect(view.localAddress == "10.0.0.5")
        #expect(view.tools == ["nvidia-smi: ok", "npu-smi: missing"])
        #expect(view.devices.map(\.model) == report.devices.map(\.model))
        #expect(view.devices.first?.powerWatts == 66.92)
        #expect(view.devices.last?.reason == report.devices.last?.reason)
        #expect(view.devices.last?.chip == 1)
        #expect(view.devices.last?.uuid == nil)
        #expect(view.container == "docker")
    }

    @Test("what is around the devices is in both forms")
    func machine() throws {
        var machine = MachineReport()
        machine.memoryNodes = [
            MemoryNodeReport(number: 0, processors: "0-47", totalBytes: 1 << 38),
            MemoryNodeReport(number: 1, processors: ""),
        ]
        machine.hugePages = [HugePageReport(pageBytes: 2 << 20, total: 512, free: 12)]
        var shared = FileSystemReport(purpose: "shared", path: "/home")
        shared.kind = "nfs"
        shared.type = "nfs4"
        shared.source = "server:/export"
        machine.fileSystems = [shared]
        machine.interfaces = [
            InterfaceReport(name: "eth0", kind: "ethernet", state: "up", megabitsPerSecond: 25_000),
            InterfaceReport(name: "bond0", kind: "bond"),
        ]
        machine.allocation = AllocationReport(scheduler: "slurm", jobID: "4711")
        var report = report
        report.machine = machine
        report.devices[0].ageSeconds = 40
        report.devices[0].throttleReasons = ["hw_slowdown"]
        let lines = StatusTable.text(report).split(separator: "\n")
        for line in [
            "NUMA       0: CPU 0-47, 1: CPU -", "Huge pages 512 of 2 MiB, 12 free",
            "Files      shared /home: nfs nfs4 from server:/export", "Network    eth0 25 Gb/s",
            "Allocation slurm 4711", "#0 ok: the readings are 40 s old",
        ] {
            #expect(lines.contains { $0 == line }, "\(line)")
        }
        let json = try #require(
            try JSONDecoder().decode([String: Shape].self, from: Data(StatusJSON.text(report).utf8))[
                "machine"])
        guard case .object(let members) = json else {
            Issue.record("no object")
            return
        }
        #expect(
            Set(members.keys) == ["memoryNodes", "hugePages", "fileSystems", "interfaces", "allocation"])
        #expect(StatusJSON.text(report).contains("\"throttleReasons\": ["))
        // A GPU that is divided is none that Slurm could hand out.
        report.devices[2].partCount = 1
        #expect(!StatusSlurm.line(report).contains("tesla"))
    }

    /// Any JSON.
    private enum Shape: Decodable {
        case object([String: Shape]), other

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            self = (try? container.decode([String: Shape].self)).map { .object($0) } ?? .other
        }
    }

    @Test("any text survives the JSON")
    func escapes() throws {
        var strange = report
        strange.hostname = "a\"b\\c\u{0}\u{1f}\u{7f}\n\t\r é 卡 \u{1F600}"
        let view = try JSONDecoder().decode(HardwareView.self, from: Data(StatusJSON.text(strange).utf8))
        #expect(view.hostname == strange.hostname)
    }

    @Test("the table names everything and is aligned")
    func table() {
        let lines = StatusTable.text(report, load: Heartbeat(sequence: 0, loadMilli: 590)).split(
            separator: "\n")
        #expect(lines.first == "Host       gpu01.cluster.example (in docker)")
        #expect(lines.contains("Address    10.0.0.5 (by route), advertised as 203.0.113.7"))
        #expect(lines.contains("Memory     540 GiB, 60 GiB available, limited to 64 GiB"))
        #expect(lines.contains("           2 sockets, 48 cores, 96 threads; usable: 95.5 CPU"))
        #expect(lines.contains("Load       0.59"))
        let header = lines.firstIndex { $0.hasPrefix("#  TYPE") }
        let rows = lines.dropFirst((header ?? 0) + 1)
        #expect(
            rows.first
                == "0  gpu   0    NVIDIA A100-SXM4-80GB  79.6 GiB  2 MiB  98 %  61 C  66.9 W  ok      00000000:00:00.0"
        )
        #expect(lines.contains { $0.hasPrefix("#3 failed: npu-smi says") })
        #expect(!lines.contains { $0.hasSuffix(" ") })
    }

    static let slurmd = ToolRunner.locate("slurmd", in: ["/usr/sbin", "/usr/local/sbin"])

    @Test("this machine's line is the one that slurmd -C prints", .enabled(if: slurmd != nil))
    func realSlurmd() throws {
        let program = try #require(Self.slurmd)
        let result = ToolRunner().run(program, ["-C"], deadline: .seconds(60))
        guard case .exited(0, let output, _) = result else {
            Issue.record("slurmd -C: \(result)")
            return
        }
        var settings = HardwareProber.Settings(workDirectory: "/")
        settings.usesTools = false
        let line = StatusSlurm.line(try HardwareProber(settings: settings).report())
        #expect(String(decoding: output, as: UTF8.self).split(separator: "\n").first.map(String.init) == line)
    }
}
