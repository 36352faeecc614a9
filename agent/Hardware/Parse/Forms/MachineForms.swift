import ClusterTypes
import TextForms

extension ToolForm {
    static var machine: [ToolForm] {
        [
            processorListingJSON, processorInfo, processorListing, memoryInfo, mountInfo,
            controlGroupMembership,
        ] + controlGroupFiles + [hostnames]
    }

    // MARK: Processor and memory

    private static let processorListingJSON = ToolForm(
        name: "lscpu-json", command: "lscpu -J",
        recognizes: { output in
            let text = output.plain
            return text.contains("\"field\"") && ProcessorListing(parsingJSON: text).isListing
        },
        read: { reading(ProcessorListing(parsingJSON: $0.plain)) })

    private static let processorListing = ToolForm(
        name: "lscpu", command: "lscpu", recognizes: { ProcessorListing(parsing: $0.plain).isListing },
        read: { reading(ProcessorListing(parsing: $0.plain)) })

    private static func reading(_ listing: ProcessorListing) -> ToolReading {
        ToolReading(others: [
            ("arch", .known(listing.architecture)), ("model", .known(listing.model)),
            ("vendor", .known(listing.vendor)), ("logical_cpus", .known(listing.logicalProcessors)),
            ("sockets", .known(listing.sockets)), ("cores_per_socket", .known(listing.coresPerSocket)),
            ("threads_per_core", .known(listing.threadsPerCore)),
            ("numa_nodes", .known(listing.memoryNodes)),
        ])
    }

    private static let processorInfo = ToolForm(
        name: "cpuinfo", command: "cat /proc/cpuinfo",
        recognizes: { output in
            let keys = Set(Scan.lines(output.plain).prefix(400).compactMap { Scan.pair($0)?.key })
            let hasNumber = keys.contains("processor") || keys.contains("# processors")
            return keys.intersection(processorKeys).count >= (hasNumber ? 1 : 3)
        },
        read: { output in
            let info = ProcessorInfo(parsing: output.plain)
            let models = info.models.count > 1 ? info.models : nil
            return ToolReading(others: [
                ("logical_cpus", .known(info.processors.isEmpty ? nil : info.processors.count)),
                ("sockets", .known(info.sockets)), ("cores_per_socket", .known(info.coresPerSocket)),
                ("model", .known(info.model)), ("models", .known(models)), ("vendor", .known(info.vendor)),
                ("implementer", .known(info.implementer)),
                ("part", .known(info.parts.isEmpty ? nil : info.parts)), ("hardware", .known(info.hardware)),
            ])
        })

    /// Of all architectures, as the kernel spells them; each with few others would be a chance.
    private static let processorKeys: Set<String> = [
        "vendor_id", "cpu family", "CPU Family", "model name", "Model Name", "physical id", "siblings",
        "core id",
        "cpu cores", "apicid", "initial apicid", "cpuid level", "fpu_exception", "flags", "bogomips",
        "BogoMIPS",
        "Features", "Features Enabled", "CPU implementer", "CPU architecture", "CPU variant", "CPU part",
        "CPU revision", "cpu model", "system type", "ASEs implemented", "hart", "isa", "mmu", "uarch",
        "mvendorid",
        "clock", "timebase", "bogomips per cpu", "# processors", "ncpus active", "clflush size",
        "address sizes",
        "global_id",
    ]

    private static let memoryInfo = ToolForm(
        name: "meminfo", command: "cat /proc/meminfo",
        recognizes: { output in
            let keys = Scan.lines(output.plain).filter { $0.contains("kB") }.compactMap { Scan.pair($0)?.key }
            let known = ["MemTotal", "MemFree", "MemAvailable", "Buffers", "Cached", "SwapTotal", "SwapFree"]
            return Set(keys.map { $0.split(separator: " ").last.map(String.init) ?? "" })
                .intersection(known).count >= 2
        },
        read: { output in
            let info = MemoryInfo(parsing: output.plain)
            func kibibytes(_ bytes: Int64?) -> JSONText.Value { .known(bytes.map { $0 >> 10 }) }
            return ToolReading(others: [
                ("mem_total_kib", kibibytes(info.totalBytes)),
                ("mem_available_kib", kibibytes(info.statedAvailableBytes)),
                ("mem_free_kib", kibibytes(info.freeBytes)),
                ("swap_total_kib", kibibytes(info.swapTotalBytes)),
            ])
        })

