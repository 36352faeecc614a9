import ClusterTypes

/// The forms in which inventories are written.
package enum InventoryOutput: String, Sendable, CaseIterable {
    /// Lines for `/etc/hosts`.
    case hosts
    /// `NodeName=` lines for `slurm.conf`.
    case slurm
    /// Ansible's YAML.
    case ansible
    /// Mortise's own.
    case yaml
}

/// Writes inventories. What a form has no word for is left out: docs/inventory.md says what each carries.
package enum InventoryWriter {
    /// - Parameter domain: beside each name in lines of `/etc/hosts`: `c1.example.org c1`.
    /// - Returns: the text, and what of it should be known.
    package static func write(
        _ inventory: HostInventory, as output: InventoryOutput, domain: String? = nil
    ) -> (text: String, notes: [String]) {
        switch output {
        case .hosts: HostsBlock.write(inventory, domain: domain)
        case .slurm: (inventory.hosts.map { slurm($0) + "\n" }.joined(), [])
        case .ansible: (ansible(inventory), [])
        case .yaml: (own(inventory), [])
        }
    }

    // MARK: YAML

    private static func own(_ inventory: HostInventory) -> String {
        if inventory.hosts.isEmpty { return "hosts: {}\n" }
        return inventory.hosts.reduce(into: "hosts:\n") { text, host in
            text += lines(
                host.name,
                connection(host, ["address", "user", "port"])
                    + (host.groups.isEmpty ? [] : [("groups", list(host.groups))])
                    + properties(host, prefix: ""))
        }
    }

    private static func ansible(_ inventory: HostInventory) -> String {
        var text = "all:\n  hosts:" + (inventory.hosts.isEmpty ? " {}\n" : "\n")
        for host in inventory.hosts {
            let values =
                connection(host, ["ansible_host", "ansible_user", "ansible_port"])
                + properties(host, prefix: "mortise_")
            text += lines(host.name, values, indent: "    ")
        }
        let groups = Set(inventory.hosts.flatMap(\.groups)).sorted()
        if !groups.isEmpty { text += "  children:\n" }
        var members: [String: [String]] = [:]
        for host in inventory.hosts {
            for group in host.groups { members[group, default: []].append(host.name) }
        }
        for group in groups {
            text += "    \(YAMLScalar.text(group)):\n      hosts:\n"
            for name in members[group] ?? [] { text += "        \(YAMLScalar.text(name)): {}\n" }
        }
        return text
    }

    private static func lines(
        _ name: String, _ values: [(key: String, text: String)], indent: String = "  "
    ) -> String {
        let key = indent + YAMLScalar.text(name) + ":"
        if values.isEmpty { return key + " {}\n" }
        return values.reduce(into: key + "\n") { $0 += "\(indent)  \($1.key): \($1.text)\n" }
    }

    /// - Parameter keys: of address, user and port.
    private static func connection(_ host: InventoryHost, _ keys: [String]) -> [(key: String, text: String)] {
        let texts = [
            host.address.map(YAMLScalar.text), host.user.map(YAMLScalar.text), host.port.map { "\($0)" },
        ]
        return zip(keys, texts).compactMap { key, text in text.map { (key, $0) } }
    }

    private static func properties(
        _ host: InventoryHost, prefix: String
    ) -> [(key: String, text: String)] {
        var values: [(key: String, text: String)] = []
        if let role = host.role { values.append(("role", role.rawValue)) }
        if !host.labels.isEmpty { values.append(("labels", mapping(host.labels))) }
        if !host.environment.isEmpty { values.append(("environment", mapping(host.environment))) }
        let hardware = host.hardware
        if let count = hardware.milliCPU { values.append(("cpus", Amount.thousandths(count))) }
        if let bytes = hardware.memoryBytes { values.append(("memory", Amount.bytes(bytes))) }
        if let bytes = hardware.diskBytes { values.append(("disk", Amount.bytes(bytes))) }
        let devices = hardware.devices.map(devices)
        if devices.count == 1 { values.append(("devices", devices[0])) }
        if devices.count > 1 { values.append(("devices", "[\(devices.joined(separator: ", "))]")) }
        return values.map { (prefix + $0.key, $0.text) }
    }

    private static func devices(_ devices: DeclaredHardware.Devices) -> String {
        var parts = ["type: \(devices.type.rawValue)", "count: \(devices.count)"]
        if let model = devices.model { parts.append("model: \(YAMLScalar.text(model))") }
        if let vendor = devices.vendor { parts.append("vendor: \(YAMLScalar.text(vendor))") }
        if let bytes = devices.memoryBytes { parts.append("memory: \(Amount.bytes(bytes))") }
        return "{ \(parts.joined(separator: ", ")) }"
    }

    private static func list(_ texts: [String]) -> String {
        "[\(texts.map(YAMLScalar.text).joined(separator: ", "))]"
    }

    private static func mapping(_ words: [String: String]) -> String {
        let pairs = words.sorted { $0.key < $1.key }.map {
            "\(YAMLScalar.text($0.key)): \(YAMLScalar.text($0.value))"
        }
        return "{ \(pairs.joined(separator: ", ")) }"
    }

    // MARK: Slurm

    private static func slurm(_ host: InventoryHost) -> String {
        var words = ["NodeName=\(host.name)"]
        if let address = host.address, address != host.name { words.append("NodeAddr=\(address)") }
        let hardware = host.hardware
        if let count = hardware.milliCPU, count >= 1_000 { words.append("CPUs=\(count / 1_000)") }
        if let bytes = hardware.memoryBytes, bytes >= 1 << 20 { words.append("RealMemory=\(bytes >> 20)") }
        if let bytes = hardware.diskBytes, bytes >= 1 << 20 { words.append("TmpDisk=\(bytes >> 20)") }
        let devices = hardware.devices.map { devices in
            let model = devices.model.map { ":" + gresModel($0) } ?? ""
            return "\(devices.type.rawValue)\(model):\(devices.count)"
        }
        if !devices.isEmpty { words.append("Gres=\(devices.joined(separator: ","))") }
        // Features are names without values.
        let features = host.labels.filter { $0.value == "true" && HostCheck.isName($0.key) }.keys.sorted()
        if !features.isEmpty { words.append("Feature=\(features.joined(separator: ","))") }
        return (words + ["State=UNKNOWN"]).joined(separator: " ")
    }

    /// `NVIDIA A100` is `nvidia_a100`: Slurm takes letters, digits and `_ -` of a type. One that is all digits would be a
    /// number of devices.
    static func gresModel(_ model: String) -> String {
        let word = String(
            model.lowercased().map { character in
                character.isASCII && (character.isLetter || character.isNumber || character == "-")
                    ? character : "_"
            })
        return word.isEmpty || Int(word) != nil ? "_" + word : word
    }
}

/// Amounts, written exactly.
enum Amount {
    private static let units: [(name: String, scale: Int64)] = [
        ("TB", 1_000_000_000_000), ("TiB", 1 << 40), ("GB", 1_000_000_000), ("GiB", 1 << 30),
        ("MB", 1_000_000), ("MiB", 1 << 20), ("KB", 1_000), ("KiB", 1 << 10),
    ]

    /// The unit with the smallest number: `16GB`, `64GiB`.
    static func bytes(_ count: Int64) -> String {
        let exact = units.filter { count != 0 && count % $0.scale == 0 }
        guard let unit = exact.min(by: { count / $0.scale < count / $1.scale }) else { return "\(count)B" }
        return "\(count / unit.scale)\(unit.name)"
    }

    /// 1500 is `1.5`.
    static func thousandths(_ count: Int64) -> String {
        var fraction = String("\(1_000 + count % 1_000)".dropFirst())
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(count / 1_000)" + (fraction.isEmpty ? "" : ".\(fraction)")
    }
}
