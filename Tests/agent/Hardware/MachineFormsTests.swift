import ClusterTypes
import Testing
import TextForms

@testable import AgentHardware

@Suite("Saved outputs about the machine")
struct MachineFormsTests {
    /// The form's name and what it says, on one line.
    private func read(_ text: String, file: String = "") -> String? {
        let output = SavedOutput(text: text, fileName: file)
        guard let form = ToolForm.hardware.first(where: { $0.recognizes(output) }) else { return nil }
        let lines = JSONText.write(form.read(output).json).split(separator: "\n")
        let values = lines.map { Scan.trimmed($0) }.filter {
            $0 != "\"devices\": []," && $0 != "\"error\": null,"
        }
        return form.name + values.joined()
    }

    private func member(_ name: String, _ text: String, file: String = "") throws -> JSON? {
        let output = SavedOutput(text: text, fileName: file)
        let form = try #require(ToolForm.hardware.first { $0.recognizes(output) })
        guard case .object(let members) = try JSON(JSONText.write(form.read(output).json)) else { return nil }
        return members[name]
    }

    // MARK: cpuinfo

    static let power = """
        processor\t: 0
        cpu\t\t: POWER9, altivec supported
        clock\t\t: 3800.000000MHz
        revision\t: 2.3 (pvr 004e 1203)

        processor\t: 1
        cpu\t\t: POWER9, altivec supported
        clock\t\t: 3800.000000MHz
        revision\t: 2.3 (pvr 004e 1203)

        timebase\t: 512000000
        platform\t: PowerNV
        """

    static let mainframe = """
        vendor_id       : IBM/S390
        # processors    : 2
        bogomips per cpu: 3241.00
        features\t: esan3 zarch stfle msa
        processor 0: version = FF,  identification = 0A0A0A,  machine = 8561
        processor 1: version = FF,  identification = 0A0A0A,  machine = 8561

        cpu number      : 0
        physical id     : 2
        core id         : 0
        book id         : 2
        """

    static let loongson = """
        system type\t\t: generic-loongson-machine

        processor\t\t: 0
        package\t\t\t: 0
        core\t\t\t: 0
        CPU Family\t\t: Loongson-64bit
        Model Name\t\t: Loongson-3C5000
        processor\t\t: 1
        package\t\t\t: 1
        core\t\t\t: 0
        CPU Family\t\t: Loongson-64bit
        Model Name\t\t: Loongson-3C5000
        """

    @Test("cpuinfo of other architectures names the model and counts processors")
    func architectures() throws {
        #expect(try member("model", Self.power) == .string("POWER9, altivec supported"))
        #expect(try member("logical_cpus", Self.power) == .number(2))
        #expect(try member("sockets", Self.power) == .null)
        #expect(try member("vendor", Self.mainframe) == .string("IBM/S390"))
        #expect(try member("logical_cpus", Self.mainframe) == .number(2))
        #expect(try member("sockets", Self.mainframe) == .null)
        #expect(try member("model", Self.loongson) == .string("Loongson-3C5000"))
        #expect(try member("sockets", Self.loongson) == .number(2))
        let riscv =
            "processor\t: 0\nhart\t\t: 1\nisa\t\t: rv64imafdc\nmmu\t\t: sv39\nuarch\t\t: acme,core-7\n"
        #expect(try member("logical_cpus", riscv) == .number(1))
        #expect(try member("model", riscv) == .null)
        #expect(ProcessorInfo(parsing: riscv).name == "acme,core-7")
        let mips = "system type\t: ACME\nprocessor\t: 0\ncpu model\t: ACME 34K V2.1\nBogoMIPS\t: 400.0\n"
        #expect(try member("model", mips) == .string("ACME 34K V2.1"))
    }

