import ClusterTypes

/// The `resources` and `constraints` of a job file.
enum ResourceReader {
    static func read(_ top: Section, _ faults: inout FaultList) -> ResourceRequest {
        var request = ResourceRequest()
        let keys = ["cpus", "memory", "disk", "devices"]
        guard let section = top.section("resources", keys: keys, &faults) else { return request }
        if let milliCPU = section.number("cpus", &faults, Quantity.milliCPU) {
            request.resources.milliCPU = milliCPU
        }
        if let bytes = section.value("memory", &faults, Quantity.bytes) {
            request.resources.memoryBytes = bytes
        }
        if let bytes = section.value("disk", &faults, Quantity.bytes) { request.resources.diskBytes = bytes }
        if section.has("devices") { request.devices = readDevices(section, &faults) }
        return request
    }

    private static func readDevices(_ resources: Section, _ faults: inout FaultList) -> DeviceRequest? {
        let keys = ["type", "count", "share", "memory", "model"]
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
        if let bytes = section.value("memory", &faults, Quantity.bytes) { request.memoryBytes = bytes }
        request.model = section.text("model", &faults)
        return request
    }

    static func readConstraints(_ top: Section, _ faults: inout FaultList) -> [Constraint] {
        let keys = ["arch", "pool", "node", "labels"]
        guard let section = top.section("constraints", keys: keys, &faults) else { return [] }
        var constraints: [Constraint] = []
        if let architecture = section.choice("arch", &faults, of: Architecture.self) {
            constraints.append(.architecture(architecture))
        }
        if let pool = section.text("pool", &faults) { constraints.append(.pool(pool)) }
        if let node = section.text("node", &faults) { constraints.append(.node(node)) }
        for (key, value, mark) in section.dictionary("labels", &faults) ?? [] {
            if key.isEmpty { faults.add("'\(section.name("labels"))': a label needs a name", at: mark) }
            constraints.append(.label(key: key, value: value))
        }
        return constraints
    }
}
