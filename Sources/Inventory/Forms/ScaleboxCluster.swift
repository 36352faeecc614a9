import YAMLSections
import Yams

/// A cluster of a cluster file of Scalebox: specs of machines, and clusters with parameters and hosts.
struct ScaleboxCluster {
    private let cluster: String
    /// Of a variable; nil: it is not defined.
    private let definition: (String) -> String?
    private var specs: [String: DeclaredHardware] = [:]

    private static let parameterLabels = ["default_runtime", "group_id", "slurm_node"]
    private static let usedParameters =
        parameterLabels + ["initial_status", "local_ip_index", "port", "uname"]

    private enum Switch: String, CaseIterable {
        case on = "ON"
        case off = "OFF"
    }

    private enum HostStatus: String, CaseIterable {
        case on = "ON"
        case off = "OFF"
        case ready = "READY"
    }

    /// - Parameter cluster: nil: the only one of the file.
    static func read(
        _ root: Node, cluster: String?, _ builder: inout InventoryBuilder,
        definition: (String) -> String?
    ) {
        var parts: [String: Node] = [:]
        let known = ["version", "label", "specs", "clusters"]
        for (name, value, mark) in Section.entries(of: root, "the file", "clusters: …", &builder.faults) ?? []
        {
            parts[name] = value
            if !known.contains(name) {
                builder.note("'\(name)' says nothing about hosts and is left out", at: Place(mark))
            }
        }
        guard let node = parts["clusters"],
            let clusters = Section.entries(of: node, "'clusters'", "{ main: { … } }", &builder.faults)
        else { return }
        let names = clusters.map(\.name).joined(separator: ", ")
        let chosen = clusters.filter { $0.name == cluster ?? $0.name }
        guard chosen.count == 1, let found = chosen.first else {
            let message =
                clusters.isEmpty
                ? "there are no clusters"
                : cluster.map { "there is no cluster '\($0)'; there are \(names)" }
                    ?? "there are several clusters: choose one of \(names) (--cluster)"
            builder.faults.add(message, at: node.mark)
            return
        }
        withoutActuallyEscaping(definition) { definition in
            var reader = ScaleboxCluster(cluster: found.name, definition: definition)
            if let specs = parts["specs"] { reader.readSpecs(specs, &builder) }
            reader.readCluster(found.value, &builder)
        }
    }

    private init(cluster: String, definition: @escaping (String) -> String?) {
        self.cluster = cluster
        self.definition = definition
    }

    // MARK: Amounts

    private static let amountKeys = ["num_cores", "mem_gb", "total_mem_gb", "disk", "total_disk_tb"]

    private mutating func readSpecs(_ node: Node, _ builder: inout InventoryBuilder) {
        for (name, value, _) in Section.entries(of: node, "'specs'", "{ vm: { … } }", &builder.faults) ?? [] {
            specs[name] = DeclaredHardware()
            let section = Section(
                value, path: "specs.\(name)", keys: Self.amountKeys, faults: &builder.faults)
            if let section { specs[name] = hardware(section, &builder) }
        }
    }

    /// Cores, gigabytes of memory, gigabytes of disk. What has two names is given by one of them.
    private func hardware(_ section: Section, _ builder: inout InventoryBuilder) -> DeclaredHardware {
        var hardware = DeclaredHardware()
        for (key, other) in [("mem_gb", "total_mem_gb"), ("disk", "total_disk_tb")]
        where section.has(key) && section.has(other) {
            builder.faults.add(
                "'\(section.name(key))' and '\(section.name(other))' are the same: give one",
                at: section.mark(of: other))
        }
        func amount(_ key: String, _ unit: String) -> Int64? {
            value(section, key, &builder) { text throws(GrammarError) in
                guard let (_, rest) = Decimal.leading(text), rest.isEmpty else {
                    throw GrammarError("'\(text)' is no number")
                }
                return try Quantity.bytes(text + unit)
            }
        }
        hardware.milliCPU = value(section, "num_cores", &builder, Quantity.milliCPU)
        hardware.memoryBytes = amount("mem_gb", "GB") ?? amount("total_mem_gb", "GB")
        hardware.diskBytes = amount("disk", "GB") ?? amount("total_disk_tb", "TB")
        return hardware
    }

    // MARK: The cluster

    private func readCluster(_ node: Node, _ builder: inout InventoryBuilder) {
        let keys = ["parameters", "hosts", "total_resources", "label", "status", "comment", "memo"]
        let path = "clusters.\(cluster)"
        guard let section = Section(node, path: path, keys: keys, faults: &builder.faults) else { return }
        if choice(section, "status", Switch.self, &builder) == .off {
            builder.note("the cluster '\(cluster)' is OFF", at: Place(section.mark(of: "status")))
        }
        if let total = section.section("total_resources", keys: Self.amountKeys, &builder.faults) {
            _ = hardware(total, &builder)
        }
        let parameters = Parameters(section, &builder)
        _ = parameter(parameters, "initial_status", &builder) { text throws(GrammarError) in
            try chosen(text, of: Switch.self)
        }
        guard let hosts = section.entries("hosts", "{ n-00: { ip_addr: 10.0.0.5 } }", &builder.faults),
            !hosts.isEmpty
        else {
            if section.lacks("hosts") || section.node("hosts")?.mapping?.isEmpty == true {
                builder.faults.add(
                    "the cluster '\(cluster)' has no hosts: its nodes come from a scheduler. Describe a pool with the "
                        + "launcher slurm or kubernetes instead", at: section.mark)
            }
            return
        }
        for (name, value, mark) in hosts {
            readHost(name, value, Place(mark), parameters, &builder)
        }
    }

