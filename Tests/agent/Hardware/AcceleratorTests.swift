import ProtocolMessages
import Testing
import TextForms

@testable import AgentHardware

@Suite("Tools of other vendors")
struct AcceleratorTests {
    typealias Fixtures = AcceleratorFixtures

    private func known(_ text: String) -> ToolForm? {
        ToolForm.accelerators.first { $0.recognizes(SavedOutput(text: text, fileName: "")) }
    }

    private func json(_ text: String) throws -> JSON {
        let form = try #require(known(text))
        return try JSON(JSONText.write(form.read(SavedOutput(text: text, fileName: "")).json))
    }

    // MARK: All of them

    @Test("each text is recognised as what it is", arguments: Fixtures.all.indices)
    func recognised(position: Int) throws {
        let fixture = Fixtures.all[position]
        let form = try #require(known(fixture.text), "\(fixture.text)")
        #expect(form.name == fixture.form)
        let reading = form.read(SavedOutput(text: fixture.text, fileName: ""))
        #expect(reading.devices.count == fixture.devices)
        #expect(reading.error == nil)
    }

    @Test(
        "line ends, colours, a warning before it and blanks behind it change nothing",
        arguments: Fixtures.all.indices)
    func surroundings(position: Int) throws {
        let fixture = Fixtures.all[position]
        let expected = try json(fixture.text)
        let lines = fixture.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(try json(lines.joined(separator: "\r\n")) == expected)
        #expect(try json("warning: something else\n" + fixture.text) == expected)
        #expect(try json(lines.map { $0 + "   " }.joined(separator: "\n") + "\n\n") == expected)
        #expect(try json(lines.map { "\u{1B}[1m" + $0 + "\u{1B}[0m" }.joined(separator: "\n")) == expected)
    }

    /// What stands in an answer, by device: the values of a cut text must be among those of the whole one.
    private func values(_ text: String) -> [UInt32: DeviceReading] {
        guard let form = known(text) else { return [:] }
        let devices = form.read(SavedOutput(text: text, fileName: "")).devices
        return Dictionary(devices.compactMap { device in device.index.map { ($0, device) } }) { first, _ in
            first
        }
    }

    @Test(
        "a text that is cut at any line has no other devices and no other values",
        arguments: Fixtures.all.indices)
    func cut(position: Int) {
        let fixture = Fixtures.all[position]
        // Samples follow each other: an earlier cut has earlier ones.
        guard fixture.text != Fixtures.intelSamples, fixture.text != Fixtures.intelHealth else { return }
        let whole = values(fixture.text)
        let lines = fixture.text.split(separator: "\n", omittingEmptySubsequences: false)
        for cut in lines.indices {
            for part in [lines[..<cut], lines[cut...]] {
                for (index, device) in values(part.joined(separator: "\n")) {
                    let known = whole[index]
                    #expect(known != nil, "device \(index) is invented by the cut at \(cut)")
                    #expect(device.name == nil || device.name == known?.name)
                    #expect(device.uuid == nil || device.uuid == known?.uuid)
                    #expect(device.busID == nil || device.busID == known?.busID)
                    #expect(device.memoryTotalMiB == nil || device.memoryTotalMiB == known?.memoryTotalMiB)
                    #expect(device.memoryUsedMiB == nil || device.memoryUsedMiB == known?.memoryUsedMiB)
                }
            }
        }
    }

    @Test("a text that is cut anywhere, or damaged, ends in an answer", arguments: Fixtures.all.indices)
    func damaged(position: Int) {
        let bytes = Array(Fixtures.all[position].text.utf8)
        for cut in stride(from: 0, to: bytes.count, by: 89) {
            _ = known(String(decoding: bytes[..<cut], as: UTF8.self))
            var damaged = bytes
            damaged[cut] = UInt8(truncatingIfNeeded: cut &* 31)
            let text = String(decoding: damaged, as: UTF8.self)
            _ = known(text)?.read(SavedOutput(text: text, fileName: "")).json
        }
    }

