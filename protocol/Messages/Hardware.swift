package import ClusterTypes

/// What an agent found on its machine. nil is "the source does not say", never 0.
package struct HardwareReport: Hashable, Sendable {
    package var hostname: String
    package var architecture: Architecture
    /// For example "Debian GNU/Linux 12 (bookworm)".
    package var operatingSystem: String
    package var kernel: String
    package var processor: ProcessorReport
    package var memory: MemoryReport
    /// The file system of the agent's work directory.
    package var disk: DiskReport
    /// Sorted by vendor, then PCI bus order or logic id; none moves while the agent runs, new ones come last.
    package var devices: [DeviceReport]
    package var tools: [ToolReport]
    package var address: AddressReport
    /// "docker", "podman", "kubernetes", "apptainer", "lxc", "slurm" … or nil.
    package var container: String?
    /// nil of an older agent.
    package var machine: MachineReport?

    package init(
        hostname: String, architecture: Architecture, operatingSystem: String, kernel: String,
        processor: ProcessorReport, memory: MemoryReport, disk: DiskReport, devices: [DeviceReport] = [],
        tools: [ToolReport] = [], address: AddressReport, container: String? = nil
    ) {
        self.hostname = hostname
        self.architecture = architecture
        self.operatingSystem = operatingSystem
        self.kernel = kernel
        self.processor = processor
        self.memory = memory
        self.disk = disk
        self.devices = devices
        self.tools = tools
        self.address = address
        self.container = container
    }
}

package struct ProcessorReport: Hashable, Sendable {
    package var model: String
    package var sockets: UInt32
    /// Physical cores in all.
    package var cores: UInt32
    /// Logical processors in all.
    package var threads: UInt32
    /// What the agent may use of them (affinity and cgroup quota), in 1/1000 of a logical processor.
    package var usableMilliCPU: Int64

    package init(model: String, sockets: UInt32, cores: UInt32, threads: UInt32, usableMilliCPU: Int64) {
        self.model = model
        self.sockets = sockets
        self.cores = cores
        self.threads = threads
        self.usableMilliCPU = usableMilliCPU
    }
}

package struct MemoryReport: Hashable, Sendable {
    package var totalBytes: Int64
    /// The tightest cgroup limit above the agent; nil without one.
    package var limitBytes: Int64?
    package var availableBytes: Int64

    package init(totalBytes: Int64, limitBytes: Int64? = nil, availableBytes: Int64) {
        self.totalBytes = totalBytes
        self.limitBytes = limitBytes
        self.availableBytes = availableBytes
    }

    package var usableBytes: Int64 { min(totalBytes, limitBytes ?? totalBytes) }
}

package struct DiskReport: Hashable, Sendable {
    package var path: String
    package var totalBytes: Int64
    /// Free for a user without privileges.
    package var availableBytes: Int64

    package init(path: String, totalBytes: Int64, availableBytes: Int64) {
        self.path = path
        self.totalBytes = totalBytes
        self.availableBytes = availableBytes
    }
}

package enum DeviceHealth: String, Hashable, Sendable, CaseIterable {
    case ok, warning, failed, unknown
}

