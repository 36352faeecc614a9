import AgentHardware
import ClusterTypes
import ProtocolMessages
import Testing

@Suite("Status formats")
struct StatusFormatTests {
    private func report(_ devices: [DeviceReport], advertised: String = "203.0.113.7") -> HardwareReport {
        HardwareReport(
            hostname: "n1.example", architecture: .arm64, operatingSystem: "Linux", kernel: "6.1",
            processor: ProcessorReport(model: "CPU", sockets: 1, cores: 2, threads: 4, usableMilliCPU: 1_500),
            memory: MemoryReport(totalBytes: 4_096, availableBytes: 1_024),
            disk: DiskReport(path: "/", totalBytes: 0, availableBytes: 0), devices: devices, tools: [],
            address: AddressReport(local: "10.0.0.5", advertised: advertised, rule: "route", explanation: []))
    }

    private func device(
        _ vendor: String, _ index: UInt32, _ visibleID: String, bus: String? = nil, model: String = "X 1"
    ) -> DeviceReport {
        DeviceReport(
            type: vendor == "huawei" ? .npu : .gpu, vendor: vendor, model: model, index: index,
            visibleID: visibleID, busID: bus)
    }

    private func files(_ texts: [String: String]) -> FileSource {
        FileSource(
            read: { texts[$0] }, exists: { texts[$0] != nil },
            list: { folder in
                texts.keys.filter { $0.hasPrefix(folder + "/") }
                    .map { String($0.dropFirst(folder.count + 1)) }.sorted()
            })
    }

