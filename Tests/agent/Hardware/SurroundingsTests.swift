import Dispatch
import ProtocolMessages
import Synchronization
import Testing

@testable import AgentHardware

@Suite("What is around a machine")
struct SurroundingsTests {
    /// A machine of these files; directories are what the paths say.
    static func machine(
        _ files: [String: String], variables: [String: String] = [:],
        gauge: FileSystemGauge = FileSystemGauge(question: { _ in nil })
    ) -> MachineReader {
        MachineReader(
            files: FileSource(
                read: { files[$0] },
                exists: { path in files.keys.contains { $0 == path || $0.hasPrefix(path + "/") } },
                list: { path in
                    let base = path.hasSuffix("/") ? path : path + "/"
                    let names = files.keys.filter { $0.hasPrefix(base) }.compactMap {
                        $0.dropFirst(base.count).split(separator: "/").first.map(String.init)
                    }
                    return Set(names).sorted()
                }), gauge: gauge, variable: { variables[$0] })
    }

    // MARK: Processors and memory

    @Test("memory nodes have their processors, memory and distances")
    func memoryNodes() {
        let base = "/sys/devices/system/node/"
        let nodes = Self.machine([
            base + "online": "0,2\n", base + "node0/cpulist": "0-3,8\n",
            base + "node0/meminfo": "Node 0 MemTotal:  1024 kB\nNode 0 MemFree:  512 kB\n",
            base + "node0/distance": "10 21\n", base + "node2/cpulist": "\n",
            base + "node2/distance": "21 ten\n",
        ]).memoryNodes()
        #expect(nodes.map(\.number) == [0, 2])
        #expect(nodes.first?.processors == [0, 1, 2, 3, 8])
        #expect(nodes.first?.totalBytes == 1 << 20)
        #expect(nodes.first?.freeBytes == 1 << 19)
        #expect(nodes.first?.distances == [10, 21])
        #expect(nodes.last?.processors == [])
        #expect(nodes.last?.totalBytes == nil)
        #expect(nodes.last?.distances == [])
        #expect(Self.machine([:]).memoryNodes().isEmpty)
    }