/// One GPU or NPU chip.
package struct DeviceReport: Hashable, Sendable {
    package var type: DeviceType
    /// "nvidia", "huawei", "amd", "intel", "habana", "cambricon", "moorethreads"; more from the PCI bus.
    package var vendor: String
    package var model: String
    /// As the tool prints it: GPU index, NPU id.
    package var index: UInt32
    /// Second level of the tool's numbering (Ascend chip id).
    package var chip: UInt32?
    /// What the visibility variable takes: the UUID or index for CUDA, the chip logic id for Ascend, the module id for
    /// Gaudi.
    /// Empty for a device that no program can be told to use, and that no work gets: one that no tool has named, or that
    /// is divided into parts.
    package var visibleID: String
    package var uuid: String?
    package var busID: String?
    package var memoryTotalBytes: Int64?
    package var memoryUsedBytes: Int64?
    /// 0...100.
    package var utilizationPercent: UInt32?
    package var temperatureCelsius: Int32?
    package var powerMilliwatts: UInt32?
    package var driverVersion: String?
    package var health: DeviceHealth
    /// Why it is not ok, or not given to work.
    package var reason: String?
    /// UUID of the GPU whose part this is (a MIG instance); its bus id is that GPU's.
    package var parent: String?
    /// It is divided (MIG) into so many parts, which are devices of their own; nil: it is not. It is given to no work
    /// itself.
    package var partCount: UInt32?
    /// The readings are so old: the tool has not answered since. nil: they are new.
    package var ageSeconds: UInt32?
    /// In force now.
    package var powerLimitMilliwatts: UInt32?
    package var processorMegahertz: UInt32?
    package var memoryMegahertz: UInt32?
    /// Memory errors since the driver was loaded.
    package var correctableErrors: UInt64?
    package var uncorrectableErrors: UInt64?
    /// What slows it down now, in the tool's words; empty: nothing, or nothing is known.
    package var throttleReasons: [String] = []
    /// Number of the NUMA node that it is near to.
    package var memoryNode: UInt32?
    /// Devices of one vendor with the same number reach each other by fast links (NVLink, HCCS), over others if need be.
    package var linkGroup: UInt32?
    /// Address of the PCIe root port that it is behind: devices with the same one share a PCIe switch.
    package var rootPort: String?
    /// Ascend: N of `/dev/davinciN`, as rank tables and `hccn_tool` count.
    package var physicalID: UInt32?
    /// Of the network port that the device has itself (Ascend).
    package var networkAddress: String?

    package init(
        type: DeviceType, vendor: String, model: String, index: UInt32, chip: UInt32? = nil,
        visibleID: String,
        uuid: String? = nil, busID: String? = nil, memoryTotalBytes: Int64? = nil,
        memoryUsedBytes: Int64? = nil,
        utilizationPercent: UInt32? = nil, temperatureCelsius: Int32? = nil, powerMilliwatts: UInt32? = nil,
        driverVersion: String? = nil, health: DeviceHealth = .unknown, reason: String? = nil
    ) {
        self.type = type
        self.vendor = vendor
        self.model = model
        self.index = index
        self.chip = chip
        self.visibleID = visibleID
        self.uuid = uuid
        self.busID = busID
        self.memoryTotalBytes = memoryTotalBytes
        self.memoryUsedBytes = memoryUsedBytes
        self.utilizationPercent = utilizationPercent
        self.temperatureCelsius = temperatureCelsius
        self.powerMilliwatts = powerMilliwatts
        self.driverVersion = driverVersion
        self.health = health
        self.reason = reason
    }

    /// A tool has named it.
    package var isNamed: Bool { !visibleID.isEmpty || partCount != nil || parent != nil }

    /// A program can be told to use it.
    package var isAssignable: Bool { !visibleID.isEmpty }
}

/// How a vendor tool answered: a missing or failing tool is a state, not an error of the report.
package struct ToolReport: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        case ok, missing, failed
        case timedOut = "timed_out"
        case unreadable
    }

    /// "nvidia-smi", "npu-smi".
    package var name: String
    package var state: State
    package var message: String?

    package init(name: String, state: State, message: String? = nil) {
        self.name = name
        self.state = state
        self.message = message
    }
}

/// Which address the agent takes as its own, and why.
package struct AddressReport: Hashable, Sendable {
    /// An address of this machine or container.
    package var local: String
    /// Where others reach it, if that differs (port mapping, host network).
    package var advertised: String
    /// The rule that chose it: "address", "cidr", "interface", "index", "route", "first", "loopback".
    package var rule: String
    /// A line per candidate: taken or not, and why.
    package var explanation: [String]

    package init(local: String, advertised: String, rule: String, explanation: [String] = []) {
        self.local = local
        self.advertised = advertised
        self.rule = rule
        self.explanation = explanation
    }
}

extension HardwareReport {
    /// What placement may hand out on this node.
    package func capacity(labels: [Label]) -> NodeCapacity {
        var devices = devices.map(\.capacity)
        // Neighbours of one model share its text: there is a capacity of every node in memory.
        for (device, next) in zip(devices.indices, devices.indices.dropFirst())
        where devices[next].model == devices[device].model {
            devices[next].model = devices[device].model
        }
        var capacity = NodeCapacity(
            resources: Resources(
                milliCPU: processor.usableMilliCPU, memoryBytes: memory.usableBytes,
                diskBytes: disk.availableBytes),
            devices: devices,
            architecture: architecture, labels: labels.sorted())
        let memoryNodes = machine?.memoryNodes.compactMap { node in
            ProcessorList.parse(node.processors).map {
                MemoryNodeCapacity(number: node.number, milliCPU: Int64($0.count) * 1_000)
            }
        }
        if let memoryNodes, memoryNodes.count > 1, !devices.isEmpty { capacity.memoryNodes = memoryNodes }
        return capacity
    }

    /// What can be counted of it and no other word says: `network.mbps`, of the fastest interface that leads out.
    package var countedLabels: [Label] {
        let speeds = machine?.interfaces.compactMap { interface in
            interface.isUp ? interface.megabitsPerSecond : nil
        }
        return speeds?.max().map { [Label("network.mbps", String($0))] } ?? []
    }
}

extension DeviceReport {
    /// What placement may hand out of it.
    package var capacity: DeviceCapacity {
        var capacity = DeviceCapacity(type: type, model: model, memoryBytes: memoryTotalBytes ?? 0)
        capacity.vendor = vendor.isEmpty ? nil : vendor
        capacity.memoryNode = memoryNode
        capacity.linkGroup = linkGroup
        capacity.rootPort = rootPort
        capacity.physicalID = physicalID
        capacity.networkAddress = networkAddress
        if health == .failed {
            capacity.withhold(.failed, reason)
        } else if !isAssignable {
            capacity.withhold(.unassignable, reason)
        }
        return capacity
    }
}
