package import ProtocolMessages

extension MachineFacts {
    /// What a hardware report holds of it.
    package var report: MachineReport {
        var report = MachineReport()
        report.processorProduct = processorProduct
        report.memoryNodes = memoryNodes.compactMap { node in
            UInt32(exactly: node.number).map {
                MemoryNodeReport(
                    number: $0, processors: Self.list(node.processors), totalBytes: node.totalBytes)
            }
        }
        report.hugePages = hugePages.map {
            HugePageReport(pageBytes: $0.pageBytes, total: $0.total, free: $0.free)
        }
        report.fileSystems = directories.map(\.report) + sharedMounts.map(\.report)
        report.interfaces =
            interfaces.filter { $0.kind != .loopback && $0.kind != .virtual }.map(\.report)
            + infiniBandPorts.map(\.report)
        if let container {
            var shown = ContainerReport(engine: container.engine)
            shown.id = container.id
            shown.image = container.image
            shown.pod = container.podName
            shown.podNamespace = container.podNamespace
            report.container = shown
        }
        if let allocation {
            var shown = AllocationReport(scheduler: allocation.scheduler.rawValue, jobID: allocation.jobID)
            shown.step = allocation.step
            shown.arrayIndex = allocation.arrayIndex
            shown.queue = allocation.queue
            shown.cluster = allocation.cluster
            report.allocation = shown
        }
        return report
    }

    /// As the kernel writes it: "0-15,32-47".
    static func list(_ numbers: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for number in numbers.sorted() {
            if let last = ranges.last, number <= last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, number)
            } else {
                ranges.append(number...number)
            }
        }
        return ranges.map {
            $0.count == 1 ? String($0.lowerBound) : "\($0.lowerBound)-\($0.upperBound)"
        }.joined(separator: ",")
    }
}

extension DirectoryFacts {
    fileprivate var report: FileSystemReport {
        var report = FileSystemReport(purpose: purpose.rawValue, path: path)
        report.kind = kind
        report.type = type
        report.totalBytes = totalBytes
        report.availableBytes = availableBytes
        report.isReadOnly = isReadOnly
        return report
    }
}

extension SharedMount {
    fileprivate var report: FileSystemReport {
        var report = FileSystemReport(purpose: "shared", path: path)
        report.kind = kind
        report.type = type
        report.source = source
        return report
    }
}

extension NetworkInterface {
    fileprivate var report: InterfaceReport {
        InterfaceReport(name: name, kind: kind.rawValue, state: state, megabitsPerSecond: megabitsPerSecond)
    }
}

extension InfiniBandPort {
    fileprivate var report: InterfaceReport {
        InterfaceReport(
            name: "\(device)/\(port)", kind: linkLayer?.lowercased() ?? "infiniband", state: state,
            megabitsPerSecond: megabitsPerSecond)
    }
}
