import ClusterTypes
import CoordinatorCore
import ProtocolMessages

extension JobSpecification {
    static func sample(_ kind: JobKind = .tasks) -> JobSpecification {
        JobSpecification(app: "app", job: "job", kind: kind, command: .argv(["true"]))
    }

    static func array(_ first: TaskIndex, _ last: TaskIndex, step: UInt32 = 1) -> JobSpecification {
        var specification = sample()
        specification.array = TaskArray(first: first, last: last, step: step)
        return specification
    }
}

extension JobRecord {
    /// A job whose tasks are all ready.
    static func sample(
        _ number: UInt64 = 1, _ specification: JobSpecification = .sample(), tasks: UInt32 = 0
    ) -> JobRecord {
        let count = specification.array.map { UInt32($0.count) } ?? tasks
        return JobRecord(
            job: JobID(number), specification: specification, taskCount: count,
            counts: TaskCounts(ready: count), submitter: "otto", submittedAt: .epoch)
    }
}

extension NodeRecord {
    static func sample(_ number: UInt64, name: String? = nil, state: NodeState = .ready) -> NodeRecord {
        NodeRecord(
            node: NodeID(number), name: name ?? "node-\(number)", pool: "main", state: state, since: .epoch,
            capacity: NodeCapacity(
                resources: Resources(milliCPU: 4_000, memoryBytes: 1 << 30),
                devices: [DeviceCapacity(type: .gpu, model: "H100", memoryBytes: 80 << 30)]),
            keyFingerprint: "f\(number)", enrolledAt: .epoch)
    }
}

extension SlotRecord {
    static func sample(
        _ number: UInt64, job: UInt64 = 1, node: UInt64? = nil, state: SlotState = .running,
        tasks: [TaskAttempt] = []
    ) -> SlotRecord {
        SlotRecord(
            slot: SlotID(number), generation: Generation(1), job: JobID(job), state: state,
            node: node.map { NodeID($0) }, tasks: tasks, createdAt: .epoch, since: .epoch)
    }
}

extension HardwareReport {
    /// With a value in every property.
    static let sample = HardwareReport(
        hostname: "n1", architecture: .arm64, operatingSystem: "Debian", kernel: "6.1",
        processor: ProcessorReport(model: "X", sockets: 2, cores: 64, threads: 128, usableMilliCPU: 128_000),
        memory: MemoryReport(totalBytes: 8, limitBytes: 4, availableBytes: 2),
        disk: DiskReport(path: "/work", totalBytes: 10, availableBytes: 5),
        devices: [
            DeviceReport(
                type: .npu, vendor: "huawei", model: "910B", index: 1, chip: 0, visibleID: "1", uuid: "u",
                busID: "b", memoryTotalBytes: 64, memoryUsedBytes: 1, utilizationPercent: 3,
                temperatureCelsius: 40, powerMilliwatts: 90_500, driverVersion: "24", health: .warning,
                reason: "hot")
        ],
        tools: [
            ToolReport(name: "nvidia-smi", state: .missing),
            ToolReport(name: "npu-smi", state: .timedOut, message: "10 s"),
        ],
        address: AddressReport(
            local: "10.0.0.1", advertised: "1.2.3.4", rule: "route", explanation: ["taken"]),
        container: "docker")
}