    private func readHost(
        _ given: String, _ node: Node, _ place: Place, _ common: Parameters,
        _ builder: inout InventoryBuilder
    ) {
        let keys = [
            "ip_addr", "role", "spec", "uname", "port", "parameters", "label", "status", "comment", "memo",
        ]
        let path = "clusters.\(cluster).hosts.\(given)"
        guard let section = Section(node, path: path, keys: keys, faults: &builder.faults) else { return }
        // `n-00.main` is n-00 of the cluster main.
        let suffix = ".\(cluster)"
        let name = given.hasSuffix(suffix) ? String(given.dropLast(suffix.count)) : given
        var host = InventoryHost(name)
        let own = Parameters(section, &builder)
        host.address = value(section, "ip_addr", &builder) { text throws(GrammarError) in text }
        if section.lacks("ip_addr") { builder.fault("the host '\(name)' has no ip_addr", at: place) }
        host.role =
            section.has("role") ? choice(section, "role", InventoryHost.Role.self, &builder) : .compute
        readSpec(section, &host, &builder)
        host.user = setting("uname", section, own, common, &builder) { text throws(GrammarError) in text }
        host.port = setting("port", section, own, common, &builder) { text throws(GrammarError) in
            UInt16(try Quantity.whole(text, in: 1...65_535))
        }
        let index = setting("local_ip_index", nil, own, common, &builder) { text throws(GrammarError) in
            try Quantity.whole(text, in: 1...1_000)
        }
        if let index { host.environment["MORTISE_LOCAL_IP_INDEX"] = "\(index)" }
        for key in Self.parameterLabels {
            let text = setting(key, nil, own, common, &builder) { text throws(GrammarError) in text }
            if let text { host.labels[key] = text }
        }
        if choice(section, "status", HostStatus.self, &builder) == .off {
            builder.note("the host '\(name)' is OFF and is left out", at: place)
            return
        }
        builder.add(host, at: place)
    }

    private func readSpec(
        _ section: Section, _ host: inout InventoryHost, _ builder: inout InventoryBuilder
    ) {
        guard let name = value(section, "spec", &builder, { text throws(GrammarError) in text }) else {
            return
        }
        if let hardware = specs[name] {
            host.hardware = hardware
            return
        }
        let known = specs.keys.sorted()
        let advice =
            known.isEmpty
            ? "there are no specs"
            : Suggestion.nearest(to: name, among: known).map { "did you mean '\($0)'?" }
                ?? "there are \(known.joined(separator: ", "))"
        builder.faults.add(
            "'\(section.name("spec"))': there is no spec '\(name)'; \(advice)", at: section.mark(of: "spec"))
    }

    // MARK: Parameters and values

    /// Those of a cluster or of one host; what means nothing here is noted.
    private struct Parameters {
        let path: String
        private(set) var values: [String: Node] = [:]

        init(_ owner: Section, _ builder: inout InventoryBuilder) {
            path = owner.name("parameters")
            var others: [String] = []
            for (name, value, _) in owner.entries("parameters", "{ port: 22 }", &builder.faults) ?? [] {
                if ScaleboxCluster.usedParameters.contains(name) {
                    values[name] = value
                } else {
                    others.append(name)
                }
            }
            if !others.isEmpty {
                builder.note(
                    "'\(path)': \(others.joined(separator: ", ")) mean nothing to a host of Mortise and are left out",
                    at: Place(owner.mark(of: "parameters")))
            }
        }
    }

    /// A parameter of the host wins over the host's key, and that over a parameter of the cluster.
    private func setting<Value>(
        _ key: String, _ section: Section?, _ own: Parameters, _ common: Parameters,
        _ builder: inout InventoryBuilder, _ parse: (String) throws(GrammarError) -> Value
    ) -> Value? {
        if own.values[key] != nil { return parameter(own, key, &builder, parse) }
        if let section, section.has(key) { return value(section, key, &builder, parse) }
        return parameter(common, key, &builder, parse)
    }

    private func parameter<Value>(
        _ parameters: Parameters, _ key: String, _ builder: inout InventoryBuilder,
        _ parse: (String) throws(GrammarError) -> Value
    ) -> Value? {
        parameters.values[key].flatMap { value($0, "\(parameters.path).\(key)", &builder, parse) }
    }

    private func choice<Choice: RawRepresentable & CaseIterable>(
        _ section: Section, _ key: String, _ type: Choice.Type, _ builder: inout InventoryBuilder
    ) -> Choice? where Choice.RawValue == String {
        value(section, key, &builder) { text throws(GrammarError) in try chosen(text, of: type) }
    }

    private func value<Value>(
        _ section: Section, _ key: String, _ builder: inout InventoryBuilder,
        _ parse: (String) throws(GrammarError) -> Value
    ) -> Value? {
        section.node(key).flatMap { value($0, section.name(key), &builder, parse) }
    }

    /// Numbers may have quotes: what stands there is often a variable.
    private func value<Value>(
        _ node: Node, _ name: String, _ builder: inout InventoryBuilder,
        _ parse: (String) throws(GrammarError) -> Value
    ) -> Value? {
        Section.value(node, name: name, &builder.faults) { text throws(GrammarError) in
            try parse(try Definitions.expand(text, definition))
        }
    }
}
