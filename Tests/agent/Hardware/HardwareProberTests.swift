import AgentHardware
import ClusterTypes
import Foundation
import ProtocolMessages
import Testing

@Suite("Prober")
struct HardwareProberTests {
    private func prober(
        _ directory: TemporaryDirectory, nvidia: String? = nil, ascend: String? = nil,
        deadline: Duration = .seconds(60)
    ) throws -> HardwareProber {
        var settings = HardwareProber.Settings(workDirectory: directory.path)
        settings.inventoryDeadline = deadline
        settings.sampleDeadline = deadline
        settings.toolPaths = [
            "nvidia-smi": directory.path + "/nvidia-smi", "npu-smi": directory.path + "/npu-smi",
        ]
        if let nvidia { try directory.write("nvidia-smi", "#!/bin/sh\n" + nvidia, isProgram: true) }
        if let ascend { try directory.write("npu-smi", "#!/bin/sh\n" + ascend, isProgram: true) }
        return try HardwareProber(
            settings: settings, machine: machine(), probes: [AscendProbe(), NvidiaProbe()])
    }

    /// This machine without its PCI bus.
    private func machine() -> MachineReader {
        let files = FileSource.machine()
        return MachineReader(files: FileSource(read: files.read, exists: files.exists))
    }

    private let gpu = NvidiaTests.document(
        "<utilization><gpu_util>7 %</gpu_util></utilization><temperature><gpu_temp>61 C</gpu_temp></temperature>"
    )

