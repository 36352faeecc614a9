import YAMLSections
import Yams

/// `hosts.json` of st-kilda-pier: names with `ipv4`, `labels` and `groups` (`roles` in later versions).
enum StKildaPierHosts {
    static func read(_ root: Node, _ builder: inout InventoryBuilder) {
        let example = "{ \"c01\": { \"ipv4\": \"10.0.0.4\" } }"
        for (name, value, mark) in Section.entries(of: root, "the file", example, &builder.faults) ?? [] {
            let keys = ["ipv4", "labels", "groups", "roles"]
            guard let section = Section(value, path: name, keys: keys, faults: &builder.faults) else {
                continue
            }
            var host = InventoryHost(name, address: section.text("ipv4", &builder.faults))
            if section.lacks("ipv4") {
                builder.fault("the host '\(name)' has no ipv4", at: Place(mark))
            } else if let address = host.address, address.contains(":") || !HostCheck.isAddress(address) {
                builder.faults.add(
                    "'\(name).ipv4': '\(address)' is no IPv4 address", at: section.mark(of: "ipv4"))
                host.address = nil
            }
            let groups = section.oneOrMore("groups", &builder.faults)
            let roles = section.oneOrMore("roles", &builder.faults)
            host.groups = Set((groups + roles).map(\.text)).sorted()
            readLabels(section, &host, &builder)
            builder.add(host, at: Place(mark))
        }
    }

    /// An array of objects, or one object.
    private static func readLabels(
        _ section: Section, _ host: inout InventoryHost, _ builder: inout InventoryBuilder
    ) {
        guard let node = section.node("labels") else { return }
        var nodes = [node]
        if case .sequence(let items) = node { nodes = Array(items) }
        let name = section.name("labels")
        for node in nodes {
            let example = "{ \"registry\": \"enable\" }"
            for (key, value, mark) in Section.entries(of: node, "'\(name)'", example, &builder.faults) ?? [] {
                guard let text = Section.text(value, name: "\(name).\(key)", &builder.faults) else {
                    continue
                }
                if let before = host.labels[key], before != text {
                    builder.fault("'\(name)': '\(key)' is '\(before)' and '\(text)'", at: Place(mark))
                }
                host.labels[key] = text
            }
        }
    }
}

/// `hosts.json` of the Hybrid Cloud scripts: addresses with names. There are never more nodes than entries.
enum HybridCloudHosts {
    static func read(_ root: Node, _ builder: inout InventoryBuilder) {
        let example = "{ \"172.30.2.101\": \"c1\" }"
        let entries = Section.entries(of: root, "the file", example, &builder.faults) ?? []
        for (address, value, mark) in entries {
            guard let name = Section.text(value, name: address, &builder.faults) else { continue }
            if !HostCheck.isAddress(address) {
                builder.fault("'\(address)' is no address", at: Place(mark))
            } else {
                builder.add(InventoryHost(name, address: address), at: Place(mark))
            }
        }
        if !entries.isEmpty {
            builder.notes.add(
                "the number of entries was the limit of nodes: give the pool nodes: { max: \(entries.count) }",
                line: nil)
        }
    }
}
