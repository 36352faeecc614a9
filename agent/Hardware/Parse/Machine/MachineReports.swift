import ClusterTypes
import ProtocolMessages

// What was read, as a hardware report says it.

extension MemoryNode {
    var report: MemoryNodeReport? {
        UInt32(exactly: number).map {
            MemoryNodeReport(number: $0, processors: ProcessorList.text(processors), totalBytes: totalBytes)
        }
    }
}

extension HugePagePool {
    var report: HugePageReport { HugePageReport(pageBytes: pageBytes, total: total, free: free) }
}

extension NetworkInterface {
    var report: InterfaceReport {
        InterfaceReport(name: name, kind: kind.rawValue, state: state, megabitsPerSecond: megabitsPerSecond)
    }
}

extension InfiniBandPort {
    var report: InterfaceReport {
        InterfaceReport(
            name: "\(device)/\(port)", kind: linkLayer?.lowercased() ?? "infiniband", state: state,
            megabitsPerSecond: megabitsPerSecond)
    }
}

extension ContainerFacts {
    var report: ContainerReport {
        var report = ContainerReport(engine: engine)
        report.id = id
        report.image = image
        report.pod = podName
        report.podNamespace = podNamespace
        return report
    }
}

extension Allocation {
    var report: AllocationReport {
        var report = AllocationReport(scheduler: scheduler.rawValue, jobID: jobID)
        report.step = step
        report.arrayIndex = arrayIndex
        report.queue = queue
        report.cluster = cluster
        return report
    }
}
