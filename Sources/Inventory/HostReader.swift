import ClusterTypes
package import YAMLSections
package import Yams

/// A host as Mortise writes it: in its own inventories, and in pool files.
package enum HostReader {
    package static let keys = [
        "address", "user", "port", "role", "groups", "labels", "environment", "cpus", "memory", "disk",
        "devices",
    ]

    /// - Parameter path: of the host in the file, for messages.
    /// - Returns: nil where it is no mapping, or has an unknown key or value; that is said.
    package static func read(
        _ name: String, _ node: Node, path: String, _ faults: inout FaultList
    ) -> InventoryHost? {
        var host = InventoryHost(name)
        // `node1:` alone is a host that ssh knows by its name.
        if case .scalar(let scalar) = node, scalar.string.isEmpty { return host }
        guard let section = Section(node, path: path, keys: keys, faults: &faults) else { return nil }
        host.address = section.text("address", &faults)
        host.user = section.text("user", &faults)
        host.port = section.whole("port", in: 1...65_535, &faults).map { UInt16($0) }
        host.role = section.choice("role", &faults, of: InventoryHost.Role.self)
        host.groups = Set(section.texts("groups", &faults) ?? []).sorted()
        host.labels = words(section, "labels", &faults)
        host.environment = words(section, "environment", &faults)
        host.hardware.milliCPU = section.number("cpus", &faults, Quantity.milliCPU)
        host.hardware.memoryBytes = section.value("memory", &faults, Quantity.bytes)
        host.hardware.diskBytes = section.value("disk", &faults, Quantity.bytes)
        host.hardware.devices = devices(section, &faults)
        return host
    }

    private static func words(
        _ section: Section, _ key: String, _ faults: inout FaultList
    ) -> [String: String] {
        var words: [String: String] = [:]
        for (name, value, _) in section.dictionary(key, &faults) ?? [] { words[name] = value }
        return words
    }

    /// One kind of device, or a list of kinds.
    private static func devices(
        _ host: Section, _ faults: inout FaultList
    ) -> [DeclaredHardware.Devices] {
        let keys = ["type", "count", "model", "vendor", "memory"]
        let sections: [Section]
        if case .sequence = host.node("devices") {
            sections = host.sections("devices", keys: keys, &faults)
        } else {
            sections = [host.section("devices", keys: keys, &faults)].compactMap(\.self)
        }
        return sections.map { section in
            for key in ["type", "count"] where section.lacks(key) {
                faults.add("'\(section.name(key))' is missing", at: section.mark)
            }
            var devices = DeclaredHardware.Devices(
                type: section.choice("type", &faults, of: DeviceType.self) ?? .gpu,
                count: section.whole("count", in: 1...128, &faults) ?? 1,
                model: section.text("model", &faults))
            devices.vendor = section.text("vendor", &faults)
            devices.memoryBytes = section.value("memory", &faults, Quantity.bytes)
            return devices
        }
    }
}

/// Mortise's own form: `hosts: { c1: { address: 10.0.0.5 } }`.
enum OwnForm {
    static func read(_ root: Node, _ builder: inout InventoryBuilder) {
        guard let top = Section(root, path: "", keys: ["hosts"], faults: &builder.faults) else { return }
        if top.lacks("hosts") { builder.faults.add("'hosts' is missing", at: top.mark) }
        for (name, value, mark) in top.entries("hosts", "{ c1: { address: 10.0.0.5 } }", &builder.faults)
            ?? []
        {
            let host = HostReader.read(name, value, path: "hosts.\(name)", &builder.faults)
            if let host { builder.add(host, at: Place(mark)) }
        }
    }
}
