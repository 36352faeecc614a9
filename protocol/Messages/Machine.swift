/// What is around a machine's devices. Counters that change all the time are not in it; nil is "the system does not say".
package struct MachineReport: Hashable, Sendable {
    /// What the maker calls the processor, where its core alone has another name: "AWS Graviton3".
    package var processorProduct: String?
    /// NUMA nodes, by number.
    package var memoryNodes: [MemoryNodeReport] = []
    package var hugePages: [HugePageReport] = []
    /// What work needs first, then those that other machines serve.
    package var fileSystems: [FileSystemReport] = []
    /// Those that lead out of the machine.
    package var interfaces: [InterfaceReport] = []
    package var container: ContainerReport?
    package var allocation: AllocationReport?

    package init() {}
}

package struct MemoryNodeReport: Hashable, Sendable {
    package var number: UInt32
    /// As the kernel writes it: "0-15,32-47"; empty for memory alone.
    package var processors: String
    package var totalBytes: Int64?

    package init(number: UInt32, processors: String, totalBytes: Int64? = nil) {
        self.number = number
        self.processors = processors
        self.totalBytes = totalBytes
    }
}

package struct HugePageReport: Hashable, Sendable {
    package var pageBytes: Int64
    /// Pages.
    package var total: UInt64?
    package var free: UInt64?

    package init(pageBytes: Int64, total: UInt64? = nil, free: UInt64? = nil) {
        self.pageBytes = pageBytes
        self.total = total
        self.free = free
    }
}

package struct FileSystemReport: Hashable, Sendable {
    /// "work", "tmp", "shm", "shared".
    package var purpose: String
    package var path: String
    /// "local", "memory", "nfs", "lustre", "gpfs" ….
    package var kind: String?
    /// The kernel's word: "xfs", "nfs4".
    package var type: String?
    /// "server:/export" of a shared one, without credentials.
    package var source: String?
    /// Not asked of shared ones: the server may be dead.
    package var totalBytes: Int64?
    package var availableBytes: Int64?
    package var isReadOnly = false

    package init(purpose: String, path: String) {
        self.purpose = purpose
        self.path = path
    }
}

package struct InterfaceReport: Hashable, Sendable {
    /// "eth0", "mlx5_0/1".
    package var name: String
    /// "ethernet", "infiniband", "bond" ….
    package var kind: String
    /// "up", "down", "ACTIVE" ….
    package var state: String?
    /// In 10^6 bits a second.
    package var megabitsPerSecond: UInt32?

    package init(name: String, kind: String, state: String? = nil, megabitsPerSecond: UInt32? = nil) {
        self.name = name
        self.kind = kind
        self.state = state
        self.megabitsPerSecond = megabitsPerSecond
    }

    /// True as well where the system does not say.
    package var isUp: Bool { state.map { ["up", "active", "unknown"].contains($0.lowercased()) } ?? true }
}

package struct ContainerReport: Hashable, Sendable {
    /// "docker", "podman", "kubernetes", "apptainer" ….
    package var engine: String
    package var id: String?
    package var image: String?
    package var pod: String?
    package var podNamespace: String?

    package init(engine: String) { self.engine = engine }
}

/// What a scheduler has given to the agent.
package struct AllocationReport: Hashable, Sendable {
    /// "slurm", "pbs", "lsf", "grid_engine", "flux", "kubernetes".
    package var scheduler: String
    package var jobID: String
    package var step: String?
    package var arrayIndex: String?
    package var queue: String?
    package var cluster: String?

    package init(scheduler: String, jobID: String) {
        self.scheduler = scheduler
        self.jobID = jobID
    }
}