    @Test("processors that differ are all named")
    func differing() throws {
        let block = { (number: Int, part: String) in
            "processor\t: \(number)\nBogoMIPS\t: 38.40\nCPU implementer\t: 0x41\nCPU part\t: \(part)\n\n"
        }
        let text = block(0, "0xd46") + block(1, "0xd47") + block(2, "0xd47")
        #expect(try member("part", text) == .array([.string("0xd46"), .string("0xd47")]))
        #expect(ProcessorInfo(parsing: text).name == "ARM Cortex-A710")
        let models = "processor : 0\nmodel name : A 1\n\nprocessor : 1\nmodel name : B 2\n"
        #expect(try member("models", models) == .array([.string("A 1"), .string("B 2")]))
        #expect(try member("model", models) == .string("A 1"))
    }

    @Test(
        "an ARM processor has the name of its core, and its maker's where the firmware tells",
        arguments: [
            ("0x41", "0xd0c", "Amazon EC2", "", "AWS Graviton2"),
            ("0x41", "0xd40", "Amazon EC2", "", "AWS Graviton3"),
            ("0x41", "0xd4f", "Amazon EC2", "", "AWS Graviton4"),
            ("0x41", "0xd0c", "Ampere(R)", "jep106:0a16", "Ampere Altra"),
            ("0x41", "0xd4f", "NVIDIA", "jep106:036b", "NVIDIA Grace"),
            ("0x41", "0xd49", "Microsoft Corporation", "", "Azure Cobalt 100"),
            ("0x41", "0xd0c", "ACME", "", nil), ("0x48", "0xd01", "Amazon EC2", "", nil),
            ("0x41", "0xfff", "Amazon EC2", "", nil),
        ] as [(String, String, String, String, String?)])
    func armProducts(implementer: String, part: String, maker: String, chip: String, product: String?) {
        #expect(
            ArmNames.product(implementer: implementer, part: part, maker: maker, systemOnChip: chip)
                == product)
    }

    @Test("a name of the instruction set gives way to that of the core")
    func instructionSet() {
        let text = "processor : 0\nmodel name : ARMv8 Processor rev 1 (v8l)\n"
        #expect(ProcessorInfo(parsing: text).name == "ARMv8 Processor rev 1 (v8l)")
        let core = text + "CPU implementer : 0x48\nCPU part : 0xD01\n"
        #expect(ProcessorInfo(parsing: core).name == "HiSilicon Kunpeng 920")
    }

    // MARK: lscpu

    /// Label by label in another language; the values are the same.
    static let languages: [[String]] = [
        [
            "Architecture:", "CPU(s):", "Vendor ID:", "Model name:", "Thread(s) per core:",
            "Core(s) per socket:", "Socket(s):", "NUMA node(s):",
        ],
        ["架构：", "CPU:", "厂商 ID：", "型号名称：", "每个核的线程数：", "每个座的核数：", "座：", "NUMA 节点："],
        ["アーキテクチャ:", "CPU:", "ベンダー ID:", "モデル名:", "コアあたりのスレッド数:", "ソケットあたりのコア数:", "ソケット数:", "NUMA ノード数:"],
        [
            "Architektur:", "CPU(s):", "Anbieterkennung:", "Modellname:", "Thread(s) pro Kern:",
            "Kern(e) pro Socket:", "Sockel:", "NUMA-Knoten:",
        ],
        [
            "Architecture :", "Processeur(s) :", "Identifiant constructeur :", "Nom de modèle :",
            "Thread(s) par cœur :", "Cœur(s) par socket :", "Socket(s) :", "Nœud(s) NUMA :",
        ],
        [
            "Arquitectura:", "CPU(s):", "ID de fabricante:", "Nombre del modelo:",
            "Hilo(s) de procesamiento por núcleo:", "Núcleo(s) por «socket»:", "«Socket(s)»", "Modo(s) NUMA:",
        ],
        [
            "Arquitetura:", "CPU(s):", "ID de fornecedor:", "Nome do modelo:", "Thread(s) per núcleo:",
            "Núcleo(s) por soquete:", "Soquete(s):", "Nó(s) de NUMA:",
        ],
        [
            "Архитектура:", "CPU(s):", "ID прроизводителя:", "Имя модели:", "Потоков на ядро:",
            "Ядер на сокет:", "Сокетов:", "NUMA node(s):",
        ],
    ]
    static let values = ["aarch64", "64", "ACME", "ACME Core 7", "2", "16", "2", "4"]

    static func listing(_ labels: [String]) -> String {
        zip(labels, values).map { label, value in
            "  " + label + String(repeating: " ", count: 45 - label.count) + value + "\n"
        }.joined()
    }

    @Test("lscpu is understood in other languages", arguments: languages)
    func otherLanguages(labels: [String]) {
        let listing = ProcessorListing(parsing: Self.listing(labels))
        #expect(listing.architecture == "aarch64")
        #expect(listing.logicalProcessors == 64)
        #expect(listing.vendor == "ACME")
        #expect(listing.model == "ACME Core 7")
        #expect(listing.threadsPerCore == 2)
        #expect(listing.coresPerSocket == 16)
        #expect(listing.sockets == 2)
        #expect(listing.memoryNodes == 4)
        #expect(read(Self.listing(labels))?.hasPrefix("lscpu{") == true)
    }

    static let json = """
        {
           "lscpu": [
              {"field": "Architecture:", "data": "x86_64",
                 "children": [{"field": "CPU op-mode(s):", "data": "32-bit, \\"64\\"-bit"}]},
              {"field": "CPU(s):", "data": 8, "children": [{"field": "On-line CPU(s) list:", "data": "0-7"}]},
              {"field": "Vendor ID:", "data": "GenuineIntel", "children": [
                 {"field": "Model name:", "data": "ACME \\u0041 7", "children": [
                    {"field": "Thread(s) per core:", "data": "2"}, {"field": "Socket(s):", "data": null}]}]},
              {"field": "NUMA:", "data": null, "children": [{"field": "NUMA node(s):", "data": "1"}]}
           ]
        }
        """

    @Test("lscpu -J is read at every depth, numbers and null as well")
    func nestedJSON() {
        let listing = ProcessorListing(parsingJSON: Self.json)
        #expect(listing.logicalProcessors == 8)
        #expect(listing.model == "ACME A 7")
        #expect(listing.threadsPerCore == 2)
        #expect(listing.sockets == nil)
        #expect(listing.memoryNodes == 1)
        #expect(read(Self.json)?.hasPrefix("lscpu-json{") == true)
    }

    @Test("clusters in place of sockets leave the sockets unknown")
    func clusters() throws {
        let text = "CPU(s): 64\nThread(s) per core: 1\nCore(s) per cluster: 64\nSocket(s): -\nCluster(s): 1\n"
        #expect(try member("sockets", text) == .null)
        #expect(try member("cores_per_socket", text) == .null)
        #expect(try member("logical_cpus", text) == .number(64))
    }

    // MARK: Cut and marred texts

    static let memory = """
        MemTotal:       16000000 kB
        MemFree:         1000000 kB
        Buffers:          200000 kB
        Cached:          3000000 kB
        SwapTotal:             0 kB
        HugePages_Total:      16
        HugePages_Free:        4
        Hugepagesize:       2048 kB
        """
    static let mounts = """
        22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
        30 22 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate
        31 22 0:27 / /sys/fs/cgroup/cpu rw master:3 - cgroup cgroup rw,cpu,cpuacct
        32 22 0:28 / /mnt/my\\040disk rw - nfs4 head:/export rw,vers=4.2
        """
    static let membership = "12:cpu,cpuacct:/a:b/c\n1:name=systemd:/init.scope\n0::/user.slice\n"

    static let texts = [
        power, mainframe, loongson, listing(languages[0]), listing(languages[1]), json, memory, mounts,
        membership,
    ]

    @Test("a text with other line ends, colours and warnings says the same", arguments: texts)
    func marred(text: String) throws {
        let plain = try #require(read(text))
        #expect(
            read(text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n"))
                == plain)
        #expect(read("\u{FEFF}\u{1B}[1;32m" + text + "\u{1B}[0m\n\n") == plain)
        #expect(read("bash: warning, locale is not installed\n" + text) == plain)
    }

    @Test("a text that is cut anywhere says less, and nothing else", arguments: texts)
    func cut(text: String) throws {
        guard case .object(let whole) = try JSON(JSONText.write(try #require(reading(text)).json)) else {
            return
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for count in 0...lines.count {
            for part in [lines.prefix(count), lines.suffix(count)] {
                guard let reading = reading(part.joined(separator: "\n")) else { continue }
                #expect(reading.devices.isEmpty && reading.error == nil)
                guard case .object(let members) = try JSON(JSONText.write(reading.json)) else { continue }
                for (key, value) in members where Self.isWord(value) {
                    #expect(whole[key] == value, "\(key) of \(count) lines")
                }
            }
        }
        for count in stride(from: 0, to: text.count, by: 7) { _ = reading(String(text.prefix(count))) }
    }

    private static func isWord(_ value: JSON) -> Bool { if case .string = value { true } else { false } }

    private func reading(_ text: String) -> ToolReading? {
        let output = SavedOutput(text: text, fileName: "")
        return ToolForm.machine.first { $0.recognizes(output) }?.read(output)
    }

    @Test("numbers that are no numbers are unknown")
    func hostileNumbers() throws {
        for number in ["99999999999999999999999", "-5", "1e400", "0x10", "\u{0663}", ""] {
            let listing = "Architecture: x86_64\nCPU(s): \(number)\nSocket(s): \(number)\n"
            #expect(try member("logical_cpus", listing) == .null, "\(number)")
            let memory = "MemTotal: \(number) kB\nMemFree: 1 kB\nBuffers: 2 kB\n"
            #expect(try member("mem_free_kib", memory) == .number(1))
        }
        #expect(ProcessorInfo(parsing: "# processors : 4000000000\n").processors.isEmpty)
    }

    // MARK: meminfo

    @Test("meminfo says what is printed, and huge pages")
    func memoryFields() throws {
        #expect(try member("mem_total_kib", Self.memory) == .number(16_000_000))
        #expect(try member("mem_available_kib", Self.memory) == .null)
        #expect(try member("swap_total_kib", Self.memory) == .number(0))
        let info = MemoryInfo(parsing: Self.memory)
        #expect(info.availableBytes == 4_200_000 << 10)
        #expect(info.hugePages == HugePagePool(pageBytes: 2 << 20, total: 16, free: 4))
        let node = MemoryInfo(parsing: "Node 1 MemTotal:  64 kB\nNode 1 MemFree:  8 kB\n")
        #expect(node.totalBytes == 65_536)
        #expect(node.freeBytes == 8_192)
    }

    // MARK: Control groups

    @Test(
        "a file of one value is known by its name, or by a value that no other file has",
        arguments: [
            ("cpu.max", "150000 100000\n", "cpu.max{\"cpu_limit_cores\": 1.5}"),
            ("", "max 100000", "cpu.max{\"cpu_limit_cores\": null}"),
            ("", "1 3", "cpu.max{\"cpu_limit_cores\": 0.333333}"),
            ("cpu.max", "max", "cpu.max{\"cpu_limit_cores\": null}"),
            (
                "x_cpu.cfs_quota_us.txt", "-1",
                "cpu.cfs_quota_us{\"cpu_quota_us\": -1,\"cpu_limit_cores\": null}"
            ),
            ("cpu.cfs_period_us", "50000", "cpu.cfs_period_us{\"cpu_period_us\": 50000}"),
            ("", "0-3,8\r\n", "cpuset.cpus{\"cpuset\": \"0-3,8\",\"cpuset_cpus\": 5}"),
            ("cpuset.cpus", "7", "cpuset.cpus{\"cpuset\": \"7\",\"cpuset_cpus\": 1}"),
            ("cpuset.cpus", "\n", "cpuset.cpus{\"cpuset\": null,\"cpuset_cpus\": null}"),
            ("cpuset.effective_cpus", "0-1", "cpuset.cpus{\"cpuset\": \"0-1\",\"cpuset_cpus\": 2}"),
            ("memory.max", "1073741824", "memory.max{\"memory_limit_bytes\": 1073741824}"),
            ("memory.limit_in_bytes", "9223372036854771712", "memory.max{\"memory_limit_bytes\": null}"),
            ("memory_limit_in_bytes", "5", "memory.max{\"memory_limit_bytes\": 5}"),
            ("", "max", "memory.max{\"memory_limit_bytes\": null}"),
            ("memory.max", "0", "memory.max{\"memory_limit_bytes\": 0}"),
            ("", "5", nil), ("pids.max", "max", nil), ("memory.max_usage_in_bytes", "5", nil),
            ("cpu.max", "lots", nil), ("cpuset.cpus", "3-1", nil), ("cpu.max.burst", "0", nil), ("", "", nil),
            ("cpu.max", "5 0", "cpu.max{\"cpu_limit_cores\": null}"),
        ] as [(String, String, String?)])
    func limits(file: String, text: String, said: String?) {
        #expect(read(text, file: file) == said)
    }

    @Test("the groups of a process are listed by hierarchy")
    func groups() throws {
        #expect(
            try member("paths", Self.membership)
                == .object([
                    "cpu,cpuacct": .string("/a:b/c"), "name=systemd": .string("/init.scope"),
                    "unified": .string("/user.slice"),
                ]))
        #expect(try member("cgroup_version", Self.membership) == .number(1))
        #expect(try member("cgroup_version", "1:name=systemd:/x\n0::/x\n") == .number(2))
        #expect(ControlGroupMembership(parsing: Self.membership).version == .hybrid)
        #expect(ControlGroupMembership(parsing: "3:memory:/x\n").version == .v1)
        #expect(ControlGroupMembership(parsing: "").version == nil)
    }

    @Test("mounts of control groups are counted and named")
    func mountPoints() throws {
        #expect(try member("cgroup1_mounts", Self.mounts) == .number(1))
        #expect(try member("cgroup2_mounts", Self.mounts) == .array([.string("/sys/fs/cgroup/unified")]))
    }

    // MARK: Addresses

    @Test("words of hostname are addresses as printed")
    func hostnames() throws {
        #expect(
            read("10.0.0.5 FD00::5 fe80::1%eth0 \n")
                == "hostname-I{\"addresses\": [\"10.0.0.5\",\"FD00::5\",\"fe80::1%eth0\"]}")
        #expect(read("\n", file: "hostname-I.txt") == "hostname-I{\"addresses\": []}")
        #expect(read("10.0.0.256 ") == nil)
        #expect(read("10.0.0.5 node7") == nil)
        #expect(try member("error", "hostname: invalid option -- 'I'\n") == .string("unsupported_option"))
        #expect(try member("error", "bash: hostname: command not found\n") == .string("tool_missing"))
        #expect(try member("error", "10.0.0.5") == .null)
    }

    @Test(
        "texts of other tools are not taken",
        arguments: [
            "", "\n", "hello world", "a: b\nc: d", "{\"a\": 1}", "NODE STATE\nn1 idle\n", "1 2 3",
            "cpu: 5", "| NVIDIA-SMI 1.2 |\n| 0 |", "MemTotal: lots",
        ])
    func foreign(text: String) {
        #expect(reading(text).map { JSONText.write($0.json) } == nil)
    }
}
