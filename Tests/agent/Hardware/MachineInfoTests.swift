import ClusterTypes
import AgentHardware
import Testing

@Suite("Processor, memory and system texts")
struct MachineInfoTests {
    /// cpuinfo of a machine with so many sockets, cores per socket and threads per core.
    private func cpuinfo(sockets: Int, cores: Int, threads: Int) -> String {
        var text = ""
        var number = 0
        for _ in 0..<threads {
            for socket in 0..<sockets {
                for core in 0..<cores {
                    text +=
                        "processor\t: \(number)\nvendor_id\t: GenuineIntel\nmodel name\t: Test CPU @ 2.0GHz\n"
                    text +=
                        "physical id\t: \(socket)\nsiblings\t: \(cores * threads)\ncore id\t\t: \(core * 4)\n"
                    text += "cpu cores\t: \(cores)\n\n"
                    number += 1
                }
            }
        }
        return text
    }

    @Test("amd64 cpuinfo gives sockets, cores and threads")
    func amd64() {
        let info = ProcessorInfo(parsing: cpuinfo(sockets: 2, cores: 12, threads: 2))
        let topology = ProcessorTopology(info, places: [])
        #expect(info.name == "Test CPU @ 2.0GHz")
        #expect([topology.sockets, topology.cores, topology.threads] == [2, 24, 48])
    }

    @Test("arm64 cpuinfo gives a name, and /sys the sockets and cores")
    func arm64() {
        let processor = "BogoMIPS\t: 243.75\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n\n"
        let info = ProcessorInfo(
            parsing: (0..<4).map { "processor\t: \($0)\n\(processor)" }.joined())
        #expect(info.name == "ARM Neoverse N1")
        let places = (0..<4).map { ProcessorPlace(package: $0 / 2, siblings: String($0)) }
        let topology = ProcessorTopology(info, places: places)
        #expect([topology.sockets, topology.cores, topology.threads] == [2, 4, 4])
        let unknown = ProcessorTopology(info, places: (0..<4).map { _ in .init(package: -1, siblings: nil) })
        #expect([unknown.sockets, unknown.cores, unknown.threads] == [1, 4, 4])
    }

    @Test("an empty or foreign cpuinfo is one processor", arguments: ["", "garbage", "a:b\n:\n::"])
    func emptyProcessor(text: String) {
        let topology = ProcessorTopology(ProcessorInfo(parsing: text), places: [])
        #expect([topology.sockets, topology.cores, topology.threads] == [1, 1, 1])
    }

    @Test(
        "lists of processors are read as the kernel writes them",
        arguments: [
            ("0-3,8\n", [0, 1, 2, 3, 8]), ("5", [5]), ("", []), ("3-1", nil), ("a", nil),
            ("0-99999999999", nil),
            ("-1", nil),
        ] as [(String, [Int]?)])
    func lists(text: String, numbers: [Int]?) {
        #expect(ProcessorList.parse(text) == numbers)
    }

    @Test("usage is what has passed between two readings")
    func usage() throws {
        let before =
            "cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 50 0 50 400 0 0 0 0\ncpu1 50 0 50 400 0 0 0 0\nintr 5\n"
        let after =
            "cpu  175 0 100 900 25 0 0 0 0 0\ncpu0 125 0 50 425 0 0 0 0\ncpu1 50 0 50 475 25 0 0 0\nintr 9\n"
        func permille(_ processors: Set<Int>?) throws -> UInt32 {
            let first = try #require(ProcessorTimes(parsing: before, processors: processors))
            let second = try #require(ProcessorTimes(parsing: after, processors: processors))
            return second.permille(since: first)
        }
        #expect(try permille(nil) == 375)
        #expect(try permille([0]) == 750)
        #expect(try permille([1]) == 0)
        #expect(ProcessorTimes(parsing: before, processors: [7]) == nil)
        #expect(ProcessorTimes(parsing: "", processors: nil) == nil)
        let time = try #require(ProcessorTimes(parsing: after, processors: nil))
        #expect(time.permille(since: time) == 0)
    }

    @Test("memory is read in bytes, also from old kernels")
    func memory() {
        let new = MemoryInfo(parsing: "MemTotal:  1000 kB\nMemFree: 10 kB\nMemAvailable:  600 kB\n")
        #expect(new.totalBytes == 1_024_000)
        #expect(new.availableBytes == 614_400)
        let old = MemoryInfo(parsing: "MemTotal:  1000 kB\nMemFree: 10 kB\nBuffers: 5 kB\nCached: 85 kB\n")
        #expect(old.availableBytes == 102_400)
        #expect(MemoryInfo(parsing: "nonsense").totalBytes == nil)
    }