    @Test("numbers that are none are not known")
    func hostileNumbers() throws {
        for number in ["99999999999999999999999999", "-1", "1e400", "0x10", "--", "٣"] {
            let text = Fixtures.gaudiCSV.replacing("98304 MiB", with: number + " MiB")
            let list = try #require(GaudiSMI.parse(text))
            #expect(
                list.devices.map(\.memoryTotalBytes).allSatisfy { $0 == nil || $0 ?? 0 <= 1 << 40 },
                "\(number)")
        }
        let text = Fixtures.mooreTable.replacing("88%", with: "880%").replacing("65C", with: "65000C")
        let device = try #require(MooreThreadsGMI.parse(text)?.devices.first)
        #expect(device.utilizationPercent == nil)
        #expect(device.temperatureCelsius == nil)
    }

    @Test("texts of other tools are none of theirs", .enabled(if: Corpus.isThere))
    func others() {
        for file in Corpus.answers.keys.sorted() where !file.hasPrefix("other/") || file.contains("ixsmi") {
            let text = Corpus.text(file)
            guard text.utf8.count < 16 << 10 else { continue }
            #expect(known(text)?.name == nil, "\(file)")
        }
    }

    @Test("more devices than any machine has are left out, soon")
    func manyDevices() throws {
        let rows = (0..<20_000).map { "card\($0),5" }.joined(separator: "\n")
        let list = try #require(RocmSMI.parse("device,GPU use (%)\n" + rows))
        #expect(list.devices.count == AcceleratorList.deviceLimit)
    }

    // MARK: AMD

    @Test(
        "amd-smi: sections of processors are passed over, and the name of the board stands in for the chip's")
    func amdStatic() throws {
        let list = try #require(AmdSMI.parse(Fixtures.amdStatic))
        #expect(list.devices.map(\.index) == [0, 3])
        #expect(list.devices.map(\.name) == ["Test Instinct", "Board name"])
        #expect(list.devices.map(\.memoryTotalBytes) == [1_000 << 20, nil])
        #expect(list.devices.map(\.powerMilliwatts) == [nil, nil])
        #expect(list.devices[0].powerLimitMilliwatts == 500_000)
        #expect(list.devices.map(\.runtimeID) == ["GPU-0000000000001f2e", "GPU-0000000000002f2e"])
        #expect(list.driverVersion == "6.1")
    }

    @Test("amd-smi: JSON in an object, with units and with words in place of values")
    func amdMetric() throws {
        let list = try #require(AmdSMI.parse(Fixtures.amdMetric))
        let device = try #require(list.devices.first)
        #expect(device.utilizationPercent == 42.5)
        #expect(device.powerMilliwatts == 410_500)
        #expect(device.temperatureCelsius == 68)
        #expect(device.memoryUsedBytes == 7 << 20)
        #expect(device.throttling == "THROTTLED")
        #expect(list.devices[1].utilizationPercent == nil)
        #expect(list.devices[1].powerMilliwatts == nil)
        let report = device.report(.amd, driverVersion: "6.1")
        #expect(report.health == .failed)
        #expect(report.throttleReasons == ["THROTTLED"])
        #expect(report.reason == "2 uncorrectable memory errors since the driver was loaded")
        #expect(report.utilizationPercent == 43)
    }

    @Test("amd-smi: processes are those with a number")
    func amdProcesses() throws {
        let text = """
            [{"gpu": 0, "process_list": [{"process_info": {"name": "python3", "pid": 4242,
                "memory_usage": {"vram_mem": {"value": 3145728, "unit": "B"}}}}]},
             {"gpu": 1, "process_list": [{"process_info": "No running processes detected"}]}]

            """
        let list = try #require(AmdSMI.parse(text))
        #expect(
            list.processes
                == [AcceleratorProcess(device: 0, processID: 4_242, name: "python3", memoryBytes: 3 << 20)])
    }

    @Test("amd-smi: two lines of its table are one GPU")
    func amdTable() throws {
        let list = try #require(AmdSMI.parse(Fixtures.amdTable))
        #expect(list.devices.map(\.name) == ["Test Instinct VF", nil])
        #expect(list.devices.map(\.utilizationPercent) == [9, nil])
        #expect(list.devices.map(\.temperatureCelsius) == [37, nil])
        #expect(list.devices.map(\.powerMilliwatts) == [141_000, nil])
        #expect(list.devices.map(\.memoryTotalBytes) == [196_288 << 20, 65_536 << 20])
        #expect(list.devices.map(\.memoryUsedBytes) == [285 << 20, 13 << 20])
        #expect(list.driverVersion == "6.20")
    }

    @Test("amd-smi: the monitor's columns are found by name")
    func amdMonitor() throws {
        let list = try #require(AmdSMI.parse(Fixtures.amdMonitor))
        #expect(list.devices.map(\.powerMilliwatts) == [141_000, nil])
        #expect(list.devices.map(\.temperatureCelsius) == [37, nil])
        #expect(list.devices.map(\.utilizationPercent) == [12, nil])
        #expect(list.devices.map(\.memoryTotalBytes) == [196_300 << 20, 196_300 << 20])
    }

    @Test("partitions of one GPU share its id, and are told apart by index")
    func partitions() throws {
        let text =
            "[{\"gpu\":0,\"asic\":{\"asic_serial\":\"0x1\"}},{\"gpu\":1,\"asic\":{\"asic_serial\":\"0x1\"}}]\n"
        let list = try #require(AmdSMI.parse(text))
        #expect(list.devices.map { $0.report(.amd, driverVersion: nil).visibleID } == ["0", "1"])
    }

    @Test("rocm-smi: names, and no number in place of a name")
    func rocmJSON() throws {
        let list = try #require(RocmSMI.parse(Fixtures.rocmJSON))
        #expect(list.devices.map(\.index) == [0, 2])
        #expect(list.devices.map(\.name) == ["Test card", nil])
        #expect(list.devices.map(\.powerMilliwatts) == [39_250, nil])
        #expect(list.devices.map(\.utilizationPercent) == [7, nil])
        #expect(list.devices[0].memoryTotalBytes == 34_342_961_152)
        #expect(list.driverVersion == "6.2")
        let printed = JSONText.write(
            try #require(known(Fixtures.rocmJSON)).read(
                SavedOutput(text: Fixtures.rocmJSON, fileName: "")
            ).json)
        #expect(printed.contains("\"temperature_c\": 31.5"))
        #expect(printed.contains("\"power_w\": 39.25"))
    }

    @Test("rocm-smi: the same names a line each, as CSV, and Hygon's in mebibytes")
    func rocmLines() throws {
        let lines = "GPU[1]\t\t: VRAM Total Memory (B): 1048576\nGPU[1]\t\t: GPU use (%): 5\n"
        let list = try #require(RocmSMI.parse(lines))
        #expect(list.devices.map(\.index) == [1])
        #expect(list.devices[0].memoryTotalBytes == 1 << 20)
        #expect(list.devices[0].utilizationPercent == 5)
        let csv = "device,GPU use (%),VRAM Total Memory (B)\ncard0,5,1048576\ncard3,N/A,1048576\n"
        #expect(RocmSMI.parse(csv)?.devices.map(\.utilizationPercent) == [5, nil])
        let hygon =
            "{\"card0\": {\"Card Series\": \"DCU T\", \"DCU use (%)\": \"4\", \"vram Total Memory (MiB)\": \"8\"}}\n"
        #expect(RocmSMI.parse(hygon)?.devices.first?.memoryTotalBytes == 8 << 20)
        #expect(RocmSMI.parse(hygon)?.devices.first?.utilizationPercent == 4)
    }

    @Test("rocm-smi: tables whose columns have blanks in them")
    func rocmTables() throws {
        let list = try #require(RocmSMI.parse(Fixtures.rocmTable))
        #expect(list.devices.map(\.temperatureCelsius) == [57, nil])
        #expect(list.devices.map(\.powerMilliwatts) == [148_000, nil])
        #expect(list.devices.map(\.utilizationPercent) == [8, nil])
        let old = try #require(RocmSMI.parse(Fixtures.rocmOldTable))
        #expect(old.devices.map(\.temperatureCelsius) == [33, 32])
        #expect(old.devices.map(\.utilizationPercent) == [5, 0])
        let named = """
            Device  [Model : Revision]    Temp        Power     Partitions      SCLK    MCLK    Fan  Perf  PwrCap  VRAM%  GPU%
                    Name (20 chars)       (Junction)  (Socket)  (Mem, Compute)
            0       [0x74a1 : 0x00]       35.0°C      140.0W    NPS1, SPX       132Mhz  900Mhz  0%   auto  750.0W    0%   1%
                    Test Instinct
            """
        let device = try #require(RocmSMI.parse(named)?.devices.first)
        #expect(device.name == "Test Instinct")
        #expect(device.powerMilliwatts == 140_000)
        #expect(device.utilizationPercent == 1)
    }

    // MARK: Gaudi

    @Test("hl-smi: its table with processes")
    func gaudiTable() throws {
        let list = try #require(GaudiSMI.parse(Fixtures.gaudiTable))
        #expect(list.toolVersion == "1.20.0")
        #expect(list.driverVersion == "1.19.1-6f47ddd")
        #expect(list.devices.map(\.name) == ["HL-225", "HL-325L"])
        #expect(list.devices.map(\.utilizationPercent) == [3, nil])
        #expect(list.devices.map(\.temperatureCelsius) == [22, nil])
        #expect(list.devices.map(\.powerMilliwatts) == [96_000, nil])
        #expect(list.devices.map(\.powerLimitMilliwatts) == [600_000, 600_000])
        #expect(list.devices.map(\.memoryTotalBytes) == [98_304 << 20, 131_072 << 20])
        #expect(
            list.processes == [
                AcceleratorProcess(
                    device: 1, processID: 618_796, name: "python two words", memoryBytes: 26_330 << 20)
            ])
    }

    @Test("hl-smi: the module id is what the runtime takes")
    func gaudiCSV() throws {
        let list = try #require(GaudiSMI.parse(Fixtures.gaudiCSV))
        #expect(list.devices.map { $0.report(.habana, driverVersion: nil).visibleID } == ["6", "2"])
        #expect(list.devices.map(\.utilizationPercent) == [4, nil])
        #expect(list.devices.map(\.uuid) == ["01P0-AA-1", nil])
        #expect(list.driverVersion == "1.20.0-abc")
    }

    @Test("hl-smi: its log, with a module that does not work")
    func gaudiLog() throws {
        let list = try #require(GaudiSMI.parse(Fixtures.gaudiLog))
        #expect(list.devices.map(\.busID) == ["0000:19:00.0", "0000:1a:00.0"])
        #expect(list.devices.map(\.runtimeID) == ["3", nil])
        let reports = list.devices.map { $0.report(.habana, driverVersion: nil) }
        #expect(reports.map(\.health) == [.ok, .warning])
        #expect(reports[1].reason == "the tool calls its state \"Malfunction\"")
    }

    // MARK: Cambricon

    @Test("cnmon: its table, with what is unknown and with processes")
    func cambriconTable() throws {
        let list = try #require(CambriconMonitor.parse(Fixtures.cambriconTable))
        #expect(list.toolVersion == "6.2.29")
        #expect(list.driverVersion == "6.2.10")
        #expect(list.devices.map(\.utilizationPercent) == [12, nil])
        #expect(list.devices.map(\.temperatureCelsius) == [35, nil])
        #expect(list.devices.map(\.powerMilliwatts) == [106_000, nil])
        #expect(list.devices.map(\.memoryUsedBytes) == [33_654 << 20, 0])
        #expect(list.devices.map(\.memoryTotalBytes) == [98_304 << 20, nil])
        #expect(list.devices.map(\.uncorrectableErrors) == [1, nil])
        #expect(
            list.processes == [
                AcceleratorProcess(
                    device: 0, processID: 4_711, name: "python -m train", memoryBytes: 1_024 << 20)
            ])
    }

    @Test("cnmon: before version 5 the driver stands where the bus does now")
    func cambriconOld() throws {
        let list = try #require(CambriconMonitor.parse(Fixtures.cambriconOldTable))
        #expect(list.devices.map(\.busID) == [nil])
        #expect(list.driverVersion == "4.20.11")
        #expect(list.devices.map(\.memoryTotalBytes) == [23_308 << 20])
    }

    @Test("cnmon: what it knows of a card, as text and as JSON")
    func cambriconInfo() throws {
        let text = try #require(CambriconMonitor.parse(Fixtures.cambriconInfo)?.devices.first)
        #expect(text.temperatureCelsius == 31)
        #expect(text.powerMilliwatts == 56_000)
        #expect(text.memoryUsedBytes == 12 << 20)
        #expect(text.uuid == "2222-11")
        let json = try #require(CambriconMonitor.parse(Fixtures.cambriconJSON)?.devices.first)
        #expect(json.index == 1)
        #expect(json.memoryTotalBytes == 23_374 << 20)
        #expect(json.utilizationPercent == 3)
    }

    // MARK: Moore Threads

    @Test("mthreads-gmi: table, log and JSON")
    func mooreThreads() throws {
        let table = try #require(MooreThreadsGMI.parse(Fixtures.mooreTable))
        #expect(table.devices.map(\.utilizationPercent) == [88, nil])
        #expect(table.devices.map(\.temperatureCelsius) == [65, nil])
        #expect(table.devices.map(\.memoryUsedBytes) == [44_302 << 20, 2 << 20])
        #expect(table.processes == [])
        let json = try #require(MooreThreadsGMI.parse(Fixtures.mooreJSON)?.devices.first)
        #expect(json.powerMilliwatts == 96_660)
        #expect(json.busID == "00000000:2a:00.0")
        #expect(json.memoryTotalBytes == 81_920 << 20)
        let log = try #require(MooreThreadsGMI.parse(Fixtures.mooreLog))
        #expect(log.driverVersion == "2.7.0")
        #expect(log.devices.first?.temperatureCelsius == 49)
        #expect(log.devices.first?.uuid == "aa-01")
    }

    // MARK: Intel

    @Test("xpu-smi: what it discovers")
    func intelDiscovery() throws {
        let table = try #require(IntelXPU.parse(Fixtures.intelTable))
        #expect(table.devices.map(\.uuid) == ["00000000-0001", "00000000-0002"])
        #expect(table.devices.map(\.memoryTotalBytes) == [1_024 << 20, nil])
        let csv = try #require(IntelXPU.parse(Fixtures.intelProperties))
        #expect(csv.devices.map(\.name) == ["Intel(R) Test, GPU", "Intel(R) Test GPU"])
        #expect(csv.devices.map(\.memoryTotalBytes) == [16_288 << 20, nil])
        #expect(csv.devices.map(\.driverVersion) == ["1.3.2", "1.3.2"])
    }

    @Test("xpu-smi: the last sample of a device counts, and what it lacks is taken from the one before")
    func intelSamples() throws {
        let list = try #require(IntelXPU.parse(Fixtures.intelSamples))
        #expect(list.devices.map(\.utilizationPercent) == [4, nil])
        #expect(list.devices.map(\.powerMilliwatts) == [15_000, nil])
        #expect(list.devices.map(\.temperatureCelsius) == [41, nil])
        #expect(list.devices.map(\.memoryUsedBytes) == [25 << 20, nil])
    }

    @Test("xpu-smi: statistics, health and processes")
    func intelTables() throws {
        let statistics = try #require(IntelXPU.parse(Fixtures.intelStatistics)?.devices.first)
        #expect(statistics.utilizationPercent == 17)
        #expect(statistics.temperatureCelsius == nil)
        #expect(statistics.memoryUsedBytes == 24 << 20)
        let health = try #require(IntelXPU.parse(Fixtures.intelHealth)?.devices.first)
        #expect(health.condition == "Critical")
        #expect(health.report(.intel, driverVersion: nil).health == .warning)
        let processes = try #require(IntelXPU.parse(Fixtures.intelProcesses)?.processes)
        #expect(processes.map(\.name) == ["xpu tool", "python3"])
        #expect(processes.map(\.memoryBytes) == [1_966 << 10, 2_048 << 10])
    }

    // MARK: Complaints

    @Test(
        "complaints have a code",
        arguments: [
            (
                "x: User is missing the following required groups: render. Add them.",
                "insufficient_permissions"
            ),
            ("ERROR: Driver not initialized (amdgpu not found in modules)", "no_driver"),
            ("Habanalabs driver is not loaded or no AIPs available, aborting", "no_driver"),
            ("No device discovered", "no_devices"),
            ("bash: cnmon: command not found", "tool_missing"),
            (
                "hl-smi: error while loading shared libraries: libhlml.so: cannot open shared object file",
                "missing_library"
            ),
        ]) func complaint(line: String, code: String) throws
    {
        #expect(try json(line) == JSON("{\"devices\": [], \"error\": \"\(code)\"}"))
    }

    @Test("a complaint beside an answer does not cost the answer")
    func complaintBeside() throws {
        let text = "WARNING: User is missing the following required groups: video.\n" + Fixtures.amdMetric
        let reading = try #require(known(text)).read(SavedOutput(text: text, fileName: ""))
        #expect(reading.devices.count == 2)
        #expect(reading.error == "insufficient_permissions")
        #expect(known("bash: someone: command not found") == nil)
    }
}
