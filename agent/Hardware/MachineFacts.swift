/// What the agent knows of its machine beside what the report holds: where it runs, and what is around it.
/// nil is "the system does not say".
package struct MachineFacts: Hashable, Sendable {
    /// What the maker calls the processor, where its core alone has another name: "AWS Graviton3".
    package var processorProduct: String?
    package var memoryNodes: [MemoryNode] = []
    package var limits = ControlGroupFacts()
    /// Every size that the kernel knows, the smallest first.
    package var hugePages: [HugePagePool] = []
    /// The work directory, the one for temporary files, and `/dev/shm`.
    package var directories: [DirectoryFacts] = []
    /// File systems that other machines serve, at most `sharedLimit`.
    package var sharedMounts: [SharedMount] = []
    package var interfaces: [NetworkInterface] = []
    package var infiniBandPorts: [InfiniBandPort] = []
    package var kernel: String
    package var operatingSystem: String
    /// nil outside of any container.
    package var container: ContainerFacts?
    /// nil outside of any allocation.
    package var allocation: Allocation?

    package static let sharedLimit = 64
    package static let interfaceLimit = 256

    package init(kernel: String, operatingSystem: String) {
        self.kernel = kernel
        self.operatingSystem = operatingSystem
    }
}

/// The limits that control groups and affinity set, level by level.
package struct ControlGroupFacts: Hashable, Sendable {
    /// nil where the system has no control groups.
    package var version: ControlGroups.Version?
    /// Numbers of the logical processors that the process may use; nil where nothing tells.
    package var processors: [Int]?
    /// The tightest quota, in 1/1000 of a processor.
    package var milliCPU: Int64?
    /// The tightest memory limit.
    package var memoryBytes: Int64?
    /// Those that set a limit, from the process's own group upwards; v2 before v1.
    package var levels: [Level] = []

    /// One directory with a limit of its own; nil is "none here".
    package struct Level: Hashable, Sendable {
        package var path: String
        package var milliCPU: Int64?
        package var processors: Int?
        package var memoryBytes: Int64?
        /// Above it the kernel slows the processes down and takes memory back (v2 `memory.high`).
        package var memoryThrottleBytes: Int64?
        package var memoryUsedBytes: Int64?
        /// Swap that may be used (v2 `memory.swap.max`).
        package var swapBytes: Int64?

        package init(path: String) { self.path = path }

        var isLimit: Bool {
            milliCPU != nil || processors != nil || memoryBytes != nil || memoryThrottleBytes != nil
                || swapBytes != nil
        }
    }

    package init() {}
}

/// A directory that work needs, and the file system under it.
package struct DirectoryFacts: Hashable, Sendable {
    package enum Purpose: String, Hashable, Sendable, CaseIterable {
        case work, temporary = "tmp", sharedMemory = "shm"
    }

    package var purpose: Purpose
    package var path: String
    /// As in `FileSystemKind.name`; nil where the table of mounts does not tell.
    package var kind: String?
    /// The kernel's word for it: "xfs", "nfs4".
    package var type: String?
    /// nil where nobody answered in time.
    package var totalBytes: Int64?
    /// Free for a user without privileges.
    package var availableBytes: Int64?
    package var isReadOnly = false

    package init(purpose: Purpose, path: String) {
        self.purpose = purpose
        self.path = path
    }
}

/// A file system of other machines. Its size is not asked: the server may be dead.
package struct SharedMount: Hashable, Sendable {
    package var path: String
    /// "nfs", "lustre", "gpfs", "beegfs", "cephfs" ….
    package var kind: String
    /// The kernel's word for it: "nfs4".
    package var type: String
    /// "server:/export", without credentials.
    package var source: String

    package init(path: String, kind: String, type: String, source: String) {
        self.path = path
        self.kind = kind
        self.type = type
        self.source = source
    }
}