    @Test("v2 limits are looked for on every level above the process")
    func unifiedLevels() {
        let groups = ControlGroups(
            membership: "0::/a/b/c\n",
            mounts: "34 33 0:29 / /sys/fs/cgroup rw shared:10 - cgroup2 cgroup rw,nsdelegate\n")
        #expect(
            groups.unified == [
                "/sys/fs/cgroup/a/b/c", "/sys/fs/cgroup/a/b", "/sys/fs/cgroup/a", "/sys/fs/cgroup",
            ])
    }

    @Test("v1 controllers have their own mounts, and a container's mount shows a part of the tree")
    func oldLevels() {
        let mounts = """
            6 5 0:5 / /sys/fs/cgroup/cpuset rw,relatime shared:6 - cgroup cgroup rw,cpuset
            7 5 0:6 /docker/abc /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
            8 5 0:7 /docker /my\\040mount rw - cgroup cgroup rw,memory
            """
        let groups = ControlGroups(
            membership: "3:memory:/docker/abc/in\n2:cpu,cpuacct:/docker/abc\n1:cpuset:/\n", mounts: mounts)
        #expect(groups.processor == ["/sys/fs/cgroup/cpu,cpuacct"])
        #expect(groups.memory == ["/my mount/abc/in", "/my mount/abc", "/my mount"])
        #expect(groups.unified.isEmpty)
    }

    @Test("a path outside of the own namespace is read at the mount point")
    func outsidePath() {
        let groups = ControlGroups(
            membership: "0::/../../other", mounts: "34 33 0:29 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw")
        #expect(groups.unified == ["/sys/fs/cgroup"])
        #expect(
            ControlGroups(membership: "x\n::\n0::", mounts: "- - -\ncgroup2")
                == ControlGroups(membership: "", mounts: ""))
    }

    @Test("limits that limit nothing are none")
    func noLimits() {
        #expect(ControlGroupLimit.milliCPU(max: "max 100000\n") == nil)
        #expect(ControlGroupLimit.milliCPU(max: "250000 100000") == 2_500)
        #expect(ControlGroupLimit.milliCPU(max: "50000") == 500)
        #expect(ControlGroupLimit.milliCPU(max: "") == nil)
        #expect(ControlGroupLimit.milliCPU(quota: "-1\n", period: "100000") == nil)
        #expect(ControlGroupLimit.milliCPU(quota: "100", period: "0") == nil)
        #expect(ControlGroupLimit.milliCPU(quota: "9223372036854775807", period: "1") == nil)
        #expect(ControlGroupLimit.bytes("max\n") == nil)
        #expect(ControlGroupLimit.bytes("9223372036854771712\n") == nil)
        #expect(ControlGroupLimit.bytes("9223372036854710272\n") == nil)
        #expect(ControlGroupLimit.bytes("2147483648\n") == 2_147_483_648)
    }

    @Test("the system's name is read with and without quotes")
    func operatingSystem() {
        #expect(
            SystemInfo.operatingSystem("NAME=\"X\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n")
                == "Debian GNU/Linux 12 (bookworm)")
        #expect(
            SystemInfo.operatingSystem("NAME=openEuler\nVERSION=\"22.03 (LTS)\"\n") == "openEuler 22.03 (LTS)"
        )
        #expect(SystemInfo.operatingSystem("PRETTY_NAME='A \"b\"'\n") == "A \"b\"")
        #expect(SystemInfo.operatingSystem("nothing") == nil)
    }

    @Test("the load is in thousandths")
    func load() {
        #expect(SystemInfo.loadMilli("0.59 0.36 0.45 1/234 5678\n") == 590)
        #expect(SystemInfo.loadMilli("") == nil)
        #expect(SystemInfo.loadMilli("-1") == nil)
    }

    @Test("the innermost container is named")
    func containers() {
        func kind(_ files: Set<String> = [], _ environment: [String: String] = [:], _ path: String = "")
            -> String?
        {
            ContainerHints(files: files, environment: environment, membership: path).kind
        }
        #expect(kind() == nil)
        #expect(kind([], [:], "0::/init.scope") == nil)
        #expect(kind(["/.dockerenv"]) == "docker")
        #expect(kind([], [:], "4:memory:/docker/0123") == "docker")
        #expect(kind(["/run/.containerenv"]) == "podman")
        #expect(kind(["/.dockerenv"], ["KUBERNETES_SERVICE_HOST": "10.96.0.1"]) == "kubernetes")
        #expect(kind([], [:], "0::/kubepods.slice/x") == "kubernetes")
        #expect(kind([], ["APPTAINER_CONTAINER": "/x.sif", "SLURM_JOB_ID": "5"]) == "apptainer")
        #expect(kind([], ["SLURM_JOB_ID": "5"]) == "slurm")
        #expect(kind([], ["SLURM_JOB_ID": ""]) == nil)
    }
}