    @Test("a machine without vendor tools is reported, and the tools as missing")
    func noTools() throws {
        let directory = try TemporaryDirectory()
        let report = try prober(directory).report()
        #expect(report.devices.isEmpty)
        #expect(
            report.tools == [
                ToolReport(name: "npu-smi", state: .missing), ToolReport(name: "nvidia-smi", state: .missing),
            ])
        #expect(report.disk.path == directory.path)
        #expect(report.disk.totalBytes > 0)
        #expect(report.processor.usableMilliCPU > 0)
        #expect(!report.address.local.isEmpty)
    }

    @Test("device samples come in the order of the report and only from the tools")
    func samples() throws {
        let directory = try TemporaryDirectory()
        try directory.write("answer", gpu)
        let prober = try prober(directory, nvidia: "cat \(directory.path)/answer")
        #expect(prober.load().devices.isEmpty)
        #expect(prober.deviceSampleAge == nil)
        let first = prober.report()
        #expect(first.devices.map(\.visibleID) == ["GPU-1"], "\(first.tools)")
        #expect(prober.load().devices == [DeviceSample(utilizationPercent: 7, temperatureCelsius: 61)])
        #expect(prober.deviceSampleAge != nil)
        #expect(prober.load().sequence == 0)
        try directory.write(
            "answer", NvidiaTests.document("<temperature><gpu_temp>80 C</gpu_temp></temperature>"))
        #expect(prober.load().devices == [DeviceSample(utilizationPercent: 7, temperatureCelsius: 61)])
        #expect(prober.sampleDevices() == false)
        #expect(prober.load().devices == [DeviceSample(temperatureCelsius: 80)])
    }

    @Test("a tool that hangs costs its deadline, and the devices stay")
    func hangs() throws {
        let directory = try TemporaryDirectory()
        try directory.write("answer", gpu)
        let script = "if test -e \(directory.path)/hang; then sleep 600; fi; cat \(directory.path)/answer"
        let prober = try prober(directory, nvidia: script, deadline: .seconds(1))
        // A busy machine may need more than the deadline for the first answer; then there is nothing to compare.
        var first = prober.report()
        for _ in 0..<10 where first.devices.isEmpty { first = prober.report() }
        #expect(first.devices.map(\.health) == [.ok])
        try directory.write("hang", "")
        #expect(prober.sampleDevices())
        let report = prober.report()
        #expect(report.devices.map(\.visibleID) == ["GPU-1"])
        #expect(report.devices.map(\.health) == [.unknown])
        #expect(report.devices.first?.reason?.hasPrefix("probe stalled: nvidia-smi timed out") == true)
        // The last good values stay, with their age; a heartbeat has none of them, and the age is no change.
        #expect(report.devices.first?.temperatureCelsius == 61)
        #expect(report.devices.first?.ageSeconds != nil)
        #expect(prober.load().devices == [DeviceSample()])
        #expect(prober.sampleDevices() == false)
        #expect(report.capacity(labels: []).devices.map(\.isUsable) == [true])
        #expect(report.tools.last?.state == .timedOut)
    }

    @Test("a lost GPU is failed, with the tool's words")
    func lost() throws {
        let directory = try TemporaryDirectory()
        try directory.write("answer", gpu)
        let prober = try prober(directory, nvidia: "cat \(directory.path)/answer")
        _ = prober.report()
        let line = "Unable to determine the device handle for GPU 0000:C1:00.0: GPU is lost."
        try directory.write("nvidia-smi", "#!/bin/sh\necho '\(line)'; exit 15\n", isProgram: true)
        let report = prober.report()
        #expect(report.devices.map(\.health) == [.failed])
        #expect(report.devices.first?.reason?.contains("GPU is lost") == true)
        #expect(report.tools.last?.state == .failed)
    }

    @Test("a driver without GPUs is in order")
    func noDevices() throws {
        let directory = try TemporaryDirectory()
        let report = try prober(directory, nvidia: "echo 'No devices were found'; exit 6").report()
        #expect(report.devices.isEmpty)
        #expect(report.tools.last?.state == .ok)
    }

    @Test("a warning after the answer does not cost the answer")
    func warningBehind() throws {
        let directory = try TemporaryDirectory()
        try directory.write("answer", gpu)
        let script =
            "cat \(directory.path)/answer; echo 'WARNING: infoROM is corrupted at gpu 0000:C1:00.0'; exit 14"
        let report = try prober(directory, nvidia: script).report()
        #expect(report.devices.map(\.health) == [.ok])
        #expect(report.tools.last?.state == .ok)
    }

    @Test("where the XML cannot be had the plain table is asked")
    func plainTable() throws {
        let directory = try TemporaryDirectory()
        let script = """
            case "$1" in
            --query-gpu=*) echo 'index, uuid, name, memory.total [MiB]'; echo '0, GPU-9, Old GPU, 2048 MiB' ;;
            *) echo 'Invalid combination of input arguments.'; exit 2 ;;
            esac
            """
        let report = try prober(directory, nvidia: script).report()
        #expect(report.devices.map(\.visibleID) == ["GPU-9"])
        #expect(report.tools.last?.state == .ok)
    }

    @Test("an answer that is no answer is unreadable, a failure has its words")
    func unreadable() throws {
        let directory = try TemporaryDirectory()
        let report = try prober(directory, nvidia: "echo hello", ascend: "echo 'ret is -8005' >&2; exit 1")
            .report()
        #expect(
            report.tools == [
                ToolReport(name: "npu-smi", state: .failed, message: "exit code 1: ret is -8005"),
                ToolReport(
                    name: "nvidia-smi", state: .unreadable, message: "the answer is not understood: hello"),
            ])
    }

    @Test("Ascend cards are asked one by one where the table is not understood")
    func oneByOne() throws {
        let directory = try TemporaryDirectory()
        let script = """
            case "$*" in
            "info -m") printf '\\tNPU ID    Chip ID    Chip Logic ID    Chip Name\\n'
                printf '\\t2         0          0                Ascend 310P3\\n' ;;
            "info -t common -i 2") printf '\\tNPU ID : 2\\n\\tAicore Usage Rate(%%) : 6\\n\\tTemperature(C) : 46\\n' ;;
            "info -t usages -i 2") printf '\\tDDR Capacity(MB) : 21000\\n\\tDDR Usage Rate(%%) : 10\\n'
                printf '\\tAicore Usage Rate(%%) : 6\\n' ;;
            *) echo 'a table of the future' ;;
            esac
            """
        let report = try prober(directory, ascend: script).report()
        let device = try #require(report.devices.first)
        #expect(device.model == "Ascend 310P3")
        #expect(device.visibleID == "0")
        #expect(device.utilizationPercent == 6)
        #expect(device.temperatureCelsius == 46)
        #expect(device.memoryTotalBytes == 21_000 << 20)
        #expect(device.memoryUsedBytes == 2_100 << 20)
        #expect(device.health == .ok)
    }

    @Test(
        "a chip that is not well is asked why; errors of its memory are asked a few cards at a time, and rarely"
    )
    func ascendDetails() throws {
        let directory = try TemporaryDirectory()
        try directory.write("table", AscendFixtures.twoDies)
        try directory.write("health", AscendFixtures.health)
        try directory.write("topology", AscendFixtures.dies)
        let script = """
            echo "$*" >> \(directory.path)/asked
            case "$*" in
            "info") cat \(directory.path)/table ;;
            "info -t health -i 2 -c 1") sed /NPU/d \(directory.path)/health ;;
            "info -t ecc -i 2") printf 'HBM Double Bit Error Count : 3\nChip ID : 0\n' ;;
            "info -t topo") cat \(directory.path)/topology ;;
            *) echo 'This device does not support querying it.'; exit 1 ;;
            esac
            """
        let prober = try prober(directory, ascend: script)
        let report = prober.report()
        #expect(report.devices.map(\.health) == [.failed, .warning])
        #expect(
            report.devices.first?.reason
                == "3 memory errors could not be corrected since the driver was loaded")
        #expect(report.devices.last?.reason?.contains("80C98009 (node type=SOC, event: Heartbeat)") == true)
        #expect(prober.report().devices == report.devices)
        let asked = directory.read("asked").split(separator: "\n")
        #expect(asked.count { $0 == "info" } == 2)
        #expect(asked.count { $0.contains("ecc") } == 1)
        #expect(asked.count { $0.contains("topo") } == 1)
        #expect(asked.count { $0.contains("health") } == 2)
    }

    @Test(
        "the addresses of Ascend's network ports come from the file, and from the tool for those that it lacks"
    )
    func ascendAddresses() throws {
        let directory = try TemporaryDirectory()
        try directory.write("table", AscendFixtures.twoDies)
        let numbers = AscendProbe.reports(
            AscendInfo(parsing: AscendFixtures.twoDies), AscendMapping(parsing: "")
        ).compactMap(\.physicalID)
        #expect(numbers.count == 2)
        try directory.write(
            "npu-smi", "#!/bin/sh\n[ \"$*\" = info ] && exec cat \(directory.path)/table\nexit 1\n",
            isProgram: true)
        try directory.write(
            "hccn_tool",
            "#!/bin/sh\necho \"$*\" >> \(directory.path)/asked\nprintf 'ipaddr:10.1.0.9\\nnetmask:255.0.0.0\\n'\n",
            isProgram: true)
        let file = "address_\(numbers[0])=10.1.0.8\n"
        func report(hasTool: Bool, hasFile: Bool) throws -> HardwareReport {
            var settings = HardwareProber.Settings(workDirectory: directory.path)
            settings.toolPaths = [
                "npu-smi": directory.path + "/npu-smi",
                "hccn_tool": directory.path + (hasTool ? "/hccn_tool" : "/none"),
            ]
            let files = FileSource(
                read: { $0 == "/etc/hccn.conf" && hasFile ? file : nil }, exists: { _ in false })
            return try HardwareProber(
                settings: settings, machine: machine(), probes: [AscendProbe(files: files)]
            ).report()
        }
        #expect(
            try report(hasTool: true, hasFile: true).devices.map(\.networkAddress) == [
                "10.1.0.8", "10.1.0.9",
            ])
        #expect(directory.read("asked") == "-i \(numbers[1]) -ip -g\n")
        #expect(try report(hasTool: false, hasFile: true).devices.map(\.networkAddress) == ["10.1.0.8", nil])
        #expect(try report(hasTool: false, hasFile: false).devices.map(\.networkAddress) == [nil, nil])
    }

    @Test("a chip that is divided gives its virtual NPUs to work, and is asked again when their files change")
    func virtual() throws {
        let directory = try TemporaryDirectory()
        try directory.write("table", AscendFixtures.twoDies)
        try directory.write("vnpu", AscendFixtures.virtual)
        try directory.write("templates", AscendFixtures.templates)
        try directory.write(
            "npu-smi",
            """
            #!/bin/sh
            echo "$*" >> \(directory.path)/asked
            case "$*" in
            info) cat \(directory.path)/table ;;
            *info-vnpu*) cat \(directory.path)/vnpu ;;
            *template-info*) cat \(directory.path)/templates ;;
            *) exit 1 ;;
            esac

            """, isProgram: true)
        let whole = AscendProbe.reports(
            AscendInfo(parsing: AscendFixtures.twoDies), AscendMapping(parsing: ""))
        let chip = try #require(whole.first { $0.physicalID == 4 })
        try FileManager.default.createDirectory(
            atPath: directory.path + "/dev", withIntermediateDirectories: true)
        for name in ["davinci4", "vdavinci164", "vdavinci165"] { try directory.write("dev/\(name)", "") }
        let files = FileSource.machine(root: directory.path)
        var settings = HardwareProber.Settings(workDirectory: directory.path)
        settings.toolPaths = ["npu-smi": directory.path + "/npu-smi", "hccn_tool": directory.path + "/none"]
        let prober = try HardwareProber(
            settings: settings, machine: machine(), probes: [AscendProbe(files: files)])
        let report = prober.report()
        #expect(report.devices.count == whole.count + 2)
        let divided = try #require(report.devices.first { $0.physicalID == 4 })
        #expect(divided.partCount == 2 && divided.visibleID.isEmpty)
        #expect(divided.reason == "divided: its 2 virtual NPUs are given to work, not the chip")
        let parts = report.devices.filter { $0.parent != nil }
        #expect(parts.map(\.model) == ["\(chip.model) vNPU vir05_1c_16g", "\(chip.model) vNPU vir10_3c_32g"])
        #expect(parts.map(\.visibleID) == ["164", "165"])
        #expect(parts.map(\.memoryTotalBytes) == [16 << 30, 32 << 30])
        #expect(parts.allSatisfy { $0.physicalID == nil && $0.capacity.isUsable })
        #expect(!divided.capacity.isUsable)
        #expect(
            DevicePlaceReader(files: files).places(of: parts).map(\.file)
                == ["/dev/vdavinci164", "/dev/vdavinci165"])

        #expect(prober.report().devices == report.devices)
        func asked() -> Int { directory.read("asked").split(separator: "\n").count { $0.contains("vnpu") } }
        #expect(asked() == 1)
        // Another file, and a tool that says nothing of it: the chip is given to nobody.
        try directory.write("dev/vdavinci166", "")
        try directory.write("vnpu", "This device does not support querying it.\n")
        let silent = prober.report().devices
        #expect(silent.first { $0.physicalID == 4 }?.visibleID.isEmpty == true)
        #expect(silent.filter { $0.parent != nil }.allSatisfy { $0.health == .failed })
        #expect(asked() == 2)
        _ = prober.report()
        #expect(asked() == 3)
        // They are gone: it is whole again.
        for number in 164...166 {
            try FileManager.default.removeItem(atPath: directory.path + "/dev/vdavinci\(number)")
        }
        #expect(prober.report().devices.first { $0.physicalID == 4 }?.visibleID == chip.visibleID)
    }

    @Test("what is rarely asked comes in small parts, and again after a while")
    func ascendQuestions() {
        let details = AscendDetails(interval: .seconds(60))
        let start = ContinuousClock.now
        let first = details.questions(cards: [0, 7], now: start)
        #expect(first == [.topology, .errors(card: 0), .board(card: 0), .errors(card: 7)])
        #expect(details.questions(cards: [0, 7], now: start) == [.board(card: 7)])
        #expect(details.questions(cards: [0, 7], now: start + .seconds(59)) == [])
        #expect(details.questions(cards: [7], now: start + .seconds(60)).count == 3)
        details.answer(.topology, AscendFixtures.topology)
        details.answer(.topology, "This device does not support querying it.")
        details.answer(.board(card: 7), AscendFixtures.board)
        #expect(details.known.topology?.groups.count == 2)
        #expect(details.known.boards[7]?.serialNumber == "77AB02")
        #expect(details.known.errors(\.double, card: 7, chip: 0) == nil)
        _ = details.questions(cards: [1, 2, 3], now: start + .seconds(600))
        details.stop()
        #expect(details.questions(cards: [1, 2, 3], now: start + .seconds(601)) == [])
        #expect(
            details.questions(cards: [1], numbers: [6], now: start + .seconds(900)) == [
                .topology, .address(physicalID: 6), .errors(card: 1), .board(card: 1),
            ])
    }

    @Test("a setting that names no address here keeps the agent from starting")
    func badAddress() {
        var settings = HardwareProber.Settings(workDirectory: "/")
        settings.address.address = .init("203.0.113.300", from: "LOCAL_IP")
        #expect(throws: AddressError.self) { try HardwareProber(settings: settings) }
    }

    @Test("without leave to run tools none is run")
    func toolsOff() throws {
        let directory = try TemporaryDirectory()
        try directory.write("nvidia-smi", "#!/bin/sh\ntouch \(directory.path)/ran\n", isProgram: true)
        var settings = HardwareProber.Settings(workDirectory: directory.path)
        settings.usesTools = false
        settings.toolPaths = ["nvidia-smi": directory.path + "/nvidia-smi"]
        let prober = try HardwareProber(settings: settings)
        #expect(prober.report().tools.isEmpty)
        #expect(prober.sampleDevices() == false)
        #expect(FileSource.machine().exists(directory.path + "/ran") == false)
    }
}