    // MARK: Control groups

    private static let mountInfo = ToolForm(
        name: "mountinfo", command: "cat /proc/self/mountinfo",
        recognizes: { output in
            let lines = output.contentLines
            return 2 * lines.count { !MountTable(parsing: String($0)).mounts.isEmpty } > lines.count
        },
        read: { output in
            let mounts = MountTable(parsing: output.plain).mounts
            let unified = mounts.filter { $0.type == "cgroup2" }.map(\.point)
            return ToolReading(others: [
                ("cgroup1_mounts", .integer(mounts.count { $0.type == "cgroup" })),
                ("cgroup2_mounts", .known(unified)),
            ])
        })

    private static let controlGroupMembership = ToolForm(
        name: "proc-cgroup", command: "cat /proc/self/cgroup",
        recognizes: { output in
            let lines = output.contentLines
            return 2 * lines.count { ControlGroupMembership.entry($0) != nil } > lines.count
        },
        read: { output in
            let membership = ControlGroupMembership(parsing: output.plain)
            let paths = membership.entries.map { entry -> (key: String, value: JSONText.Value?) in
                (entry.isUnified ? "unified" : entry.names, .string(entry.path))
            }
            return ToolReading(others: [
                ("cgroup_version", .integer(membership.version == .v2 ? 2 : 1)), ("paths", .object(paths)),
            ])
        })

    // MARK: Addresses

    private static let hostnames = ToolForm(
        name: "hostname-I", command: "hostname -I",
        recognizes: { output in
            let lines = output.contentLines
            let isNamed = output.fileName.lowercased().hasPrefix("hostname-i")
            if lines.isEmpty { return isNamed }
            if lines.contains(where: { HostnameWords.complaint($0) != nil }) { return true }
            let answers = lines.filter { HostnameWords.addresses($0) != nil }
            let rest = lines.filter { HostnameWords.addresses($0) == nil }
            return !answers.isEmpty && rest.allSatisfy { $0.lowercased().contains("warning") }
        },
        read: { output in
            let lines = output.contentLines
            return ToolReading(
                error: lines.compactMap { HostnameWords.complaint($0) }.first,
                others: [
                    ("addresses", .known(lines.compactMap { HostnameWords.addresses($0) }.flatMap { $0 }))
                ])
        })
}

extension ProcessorListing {
    /// One label alone may be a chance.
    fileprivate var isListing: Bool { knownLabels >= 2 }
}

/// What `hostname -I` and `hostname -i` print.
enum HostnameWords {
    /// As printed; nil for a line with anything else. An IPv6 address may name its interface: "fe80::1%eth0".
    static func addresses(_ line: some StringProtocol) -> [String]? {
        let words = Scan.words(line)
        let areAddresses = words.allSatisfy { word in
            IPAddress(String(word.prefix { $0 != "%" })) != nil && (word.contains(":") || !word.contains("%"))
        }
        return areAddresses ? words : nil
    }

    /// A stable code for what the tool complains of; nil for any other line.
    static func complaint(_ line: some StringProtocol) -> String? {
        let text = line.lowercased()
        guard text.hasPrefix("hostname:") || text.contains(" hostname: ") else { return nil }
        if text.contains("not found") { return "tool_missing" }
        if text.contains("option") { return "unsupported_option" }
        return text.hasPrefix("hostname:") ? "unknown_error" : nil
    }
}
