package import ClusterTypes
package import ProtocolMessages
import TextForms

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Reads processor, memory, disk and system of the machine. Never fails: what cannot be read has a plain default.
package struct MachineReader: Sendable {
    package let files: FileSource
    let gauge: FileSystemGauge
    /// The value of an environment variable.
    let variable: @Sendable (_ name: String) -> String?

    package init(
        files: FileSource = .machine(), gauge: FileSystemGauge = FileSystemGauge(),
        variable: @escaping @Sendable (String) -> String? = { name in getenv(name).map { String(cString: $0) }
        }
    ) {
        self.files = files
        self.gauge = gauge
        self.variable = variable
    }

    // MARK: Processor

    package func processor() -> ProcessorReport {
        let info = ProcessorInfo(parsing: text("/proc/cpuinfo"))
        // A file per processor: only where cpuinfo does not know.
        let topology = ProcessorTopology(info, places: info.sockets == nil ? places() : [])
        let allowed = max(1, allowedProcessors()?.count ?? Int(topology.threads))
        let usable = min(Int64(allowed) * 1_000, processorLimit() ?? .max)
        return ProcessorReport(
            model: name(info), sockets: topology.sockets, cores: topology.cores, threads: topology.threads,
            usableMilliCPU: usable)
    }

    private func places() -> [ProcessorPlace] {
        let base = "/sys/devices/system/cpu/"
        let online = ProcessorList.parse(text(base + "online")) ?? []
        return online.map { number in
            let directory = "\(base)cpu\(number)/topology/"
            return ProcessorPlace(
                package: files.read(directory + "physical_package_id").flatMap { Int(Scan.trimmed($0)) },
                siblings: files.read(directory + "thread_siblings_list").map { Scan.trimmed($0) })
        }
    }

    /// With the maker's name for it: "AWS Graviton3 (ARM Neoverse V1)".
    private func name(_ info: ProcessorInfo) -> String {
        processorProduct(info).map { "\($0) (\(info.name))" } ?? info.name
    }

    /// The processors that affinity and cpusets leave to this process; nil where the system does not tell.
    package func allowedProcessors() -> Set<Int>? {
        for line in Scan.lines(text("/proc/self/status")) where line.hasPrefix("Cpus_allowed_list:") {
            guard let list = Scan.pair(line).flatMap({ ProcessorList.parse($0.value) }), !list.isEmpty else {
                break
            }
            // The kernel has taken the sets of control groups into account.
            return Set(list)
        }
        return processorSets().reduce(nil) { allowed, level in
            let common = allowed?.intersection(level.processors) ?? level.processors
            return common.isEmpty ? allowed : common
        }
    }

    /// The sets of all control groups above, where they are set.
    func processorSets() -> [(path: String, processors: Set<Int>)] {
        let groups = controlGroups()
        let files =
            groups.unified.map { ($0, ["cpuset.cpus.effective", "cpuset.cpus"]) }
            + groups.processorSet.map { ($0, ["cpuset.effective_cpus", "cpuset.cpus"]) }
        return files.compactMap { path, names in
            for name in names {
                guard let text = self.files.read("\(path)/\(name)") else { continue }
                if let list = ProcessorList.parse(text), !list.isEmpty { return (path, Set(list)) }
            }
            return nil
        }
    }

    /// The tightest quota of all control groups above, in 1/1000 of a processor.
    package func processorLimit() -> Int64? {
        let groups = controlGroups()
        let unified = groups.unified.compactMap { files.read($0 + "/cpu.max") }
            .compactMap { ControlGroupLimit.milliCPU(max: $0) }
        return (unified + groups.processor.compactMap { oldQuota($0) }).min()
    }

    /// Of one v1 directory.
    func oldQuota(_ directory: String) -> Int64? {
        guard let quota = files.read(directory + "/cpu.cfs_quota_us") else { return nil }
        return ControlGroupLimit.milliCPU(
            quota: quota, period: files.read(directory + "/cpu.cfs_period_us") ?? "100000")
    }

    func controlGroups() -> ControlGroups {
        ControlGroups(membership: text("/proc/self/cgroup"), mounts: text("/proc/self/mountinfo"))
    }

    // MARK: Memory and disk

    package func memory() -> MemoryReport {
        let info = MemoryInfo(parsing: text("/proc/meminfo"))
        let total = info.totalBytes ?? Self.physicalMemory()
        var available = min(info.availableBytes ?? total, total)
        let limit = memoryLimit()
        if let limit {
            let used = limit.usedBytes ?? 0
            available = min(available, max(0, limit.bytes - used))
        }
        return MemoryReport(totalBytes: total, limitBytes: limit?.bytes, availableBytes: available)
    }

    private struct MemoryLimit {
        var bytes: Int64
        /// What counts against it, without file cache that gives way.
        var usedBytes: Int64?
    }

    private func memoryLimit() -> MemoryLimit? {
        let groups = controlGroups()
        var tightest: MemoryLimit?
        func consider(_ bytes: Int64?, used: () -> Int64?) {
            guard let bytes, bytes < tightest?.bytes ?? .max else { return }
            tightest = MemoryLimit(bytes: bytes, usedBytes: used())
        }
        for level in groups.unified {
            consider(files.read(level + "/memory.max").flatMap { ControlGroupLimit.bytes($0) }) {
                workingSet(level, usage: "memory.current", cache: "inactive_file")
            }
        }
        for level in groups.memory {
            consider(files.read(level + "/memory.limit_in_bytes").flatMap { ControlGroupLimit.bytes($0) }) {
                workingSet(level, usage: "memory.usage_in_bytes", cache: "total_inactive_file")
            }
        }
        // v1 tells here of limits above what a container sees.
        if let level = groups.memory.first, let statistics = files.read(level + "/memory.stat") {
            let bytes = ControlGroupLimit.statistic("hierarchical_memory_limit", in: statistics)
            consider(bytes.flatMap { ControlGroupLimit.bytes(String($0)) }) {
                workingSet(level, usage: "memory.usage_in_bytes", cache: "total_inactive_file")
            }
        }
        return tightest
    }

    private func workingSet(_ level: String, usage: String, cache: String) -> Int64? {
        guard let used = files.read("\(level)/\(usage)").flatMap({ Int64(Scan.trimmed($0)) }) else {
            return nil
        }
        let inactive = files.read(level + "/memory.stat").flatMap {
            ControlGroupLimit.statistic(cache, in: $0)
        }
        return max(0, max(0, used) - max(0, inactive ?? 0))
    }

    private static func physicalMemory() -> Int64 {
        let pages = Int64(sysconf(Int32(_SC_PHYS_PAGES)))
        let size = Int64(sysconf(Int32(_SC_PAGESIZE)))
        return max(0, pages) * max(0, size)
    }

    /// The file system of a directory, or of the first directory above it that exists. Where nobody answers in time
    /// the last answer counts, and before any answer nothing is free.
    package func disk(_ path: String) -> DiskReport {
        let size = gauge.measure(path).size
        return DiskReport(
            path: path, totalBytes: size?.totalBytes ?? 0, availableBytes: size?.availableBytes ?? 0)
    }

    // MARK: System

    package func hostname() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.isEmpty ? "localhost" : text
    }

    package func architecture() -> Architecture {
        #if arch(arm64)
            .arm64
        #else
            .amd64
        #endif
    }

    package func kernel() -> String { systemName().release }

    package func operatingSystem() -> String {
        for path in ["/etc/os-release", "/usr/lib/os-release"] {
            if let name = files.read(path).flatMap({ SystemInfo.operatingSystem($0) }) { return name }
        }
        return systemName().name
    }

    private func systemName() -> (name: String, release: String) {
        var names = utsname()
        guard uname(&names) == 0 else { return ("unknown", "unknown") }
        return (Self.string(names.sysname), Self.string(names.release))
    }

    private static func string(_ field: some Any) -> String {
        withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// Changes with each boot; in a container it is the machine's. "unknown" where the system has none.
    package func bootID() -> String {
        Scan.known(text("/proc/sys/kernel/random/boot_id")) ?? "unknown"
    }

    package func container() -> String? { containerHints().kind }

    package func loadMilli() -> UInt32 { SystemInfo.loadMilli(text("/proc/loadavg")) ?? 0 }

    package func uptimeSeconds() -> UInt32 {
        Scan.words(text("/proc/uptime")).first.flatMap { Double($0) }.map { UInt32(min(max(0, $0), 4e9)) }
            ?? 0
    }

    package func transfers() -> TransferCounters {
        TransferCounters(diskstats: text("/proc/diskstats"), networks: text("/proc/net/dev")) {
            files.exists("/sys/class/net/\($0)/device")
        }
    }

    /// Of the processors that this process may use.
    package func processorTimes() -> ProcessorTimes? {
        let text = text("/proc/stat")
        return ProcessorTimes(parsing: text, processors: allowedProcessors())
            ?? ProcessorTimes(parsing: text, processors: nil)
    }

    func text(_ path: String) -> String { files.read(path) ?? "" }
}
