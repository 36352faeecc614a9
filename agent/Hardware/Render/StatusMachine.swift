import ProtocolMessages
import TextForms

// What is around the devices, for the two forms of the status.

extension MachineReport {
    var json: JSONText.Value {
        .object([
            ("processorProduct", .optional(processorProduct)),
            ("memoryNodes", .list(memoryNodes.map(\.json))), ("hugePages", .list(hugePages.map(\.json))),
            ("fileSystems", .list(fileSystems.map(\.json))), ("interfaces", .list(interfaces.map(\.json))),
            ("container", container.map(\.json)), ("allocation", allocation.map(\.json)),
        ])
    }

    /// One line for each kind; none where there is nothing to say. Interfaces without a speed are left out.
    var lines: [(name: String, text: String)] {
        var lines: [(name: String, text: String)] = []
        func add(_ name: String, _ texts: [String]) {
            if !texts.isEmpty { lines.append((name, texts.joined(separator: ", "))) }
        }
        if memoryNodes.count > 1 {
            add(
                "NUMA",
                memoryNodes.map { "\($0.number): CPU " + ($0.processors.isEmpty ? "-" : $0.processors) })
        }
        add(
            "Huge pages",
            hugePages.filter { ($0.total ?? 0) > 0 }.map { pool in
                let free = pool.free.map { ", \($0) free" } ?? ""
                return "\(pool.total ?? 0) of \(Thousandths.bytes(pool.pageBytes))\(free)"
            })
        for system in fileSystems {
            let size = system.totalBytes.map { ", " + Thousandths.bytes($0) } ?? ""
            let free = system.availableBytes.map { ", \(Thousandths.bytes($0)) available" } ?? ""
            let source = system.source.map { " from \($0)" } ?? ""
            let kind = [system.kind, system.type].compactMap(\.self).joined(separator: " ")
            add(
                lines.contains { $0.name == "Files" } ? "" : "Files",
                [
                    "\(system.purpose) \(system.path): \(kind.isEmpty ? "?" : kind)\(source)\(size)\(free)"
                        + (system.isReadOnly ? ", read-only" : "")
                ])
        }
        add(
            "Network",
            interfaces.compactMap { link in
                link.megabitsPerSecond.map { "\(link.name) \(Thousandths.text(Int64($0))) Gb/s" }
            })
        if let container {
            let names = [container.podNamespace, container.pod].compactMap(\.self).joined(separator: "/")
            let detail = names.isEmpty ? container.id.map { String($0.prefix(12)) } : names
            add("Container", [container.engine + (detail.map { " " + $0 } ?? "")])
        }
        if let allocation {
            let queue = allocation.queue.map { " in \($0)" } ?? ""
            add("Allocation", ["\(allocation.scheduler) \(allocation.jobID)\(queue)"])
        }
        return lines
    }
}

extension MemoryNodeReport {
    fileprivate var json: JSONText.Value {
        .object([
            ("number", .integer(number)), ("processors", .string(processors)),
            ("totalBytes", .optional(totalBytes)),
        ])
    }
}

extension HugePageReport {
    fileprivate var json: JSONText.Value {
        .object([
            ("pageBytes", .integer(pageBytes)), ("total", .optional(total)), ("free", .optional(free)),
        ])
    }
}

extension FileSystemReport {
    fileprivate var json: JSONText.Value {
        .object([
            ("purpose", .string(purpose)), ("path", .string(path)), ("kind", .optional(kind)),
            ("type", .optional(type)), ("source", .optional(source)), ("totalBytes", .optional(totalBytes)),
            ("availableBytes", .optional(availableBytes)), ("isReadOnly", isReadOnly ? .boolean(true) : nil),
        ])
    }
}

extension InterfaceReport {
    fileprivate var json: JSONText.Value {
        .object([
            ("name", .string(name)), ("kind", .string(kind)), ("state", .optional(state)),
            ("megabitsPerSecond", .optional(megabitsPerSecond)),
        ])
    }
}

extension ContainerReport {
    fileprivate var json: JSONText.Value {
        .object([
            ("engine", .string(engine)), ("id", .optional(id)), ("image", .optional(image)),
            ("pod", .optional(pod)), ("podNamespace", .optional(podNamespace)),
        ])
    }
}

extension AllocationReport {
    fileprivate var json: JSONText.Value {
        .object([
            ("scheduler", .string(scheduler)), ("jobID", .string(jobID)), ("step", .optional(step)),
            ("arrayIndex", .optional(arrayIndex)), ("queue", .optional(queue)),
            ("cluster", .optional(cluster)),
        ])
    }
}
