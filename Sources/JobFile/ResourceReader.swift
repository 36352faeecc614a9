import ClusterTypes
import Yams
import YAMLSections

/// The `resources` and `constraints` of a job file.
enum ResourceReader {
    private static let keys = ["cpus", "memory", "disk", "devices", "counted"]

    /// The request, and the others that will do, best first.
    static func read(
        _ top: Section, _ faults: inout FaultList
    ) -> (request: ResourceRequest, alternatives: [ResourceRequest]) {
        guard let section = top.section("resources", keys: keys + ["alternatives"], &faults) else {
            return (ResourceRequest(), [])
        }
        let alternatives = section.sections("alternatives", keys: keys, &faults)
        return (readRequest(section, &faults), alternatives.map { readRequest($0, &faults) })
    }

    private static func readRequest(_ section: Section, _ faults: inout FaultList) -> ResourceRequest {
        var request = ResourceRequest()
        if let milliCPU = section.number("cpus", &faults, Quantity.milliCPU) {
            request.resources.milliCPU = milliCPU
        }
        if let bytes = section.value("memory", &faults, Quantity.bytes) {
            request.resources.memoryBytes = bytes
        }
        if let bytes = section.value("disk", &faults, Quantity.bytes) { request.resources.diskBytes = bytes }
        if section.has("devices") { request.devices = readDevices(section, &faults) }
        for (name, value, _) in section.entries("counted", "{ license.matlab: 1 }", &faults) ?? [] {
            let count = Section.number(value, name: "\(section.name("counted")).\(name)", &faults) {
                text throws(GrammarError) in try CountedResource.count(text)
            }
            if let count { request.counted.append(CountedResource(name, count)) }
        }
        return request
    }

    private static func readDevices(_ resources: Section, _ faults: inout FaultList) -> DeviceRequest? {
        let keys = ["type", "count", "share", "memory_share", "memory", "model"]
        guard let section = resources.section("devices", keys: keys, &faults) else { return nil }
        if section.lacks("type") {
            faults.add("'\(section.path).type' is missing: gpu or npu", at: section.mark)
        }
        var request = DeviceRequest(type: section.choice("type", &faults, of: DeviceType.self) ?? .gpu)
        let count = section.number("count", &faults) { text throws(GrammarError) in
            let count = try Quantity.whole(text, as: UInt32.self)
            guard count >= 1 else {
                throw GrammarError("0 devices; leave 'devices' out, or ask for at least 1")
            }
            return count
        }
        if let count { request.count = count }
        if let shares = section.number("share", &faults, Quantity.shares) { request.shares = shares }
        request.memoryShareBytes = section.value("memory_share", &faults, Quantity.bytes)
        if section.has("share"), section.has("memory_share") {
            faults.add(
                "'\(section.name("memory_share"))' does not go with 'share': give one of them",
                at: section.mark(of: "memory_share"))
        }
        if let bytes = section.value("memory", &faults, Quantity.bytes) { request.memoryBytes = bytes }
        request.model = section.text("model", &faults)
        return request
    }

    /// - Parameter key: `constraints` or `prefer`.
    static func readConstraints(
        _ top: Section, _ key: String, _ faults: inout FaultList
    ) -> [Constraint] {
        let keys = ["arch", "pool", "node", "nodes", "labels", "with", "apart"]
        guard let section = top.section(key, keys: keys, &faults) else { return [] }
        var constraints: [Constraint] = []
        if let architecture = section.choice("arch", &faults, of: Architecture.self) {
            constraints.append(.architecture(architecture))
        }
        if let pool = section.text("pool", &faults) { constraints.append(.pool(pool)) }
        if let node = section.text("node", &faults) { constraints.append(.node(node)) }
        for (text, mark) in section.oneOrMore("nodes", &faults) {
            do throws(GrammarError) {
                constraints.append(try Constraint(checkingNodes: text))
            } catch {
                faults.add("'\(section.name("nodes"))': \(error.message)", at: mark)
            }
        }
        for (name, value, mark) in section.entries("labels", "{ zone: a }", &faults) ?? [] {
            if name.isEmpty { faults.add("'\(section.name("labels"))': a label needs a name", at: mark) }
            let path = "\(section.name("labels")).\(name)"
            if let constraint = readLabel(name, value, path, &faults) { constraints.append(constraint) }
        }
        constraints += section.oneOrMore("with", &faults).map { .with(job: $0.text) }
        constraints += section.oneOrMore("apart", &faults).map { .apart(job: $0.text) }
        return constraints
    }

    /// A value, a list of values, or `present` or `absent`, which in quotes are values.
    private static func readLabel(
        _ key: String, _ value: Node, _ path: String, _ faults: inout FaultList
    ) -> Constraint? {
        switch value {
        case .scalar(let scalar) where scalar.style == .plain && scalar.string == "present":
            return .hasLabel(key)
        case .scalar(let scalar) where scalar.style == .plain && scalar.string == "absent":
            return .lacksLabel(key)
        case .sequence(let items):
            if items.isEmpty { faults.add("'\(path)' is an empty list: no value will do", at: value.mark) }
            let values = items.enumerated().compactMap { position, item in
                Section.text(item, name: "\(path)[\(position)]", &faults)
            }
            return .labelAmong(key: key, values: values)
        default: return Section.text(value, name: path, &faults).map { .label(key: key, value: $0) }
        }
    }
}
