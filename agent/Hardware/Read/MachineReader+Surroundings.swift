import ClusterTypes
package import ProtocolMessages
import TextForms

extension MachineReader {
    static let sharedLimit = 64
    static let interfaceLimit = 256

    /// What is around the machine's devices; takes no longer than the gauge's patience for each directory.
    ///
    /// - Parameters:
    ///   - workDirectory: need not exist yet.
    ///   - temporaryDirectory: the one for temporary files; nil: `TMPDIR`, else `/tmp`.
    package func surroundings(workDirectory: String, temporaryDirectory: String? = nil) -> MachineReport {
        var report = MachineReport()
        let mounts = MountTable(parsing: text("/proc/self/mountinfo"))
        report.processorProduct = processorProduct(ProcessorInfo(parsing: text("/proc/cpuinfo")))
        report.memoryNodes = memoryNodes().compactMap(\.report)
        report.hugePages = hugePages().map(\.report)
        let temporary = temporaryDirectory ?? variable("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        report.fileSystems =
            [("work", workDirectory), ("tmp", temporary), ("shm", "/dev/shm")].map { purpose, path in
                fileSystem(purpose, path, mounts)
            } + mounts.shared.prefix(Self.sharedLimit).map(shared)
        report.interfaces =
            interfaces().filter { $0.kind != .loopback && $0.kind != .virtual }.map(\.report)
            + infiniBandPorts().map(\.report)
        let container = containerHints(mounts).container
        report.container = container?.report
        report.allocation = allocation(container: container)?.report
        return report
    }

    // MARK: Processor and memory

    func processorProduct(_ info: ProcessorInfo) -> String? {
        guard let implementer = info.implementer, let part = info.parts.last else { return nil }
        func line(_ path: String) -> String? { files.read(path).flatMap { Scan.identifier($0) } }
        return ArmNames.product(
            implementer: implementer, part: part, maker: line("/sys/class/dmi/id/sys_vendor"),
            systemOnChip: line("/sys/devices/soc0/family"))
    }

    /// In order of their numbers; empty where the kernel does not know nodes.
    package func memoryNodes() -> [MemoryNode] {
        let base = "/sys/devices/system/node/"
        return (ProcessorList.parse(text(base + "online")) ?? []).prefix(1_024).map { number in
            let directory = "\(base)node\(number)/"
            return MemoryNode(
                number: number, processors: text(directory + "cpulist"),
                memory: text(directory + "meminfo"), distances: text(directory + "distance"))
        }
    }

    package func hugePages() -> [HugePagePool] {
        let base = "/sys/kernel/mm/hugepages/"
        let pools = files.list(base).compactMap { name -> HugePagePool? in
            guard let size = HugePagePool.pageBytes(directory: name) else { return nil }
            func count(_ file: String) -> Int64? {
                files.read("\(base)\(name)/\(file)").flatMap { Int64(Scan.trimmed($0)) }
            }
            return HugePagePool(pageBytes: size, total: count("nr_hugepages"), free: count("free_hugepages"))
        }
        if !pools.isEmpty { return pools.sorted { $0.pageBytes < $1.pageBytes } }
        return MemoryInfo(parsing: text("/proc/meminfo")).hugePages.map { [$0] } ?? []
    }

    // MARK: Files

    private func fileSystem(_ purpose: String, _ path: String, _ mounts: MountTable) -> FileSystemReport {
        var report = FileSystemReport(purpose: purpose, path: path)
        let mount = mounts.mount(holding: path)
        report.kind = mount?.kind.name
        report.type = mount?.type
        let size = gauge.measure(path).size
        report.totalBytes = size?.totalBytes
        report.availableBytes = size?.availableBytes
        report.isReadOnly = size?.isReadOnly ?? false
        return report
    }

    /// Its size is not asked: the server may be dead.
    private func shared(_ mount: MountTable.Mount) -> FileSystemReport {
        var report = FileSystemReport(purpose: "shared", path: mount.point)
        report.kind = mount.kind.name
        report.type = mount.type
        report.source = Self.withoutSecret(mount.source)
        return report
    }

    /// "https://user:secret@host/path" without what stands before the host. An "@" elsewhere is no user's: Lustre
    /// writes "10.0.0.1@o2ib:/scratch".
    static func withoutSecret(_ source: String) -> String {
        guard let start = source.firstRange(of: "//")?.upperBound else { return source }
        let authority = source[start...].prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return source }
        return String(source[..<start]) + String(source[source.index(after: at)...])
    }

    // MARK: Network

    /// In order of their names.
    package func interfaces() -> [NetworkInterface] {
        let base = "/sys/class/net/"
        return files.list(base).prefix(Self.interfaceLimit).compactMap { name in
            let directory = base + name + "/"
            // "bonding_masters" is a file.
            guard files.exists(directory + "type") else { return nil }
            var texts = NetworkInterface.Texts()
            texts.type = files.read(directory + "type")
            texts.uevent = files.read(directory + "uevent")
            texts.state = files.read(directory + "operstate")
            texts.speed = files.read(directory + "speed")
            texts.mtu = files.read(directory + "mtu")
            texts.hasDevice = files.exists(directory + "device")
            texts.isTun = files.exists(directory + "tun_flags")
            texts.isBridge = files.exists(directory + "bridge")
            return NetworkInterface(
                name: name, texts: texts, ports: texts.isBridge ? files.list(directory + "brif") : [])
        }
    }

    package func infiniBandPorts() -> [InfiniBandPort] {
        let base = "/sys/class/infiniband/"
        let ports = files.list(base).prefix(64).flatMap { device in
            files.list("\(base)\(device)/ports").compactMap { name -> InfiniBandPort? in
                guard let number = UInt32(name) else { return nil }
                let directory = "\(base)\(device)/ports/\(name)/"
                return InfiniBandPort(
                    device: device, port: number, state: files.read(directory + "state"),
                    rate: files.read(directory + "rate"), linkLayer: files.read(directory + "link_layer"))
            }
        }
        return Array(ports.prefix(Self.interfaceLimit))
    }

    // MARK: Where it runs

    func containerHints(_ mounts: MountTable? = nil) -> ContainerHints {
        var hints = ContainerHints(membership: text("/proc/self/cgroup"))
        hints.files = Set(ContainerHints.markers.filter { files.exists($0) })
        for name in ContainerHints.variables {
            if let value = variable(name) { hints.environment[name] = value }
        }
        if hints.environment["HOSTNAME"] == nil { hints.environment["HOSTNAME"] = hostname() }
        hints.manager = Scan.trimmed(text("/run/systemd/container"))
        hints.podNamespace = text("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
        hints.mounts = mounts ?? MountTable(parsing: "")
        return hints
    }

    /// A scheduler's job, or the pod that the agent runs in.
    private func allocation(container: ContainerFacts?) -> Allocation? {
        let membership = ControlGroupMembership(parsing: text("/proc/self/cgroup"))
        if let allocation = Allocation(environment: variable, membership: membership) { return allocation }
        guard let container, let pod = container.podUID ?? container.podName else { return nil }
        return Allocation(scheduler: .kubernetes, jobID: pod, queue: container.podNamespace)
    }
}
