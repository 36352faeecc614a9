import TextForms
import YAMLSections
import Yams

/// Ansible's YAML: groups by their names, each with `hosts`, `vars` and `children`.
enum AnsibleYAML {
    private static let keys = ["hosts", "vars", "children"]

    static func read(_ root: Node, _ builder: inout InventoryBuilder) {
        var inventory = AnsibleInventory(hasPlaces: true)
        for (name, value, _) in Section.entries(of: root, "the file", "all: { hosts: … }", &builder.faults)
            ?? []
        {
            readGroup(name, value, in: nil, path: name, &inventory, &builder)
        }
        inventory.finish(&builder)
    }

    /// As deep as the file, of which the parser of YAML has a limit.
    private static func readGroup(
        _ name: String, _ node: Node, in parent: String?, path: String, _ inventory: inout AnsibleInventory,
        _ builder: inout InventoryBuilder
    ) {
        inventory.addGroup(name, in: parent)
        if isEmpty(node) { return }
        guard let section = Section(node, path: path, keys: keys, faults: &builder.faults) else { return }
        if let hosts = section.node("hosts"), !isEmpty(hosts) {
            for (host, value, mark) in section.entries("hosts", "{ c1: }", &builder.faults) ?? [] {
                let variables = isEmpty(value) ? [:] : variables(value, "\(path).hosts.\(host)", &builder)
                inventory.addHosts(host, in: name, variables, at: Place(mark), &builder)
            }
        }
        if let values = section.node("vars"), !isEmpty(values) {
            for (key, value) in variables(values, section.name("vars"), &builder) {
                inventory.setVariable(key, value, of: name)
            }
        }
        if let children = section.node("children"), !isEmpty(children) {
            for (child, value, _) in section.entries("children", "{ worker: }", &builder.faults) ?? [] {
                let inner = "\(path).children.\(child)"
                readGroup(child, value, in: name, path: inner, &inventory, &builder)
            }
        }
    }

    private static func variables(
        _ node: Node, _ path: String, _ builder: inout InventoryBuilder
    ) -> [String: Node] {
        var variables: [String: Node] = [:]
        let entries = Section.entries(of: node, "'\(path)'", "{ ansible_user: alice }", &builder.faults)
        for (name, value, _) in entries ?? [] { variables[name] = value }
        return variables
    }

    private static func isEmpty(_ node: Node) -> Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain else { return false }
        return ["", "~", "null"].contains(scalar.string)
    }
}

/// Ansible's INI: `[group]` with hosts, `[group:vars]` with variables, `[group:children]` with groups.
enum AnsibleINI {
    private enum Kind: String {
        case hosts, vars, children
    }

    static func read(_ text: String, _ builder: inout InventoryBuilder) {
        var inventory = AnsibleInventory(hasPlaces: false)
        var group = "ungrouped"
        var kind: Kind? = .hosts
        for (offset, line) in Scan.lines(text).enumerated() {
            let line = line.trimmingBlanks()
            let place = Place(line: offset + 1)
            if line.isEmpty || line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if line.hasPrefix("[") {
                kind = nil
                guard let (name, section) = header(line) else {
                    builder.fault(
                        "'\(line)' is no section; there are [GROUP], [GROUP:vars] and [GROUP:children]",
                        at: place)
                    continue
                }
                group = name
                kind = section
                inventory.addGroup(group)
                continue
            }
            switch kind {
            case .hosts: readHost(line, in: group, place, &inventory, &builder)
            case .children: inventory.addGroup(String(line.prefix { $0 != "#" }).trimmingBlanks(), in: group)
            case .vars:
                guard let (name, value) = QuotedWords.pair(line) else {
                    builder.fault("'\(line)' is no NAME=VALUE", at: place)
                    continue
                }
                let words = QuotedWords.split(value.trimmingBlanks())
                let text = words?.count == 1 ? words?.first ?? "" : value.trimmingBlanks()
                let key = name.trimmingBlanks()
                inventory.setVariable(key, node(text, of: key), of: group)
            case nil: break
            }
        }
        inventory.finish(&builder)
    }

    private static func header(_ line: String) -> (name: String, kind: Kind)? {
        guard let close = line.firstIndex(of: "]") else { return nil }
        let tail = line[line.index(after: close)...].trimmingBlanks()
        guard tail.isEmpty || tail.hasPrefix("#") else { return nil }
        let parts = line[line.index(after: line.startIndex)..<close].split(
            separator: ":", omittingEmptySubsequences: false)
        guard let name = parts.first?.trimmingBlanks(), !name.isEmpty, parts.count <= 2 else { return nil }
        guard parts.count == 2 else { return (name, .hosts) }
        return Kind(rawValue: parts[1].trimmingBlanks()).flatMap { $0 == .hosts ? nil : (name, $0) }
    }

    private static func readHost(
        _ line: String, in group: String, _ place: Place, _ inventory: inout AnsibleInventory,
        _ builder: inout InventoryBuilder
    ) {
        guard let words = QuotedWords.split(line), var name = words.first else {
            builder.fault("quotes that begin in this line do not end", at: place)
            return
        }
        var variables: [String: Node] = [:]
        // `c1:2222` is a port; a colon in brackets is a range.
        if let colon = name.lastIndex(of: ":"), !name[colon...].contains("]"),
            !name[..<colon].contains(":") || name[..<colon].contains("]")
        {
            variables["ansible_port"] = node(String(name[name.index(after: colon)...]), of: "ansible_port")
            name = String(name[..<colon])
        }
        for word in words.dropFirst() {
            guard let (key, value) = QuotedWords.pair(word) else {
                builder.fault("'\(word)' is no NAME=VALUE", at: place)
                continue
            }
            variables[key] = node(value, of: key)
        }
        inventory.addHosts(name, in: group, variables, at: place, &builder)
    }

    /// Of our own variables, what looks like a list or a mapping is one.
    private static func node(_ text: String, of name: String) -> Node {
        if name.hasPrefix("mortise_"), text.hasPrefix("{") || text.hasPrefix("["),
            let node = try? YAMLText.compose(text, file: "", empty: ""), node.scalar == nil
        {
            return node
        }
        let isEmpty = ["", "~", "null"].contains(text)
        return .scalar(Node.Scalar(text, .implicit, isEmpty ? .doubleQuoted : .plain))
    }
}