    @Test("gres.conf has a line for each device with its file, and comments for what Slurm cannot use")
    func gres() {
        let devices = [
            device("nvidia", 0, "GPU-a"), device("huawei", 4, "7", model: "Ascend 910B3"),
            device("cambricon", 0, "0"), device("nvidia", 1, "GPU-b", bus: "0000:02:00.0"),
            device("nvidia", 1, "MIG-c", bus: "00000000:02:00.0"), device("amd", 0, "", bus: "0000:03:00.0"),
        ]
        let places = DevicePlaceReader(files: files([:])).places(of: devices)
        #expect(
            StatusGres.text(report(devices), places: places) == """
                Name=gpu Type=x_1 File=/dev/nvidia0
                Name=npu Type=ascend_910b3 File=/dev/davinci7
                Name=gpu Type=x_1 Count=1
                # GPU-b (X 1) is left out: it is divided into MIG instances
                # MIG-c (X 1) is left out: a MIG instance, its device files are not known
                # 0000:03:00.0 (X 1) is left out: no tool has named it

                """)
        #expect(StatusGres.text(report([])) == "# no devices\n")
        #expect(StatusSlurm.line(report(devices)).hasSuffix("Gres=gpu:x_1:2,npu:ascend_910b3:1"))
    }

    @Test("files and near cores come from the kernel; threads of a core are one core")
    func places() {
        var texts = [
            "/sys/devices/system/cpu/online": "0-7\n",
            "/proc/driver/nvidia/gpus/0000:c1:00.0/information": "Model: \t X\nDevice Minor: \t 3\n",
            "/sys/bus/pci/devices/0000:c1:00.0/local_cpulist": "2-3,6-7\n",
            "/sys/bus/pci/devices/0000:03:00.0/drm/card1": "",
            "/sys/bus/pci/devices/0000:03:00.0/drm/renderD129": "",
            "/sys/bus/pci/devices/0000:03:00.0/local_cpulist": "0-7\n",
        ]
        for thread in 0..<8 {
            let directory = "/sys/devices/system/cpu/cpu\(thread)/topology/"
            let core = thread % 4
            texts[directory + "physical_package_id"] = "\(core / 2)\n"
            texts[directory + "thread_siblings_list"] = "\(core),\(core + 4)\n"
        }
        let devices = [
            device("nvidia", 0, "GPU-a", bus: "00000000:C1:00.0"), device("amd", 0, "0", bus: "0000:03:00.0"),
        ]
        let places = DevicePlaceReader(files: files(texts)).places(of: devices)
        #expect(
            places == [
                DevicePlace(file: "/dev/nvidia3", cores: [2, 3]), DevicePlace(file: "/dev/dri/renderD129"),
            ])
        #expect(
            StatusGres.text(report([devices[0]]), places: places)
                == "Name=gpu Type=x_1 File=/dev/nvidia3 Cores=2-3\n")
    }

    @Test("the text for Prometheus has base units, and nothing that is not known now")
    func prometheus() {
        var known = device("nvidia", 0, "GPU-a", model: "A \"B\"\\\nC")
        known.uuid = "GPU-a"
        known.utilizationPercent = 98
        known.powerMilliwatts = 66_920
        known.temperatureCelsius = -3
        var old = device("huawei", 1, "1")
        old.chip = 1
        old.utilizationPercent = 50
        old.ageSeconds = 340
        let status = MachineStatus(
            report: report([known, old]),
            load: Heartbeat(sequence: 0, loadMilli: 590, processorPermille: 0),
            isProcessorLoadKnown: false)
        let text = StatusPrometheus.text(status)
        let lines = text.split(separator: "\n").map(String.init)
        let labels = #"{device="0",uuid="GPU-a",vendor="nvidia",model="A \"B\"\\\nC"}"#
        let oldLabels = #"{device="1",vendor="huawei",model="X 1"}"#
        #expect(lines.contains("mortise_device_utilization_ratio\(labels) 0.98"))
        #expect(lines.contains("mortise_device_power_watts\(labels) 66.92"))
        #expect(lines.contains("mortise_device_temperature_celsius\(labels) -3"))
        #expect(lines.contains("mortise_device_reading_age_seconds\(oldLabels) 340"))
        #expect(lines.contains("mortise_node_processors_usable 1.5"))
        #expect(lines.contains("mortise_node_load_average 0.59"))
        #expect(lines.contains("mortise_node_memory_available_bytes 1024"))
        #expect(lines.count { $0.hasPrefix("mortise_device_utilization_ratio") } == 1)
        for absent in ["memory_used", "disk", "limit", "node_processor_utilization"] {
            #expect(!text.contains(absent))
        }
        // Each metric has its two lines before its values, once.
        var announced: Set<String> = []
        for line in lines {
            let words = line.split(separator: " ").map(String.init)
            if line.hasPrefix("# TYPE ") {
                #expect(announced.insert(words[2]).inserted)
            } else if !line.hasPrefix("#") {
                #expect(announced.contains(String(line.prefix { $0 != "{" && $0 != " " })))
            }
        }
    }

    @Test(
        "the line for /etc/hosts has the address that others reach",
        arguments: [
            ("203.0.113.7", "203.0.113.7\tn1.example n1\n"), ("2001:db8::1", "2001:db8::1\tn1.example n1\n"),
            ("127.0.0.1", "# of use on this machine alone\n127.0.0.1\tn1.example n1\n"),
            (
                "out\n1.2.3.4 side",
                "# advertised as out1.2.3.4side, which is no address: the local one is used\n"
                    + "10.0.0.5\tn1.example n1\n"
            ),
        ])
    func hosts(advertised: String, line: String) {
        #expect(StatusHosts.text(report([], advertised: advertised)) == line)
    }

    @Test("for streams the JSON is one line")
    func oneLine() {
        let text = StatusJSON.text(report([device("nvidia", 0, "a")]), isOneLine: true)
        #expect(text.filter(\.isNewline).count == 1)
        #expect(text.hasPrefix("{\"hostname\": \"n1.example\", "))
    }

    @Test("a drawn text cuts long lines and wipes the rest")
    func screen() {
        #expect(
            Screen.over("abcdef\n\ng\n", width: 4)
                == "\u{1B}[Habcd\u{1B}[K\n\u{1B}[K\ng\u{1B}[K\n\u{1B}[J")
    }
}