    @Test("huge pages are listed by size, from meminfo where /sys has none")
    func hugePages() {
        let base = "/sys/kernel/mm/hugepages/"
        let pages = Self.machine([
            base + "hugepages-1048576kB/nr_hugepages": "2\n",
            base + "hugepages-1048576kB/free_hugepages": "1\n",
            base + "hugepages-2048kB/nr_hugepages": "0\n", base + "other/nr_hugepages": "7\n",
        ]).hugePages()
        #expect(
            pages == [
                HugePagePool(pageBytes: 2 << 20, total: 0, free: nil),
                HugePagePool(pageBytes: 1 << 30, total: 2, free: 1),
            ])
        let old = "HugePages_Total: 3\nHugePages_Free: 2\nHugepagesize: 2048 kB\n"
        #expect(
            Self.machine(["/proc/meminfo": old]).hugePages()
                == [HugePagePool(pageBytes: 2 << 20, total: 3, free: 2)])
        #expect(Self.machine([:]).hugePages().isEmpty)
    }

    @Test("of all levels the tightest limit of each kind counts")
    func nestedLimits() {
        let machine = Self.machine([
            "/proc/self/status": "Cpus_allowed_list:\t0-3\n", "/proc/self/cgroup": "0::/pod/box\n",
            "/proc/self/mountinfo": "34 33 0:29 / /cg rw - cgroup2 cgroup rw\n",
            "/proc/meminfo": "MemTotal: 8388608 kB\n",
            "/cg/pod/box/cpu.max": "max 100000\n", "/cg/pod/box/memory.max": "4294967296\n",
            "/cg/pod/box/memory.current": "1048576\n", "/cg/pod/box/memory.high": "max\n",
            "/cg/pod/box/cpuset.cpus.effective": "0-3\n",
            "/cg/pod/cpu.max": "250000 100000\n", "/cg/pod/memory.max": "2147483648\n",
            "/cg/pod/memory.swap.max": "0\n", "/cg/cpu.stat": "usage_usec 5\n",
        ])
        #expect(machine.allowedProcessors() == [0, 1, 2, 3])
        #expect(machine.processor().usableMilliCPU == 2_500)
        #expect(machine.memory().limitBytes == 2 << 30)
    }

    @Test("in a hybrid tree the limits of both versions count")
    func hybridLimits() {
        let machine = Self.machine([
            "/proc/cpuinfo": (0..<8).map { "processor : \($0)\n" }.joined(),
            "/proc/self/cgroup": "4:memory:/job\n3:cpuset:/job\n2:cpu,cpuacct:/job\n0::/job\n",
            "/proc/self/mountinfo": """
            30 1 0:26 / /cg/unified rw - cgroup2 cgroup2 rw
            31 1 0:27 / /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct
            32 1 0:28 / /cg/cpuset rw - cgroup cgroup rw,cpuset
            33 1 0:29 / /cg/memory rw - cgroup cgroup rw,memory
            """,
            "/proc/meminfo": "MemTotal: 8388608 kB\n",
            "/cg/cpu/job/cpu.cfs_quota_us": "300000\n", "/cg/cpu/job/cpu.cfs_period_us": "100000\n",
            "/cg/cpuset/job/cpuset.cpus": "2-3\n", "/cg/cpuset/cpuset.cpus": "0-7\n",
            "/cg/memory/job/memory.limit_in_bytes": "1073741824\n",
        ])
        #expect(machine.allowedProcessors() == [2, 3])
        #expect(machine.memory().limitBytes == 1 << 30)
        #expect(machine.processor().usableMilliCPU == 2_000)
    }

    @Test("a control group that is mounted twice is read where the process is seen")
    func mountedTwice() {
        let groups = ControlGroups(
            membership: "2:cpu:/pods/a\n",
            mounts: """
                31 1 0:27 /other /elsewhere rw - cgroup cgroup rw,cpu
                32 1 0:27 /pods /cg rw - cgroup cgroup rw,cpu
                """)
        #expect(groups.processor == ["/cg/a", "/cg"])
    }

    // MARK: File systems

    static let mounts = """
        22 1 8:1 / / rw,relatime shared:1 - xfs /dev/nvme0n1p2 rw
        23 22 0:22 / /dev/shm rw - tmpfs tmpfs rw
        24 22 0:23 / /users rw - nfs4 head:/users rw,vers=4.2
        25 22 0:24 / /lustre rw - lustre 10.0.0.1@o2ib:10.0.0.2@o2ib:/fs1 rw
        26 22 0:25 / /gpfs/data rw - gpfs data rw
        27 22 0:26 / /mnt/bee rw - beegfs beegfs_nodev rw
        28 22 0:27 / /ceph rw - ceph 10.1.0.1:6789:/ rw,name=admin
        29 22 0:28 / /s rw - fuse.sshfs user@host:/x rw
        30 22 0:29 / /dav rw - cifs //joe:secret@box/share rw
        31 22 0:30 / /odd rw - fuse.acme acme rw
        32 22 0:31 / /users/scratch rw - ext4 /dev/sdb1 rw
        33 22 0:32 / /auto rw - autofs systemd-1 rw
        34 22 0:33 / /users rw - nfs4 head2:/users rw
        """

    @Test(
        "the mount of a path is the deepest, and the last one there",
        arguments: [
            ("/", "xfs", false), ("/users", "nfs4", true), ("/users/a/b", "nfs4", true),
            ("/users/scratch/x", "ext4", false), ("/usersandmore", "xfs", false),
            ("/dev/shm", "tmpfs", false),
            ("/lustre/a", "lustre", true), ("/odd/x", "fuse.acme", true), ("/auto/x", "autofs", true),
            ("//users//a/", "nfs4", true),
        ])
    func holdingMount(path: String, type: String, mayHang: Bool) throws {
        let mount = try #require(MountTable(parsing: Self.mounts).mount(holding: path))
        #expect(mount.type == type)
        #expect(mount.kind.mayHang == mayHang)
        #expect(MountTable(parsing: Self.mounts).mount(holding: "home") == nil)
    }

    @Test("shared file systems are known by type, their sizes are not asked, and no secret is told")
    func sharedMounts() {
        let record = Record()
        let gauge = FileSystemGauge(question: { path in
            record.add(path)
            return .init(totalBytes: 100, availableBytes: 40, isReadOnly: false)
        })
        let surroundings = Self.machine(
            ["/proc/self/mountinfo": Self.mounts], variables: ["TMPDIR": "/users/scratch/tmp"], gauge: gauge
        ).surroundings(workDirectory: "/lustre/me")
        let shared = surroundings.fileSystems.filter { $0.purpose == "shared" }
        let directories = surroundings.fileSystems.filter { $0.purpose != "shared" }
        #expect(
            shared.map { "\($0.path) \($0.kind ?? "")" } == [
                "/users nfs", "/lustre lustre", "/gpfs/data gpfs", "/mnt/bee beegfs", "/ceph cephfs",
                "/s sshfs",
                "/dav smb",
            ])
        #expect(shared.map(\.source).contains("//box/share"))
        #expect(shared.map(\.source).contains("10.0.0.1@o2ib:10.0.0.2@o2ib:/fs1"))
        #expect(directories.map(\.path) == ["/lustre/me", "/users/scratch/tmp", "/dev/shm"])
        #expect(directories.map(\.kind) == ["lustre", "local", "memory"])
        #expect(directories.map(\.availableBytes) == [40, 40, 40])
        #expect(record.paths == ["/lustre/me", "/users/scratch/tmp", "/dev/shm"])
    }

    @Test("a server that does not answer keeps nobody waiting, and is asked once")
    func deadServer() {
        let server = Server()
        let gauge = FileSystemGauge(patience: .zero, question: { server.answer($0) })
        #expect(gauge.measure("/dead") == .silent(last: nil))
        #expect(gauge.measure("/dead") == .silent(last: nil))
        #expect(Self.machine([:], gauge: gauge).disk("/dead").availableBytes == 0)
        server.revive()
        server.waitForAnswer()
        #expect(server.questions == 1)
    }

    @Test("the last answer counts while there is no new one")
    func lastAnswer() {
        let server = Server()
        server.revive()
        let gauge = FileSystemGauge(patience: .seconds(60), question: { server.answer($0) })
        let size = FileSystemGauge.Size(totalBytes: 7, availableBytes: 3, isReadOnly: false)
        #expect(gauge.measure("/nfs") == .size(size))
        #expect(gauge.measure("/nfs", patience: .zero) == .silent(last: size))
        #expect(Self.machine([:], gauge: gauge).disk("/nfs").availableBytes == 3)
        server.revive()
        #expect(FileSystemGauge(patience: .seconds(60), question: { _ in nil }).measure("/x") == .missing)
    }

    // MARK: Network

    @Test("interfaces have kinds, states and speeds")
    func interfaces() {
        let base = "/sys/class/net/"
        let interfaces = Self.machine([
            base + "lo/type": "772\n", base + "lo/operstate": "unknown\n",
            base + "eth0/type": "1\n", base + "eth0/speed": "25000\n", base + "eth0/operstate": "up\n",
            base + "eth0/mtu": "9000\n", base + "eth0/device/vendor": "0x1\n",
            base + "ibp5s0/type": "32\n", base + "ibp5s0/speed": "4294967295\n",
            base + "br9/type": "1\n", base + "br9/bridge/x": "\n", base + "br9/brif/eth0/x": "\n",
            base + "br9/speed": "-1\n", base + "vpn7/type": "65534\n", base + "vpn7/tun_flags": "0x1\n",
            base + "w0/type": "65534\n", base + "w0/uevent": "DEVTYPE=wireguard\nINTERFACE=w0\n",
            base + "veth1/type": "1\n", base + "bonding_masters": "\n",
            base + "x/type": "1\n", base + "x/uevent": "DEVTYPE=vlan\n",
        ]).interfaces()
        let kinds = interfaces.map { "\($0.name) \($0.kind.rawValue)" }
        #expect(
            kinds == [
                "br9 bridge", "eth0 ethernet", "ibp5s0 infiniband", "lo loopback", "veth1 virtual",
                "vpn7 tunnel", "w0 tunnel", "x vlan",
            ])
        let speeds = interfaces.map(\.megabitsPerSecond)
        #expect(speeds == [nil, 25_000, nil, nil, nil, nil, nil, nil])
        #expect(interfaces.first { $0.name == "eth0" }?.mtu == 9_000)
        #expect(interfaces.first?.ports == ["eth0"])
    }

    @Test(
        "rates of InfiniBand are read in megabits",
        arguments: [
            ("100 Gb/sec (4X EDR)\n", 100_000), ("2.5 Gb/sec (1X SDR)\n", 2_500),
            ("400 Gb/sec (4X NDR)", 400_000),
            ("0 Gb/sec", nil), ("fast", nil), ("100", nil), ("99999999 Gb/sec", nil), ("-5 Gb/sec", nil),
        ] as [(String, UInt32?)])
    func rates(text: String, megabits: UInt32?) {
        let port = InfiniBandPort(device: "mlx5_0", port: 1, state: "4: ACTIVE\n", rate: text, linkLayer: nil)
        #expect(port.megabitsPerSecond == megabits)
        #expect(port.state == "ACTIVE")
    }

    @Test("ports of InfiniBand are found by adapter")
    func ports() {
        let base = "/sys/class/infiniband/mlx5_0/ports/1/"
        let ports = Self.machine([
            base + "state": "1: DOWN\n", base + "rate": "200 Gb/sec (4X HDR)\n",
            base + "link_layer": "Ethernet\n",
        ]).infiniBandPorts()
        #expect(
            ports == [
                InfiniBandPort(
                    device: "mlx5_0", port: 1, state: "1: DOWN", rate: "200 Gb/sec", linkLayer: "Ethernet")
            ])
        #expect(ports.first?.linkLayer == "Ethernet")
    }

    @Test("this machine has surroundings")
    func thisMachine() {
        let surroundings = MachineReader().surroundings(workDirectory: "/")
        #expect(surroundings.fileSystems.map(\.purpose).starts(with: ["work", "tmp", "shm"]))
        #expect((surroundings.fileSystems.first?.totalBytes ?? 0) > 0)
    }
}

/// Answers when it is told to.
private final class Server: Sendable {
    private let gate = DispatchSemaphore(value: 0)
    private let answered = DispatchSemaphore(value: 0)
    private let count = Mutex(0)

    var questions: Int { count.withLock { $0 } }

    func answer(_ path: String) -> FileSystemGauge.Size? {
        count.withLock { $0 += 1 }
        gate.wait()
        answered.signal()
        return .init(totalBytes: 7, availableBytes: 3, isReadOnly: false)
    }

    func revive() { gate.signal() }
    func waitForAnswer() { answered.wait() }
}

private final class Record: Sendable {
    private let list = Mutex<[String]>([])
    var paths: [String] { list.withLock { $0 } }
    func add(_ path: String) { list.withLock { $0.append(path) } }
}
