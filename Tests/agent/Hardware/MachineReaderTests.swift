import AgentHardware
import Platform
import ProtocolMessages
import Testing

@Suite("Reading a machine")
struct MachineReaderTests {
    private func reader(_ files: [String: String]) -> MachineReader {
        MachineReader(files: FileSource(read: { files[$0] }, exists: { files[$0] != nil }))
    }

    private let processors = (0..<8).map {
        "processor\t: \($0)\nmodel name\t: Test\nphysical id\t: 0\ncore id\t: \($0)\ncpu cores\t: 8\n"
    }.joined(separator: "\n")

    @Test("the tightest quota on the way up bounds the usable processors")
    func tightestQuota() {
        var files = [
            "/proc/cpuinfo": processors, "/proc/self/status": "Name:\tx\nCpus_allowed_list:\t0-5\n",
            "/proc/self/cgroup": "0::/a/b\n",
            "/proc/self/mountinfo": "34 33 0:29 / /cg rw - cgroup2 cgroup rw\n",
            "/cg/a/b/cpu.max": "max 100000\n", "/cg/a/cpu.max": "250000 100000\n",
        ]
        #expect(reader(files).processor().usableMilliCPU == 2_500)
        #expect(reader(files).processor().threads == 8)
        files["/cg/a/b/cpu.max"] = "50000 100000"
        #expect(reader(files).processor().usableMilliCPU == 500)
        files["/cg/a/b/cpu.max"] = nil
        files["/cg/a/cpu.max"] = nil
        #expect(reader(files).processor().usableMilliCPU == 6_000)
        files["/proc/self/status"] = nil
        #expect(reader(files).processor().usableMilliCPU == 8_000)
    }

    @Test("v1 quotas count, too")
    func oldQuota() {
        let files = [
            "/proc/cpuinfo": processors, "/proc/self/cgroup": "2:cpu,cpuacct:/job\n",
            "/proc/self/mountinfo": "7 5 0:6 / /cpu rw - cgroup cgroup rw,cpu,cpuacct\n",
            "/cpu/job/cpu.cfs_quota_us": "150000\n", "/cpu/job/cpu.cfs_period_us": "100000\n",
            "/cpu/cpu.cfs_quota_us": "-1\n",
        ]
        #expect(reader(files).processor().usableMilliCPU == 1_500)
    }

    @Test("the tightest memory limit is taken, and what is free under it")
    func memoryLimit() {
        var files = [
            "/proc/meminfo": "MemTotal: 8388608 kB\nMemAvailable: 6291456 kB\n",
            "/proc/self/cgroup": "0::/a/b\n",
            "/proc/self/mountinfo": "34 33 0:29 / /cg rw - cgroup2 cgroup rw\n",
            "/cg/a/b/memory.max": "max\n", "/cg/a/memory.max": "2147483648\n",
            "/cg/a/memory.current": "1610612736\n", "/cg/a/memory.stat": "anon 5\ninactive_file 536870912\n",
        ]
        let limited = reader(files).memory()
        #expect(limited.totalBytes == 8 << 30)
        #expect(limited.limitBytes == 2 << 30)
        #expect(limited.availableBytes == 1 << 30)
        #expect(limited.usableBytes == 2 << 30)
        files["/cg/a/memory.max"] = "max"
        #expect(reader(files).memory().limitBytes == nil)
        #expect(reader(files).memory().availableBytes == 6 << 30)
    }

    @Test("a v1 limit above what the container sees is known from its statistics")
    func hiddenLimit() {
        let files = [
            "/proc/meminfo": "MemTotal: 8388608 kB\nMemAvailable: 6291456 kB\n",
            "/proc/self/cgroup": "3:memory:/x\n",
            "/proc/self/mountinfo": "8 5 0:7 /x /mem rw - cgroup cgroup rw,memory\n",
            "/mem/memory.limit_in_bytes": "9223372036854771712\n",
            "/mem/memory.stat": "cache 1\nhierarchical_memory_limit 1073741824\n",
        ]
        #expect(reader(files).memory().limitBytes == 1 << 30)
    }

    @Test("sockets come from /sys where cpuinfo does not say them")
    func topologyFromSys() {
        var files = [
            "/proc/cpuinfo": "processor : 0\nCPU implementer : 0x48\nCPU part : 0xd01\n\nprocessor : 1\n",
            "/sys/devices/system/cpu/online": "0-1\n",
        ]
        for number in 0...1 {
            let directory = "/sys/devices/system/cpu/cpu\(number)/topology/"
            files[directory + "physical_package_id"] = "\(number * 36)\n"
            files[directory + "thread_siblings_list"] = "\(number)\n"
        }
        let report = reader(files).processor()
        #expect(report.model == "HiSilicon Kunpeng 920")
        #expect([report.sockets, report.cores, report.threads] == [2, 2, 2])
    }

    @Test("a machine without any of the files is still a machine")
    func nothingThere() {
        let machine = reader([:])
        #expect(machine.processor().threads == 1)
        #expect(machine.memory().totalBytes > 0)
        #expect(machine.bootID() == "unknown")
        #expect(machine.loadMilli() == 0)
        #expect(machine.processorTimes() == nil)
    }

    @Test("the disk of a directory that is not there yet is that of its parent")
    func diskOfParent() {
        let machine = MachineReader()
        let report = machine.disk("/proc/../no/such/directory")
        #expect(report.path == "/proc/../no/such/directory")
        #expect(report.totalBytes > 0)
        #expect(machine.disk("relative/path").path == "relative/path")
    }

    @Test("this machine has a processor, memory, a kernel and a boot id")
    func thisMachine() {
        let machine = MachineReader()
        #expect(machine.processor().threads >= 1)
        #expect(machine.processor().usableMilliCPU >= 1)
        #expect(machine.memory().availableBytes <= machine.memory().totalBytes)
        #expect(!machine.kernel().isEmpty)
        #expect(!machine.hostname().isEmpty)
    }

    static let hasHostname = {
        guard case .exited(0, _, _) = ToolRunner().run("hostname", ["-I"], deadline: .seconds(30)) else {
            return false
        }
        return true
    }()

    @Test("the index counts in the order of the real hostname -I", .enabled(if: hasHostname))
    func realHostname() {
        guard case .exited(0, let output, _) = ToolRunner().run("hostname", ["-I"], deadline: .seconds(30))
        else {
            Issue.record("hostname -I does not answer any more")
            return
        }
        let words = String(decoding: output, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(
            String.init)
        #expect(AddressReader.interfaces().filter(\.isHostnameWord).map(\.address.description) == words)
    }

    @Test("the route to a loopback address starts at loopback")
    func loopbackRoute() throws {
        let home = try #require(IPAddress("127.0.0.1"))
        #expect(AddressReader.route(to: ["127.0.0.1"]) == .found(home, coordinator: "127.0.0.1"))
        #expect(AddressReader.route(to: []) == .unknown)
    }

    @Test("a coordinator that cannot be an address is a reason, not an error")
    func noRoute() {
        // Too long for a question to any name server.
        let name = String(repeating: "a", count: 300)
        guard case .failed(let reason) = AddressReader.route(to: [name]) else {
            Issue.record("a name of 300 letters was resolved")
            return
        }
        #expect(reason.hasPrefix(name + ": "))
    }
}
