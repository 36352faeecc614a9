import YAMLSections
import Yams

/// Groups with hosts, variables and groups within them, as both forms of Ansible say them.
struct AnsibleInventory {
    private struct Group {
        var children: Set<String> = []
        var variables: [String: Node] = [:]
        /// Of groups around it: `all` is 0.
        var depth = 0
    }

    private struct Entry {
        var place: Place
        var groups: Set<String> = []
        var variables: [String: Node] = [:]
    }

    private static let depthLimit = 64
    /// Every group is looked at for each level.
    private static let groupLimit = 2_000
    /// Of hosts in groups, those around a group too: 10 for each host that an inventory can have. It bounds the work.
    private static let membershipLimit = 10 * HostInventory.hostLimit

    /// The values say where they stand in the file.
    private let hasPlaces: Bool
    private var groups: [String: Group] = ["all": Group()]
    private var names: [String] = []
    private var memberships = 0
    private var hosts: [String: Entry] = [:]

    init(hasPlaces: Bool) { self.hasPlaces = hasPlaces }

    // MARK: Filling

    mutating func addGroup(_ name: String, in parent: String? = nil) {
        if groups[name] == nil { groups[name] = Group() }
        if let parent, parent != name { groups[parent, default: Group()].children.insert(name) }
    }

    /// - Parameter pattern: a name, or a range of names: `c[01:04]`.
    mutating func addHosts(
        _ pattern: String, in group: String, _ variables: [String: Node], at place: Place,
        _ builder: inout InventoryBuilder
    ) {
        guard let expanded = AnsibleRange.names(pattern) else {
            builder.fault("'\(pattern)' is no name of a host, or a range such as c[01:04]", at: place)
            return
        }
        memberships += expanded.count
        guard memberships <= Self.membershipLimit else {
            if memberships - expanded.count <= Self.membershipLimit {
                builder.fault("hosts are in groups more than \(Self.membershipLimit) times", at: place)
            }
            return
        }
        for name in expanded {
            if hosts[name] == nil {
                hosts[name] = Entry(place: place)
                names.append(name)
            }
            hosts[name]?.groups.insert(group)
            hosts[name]?.variables.merge(variables) { $1 }
        }
    }

    mutating func setVariable(_ name: String, _ value: Node, of group: String) {
        groups[group, default: Group()].variables[name] = value
    }

    // MARK: Result

    mutating func finish(_ builder: inout InventoryBuilder) {
        guard memberships <= Self.membershipLimit else { return }
        memberships = 0
        guard groups.count <= Self.groupLimit else {
            builder.faults.add("there are more than \(Self.groupLimit) groups", line: nil)
            return
        }
        guard findDepths() else {
            builder.faults.add(
                "groups are children of each other, or more than \(Self.depthLimit) deep", line: nil)
            return
        }
        var parents: [String: Set<String>] = [:]
        for (name, group) in groups {
            for child in group.children { parents[child, default: []].insert(name) }
        }
        var inherited: [Set<String>: Inherited] = [:]
        var left: Set<String> = []
        // A variable of a group is wrong once.
        var told: Set<[Int]> = []
        for name in names where !builder.isFull {
            guard let entry = hosts[name] else { continue }
            let shared = inherited[entry.groups] ?? inherit(entry.groups, parents)
            inherited[entry.groups] = shared
            memberships += shared.groups.count
            guard memberships <= Self.membershipLimit else {
                builder.faults.add("hosts are in groups more than \(Self.membershipLimit) times", line: nil)
                return
            }
            var variables = shared.variables
            variables.merge(entry.variables) { $1 }
            let (node, others) = Self.host(variables)
            left.formUnion(others)
            var found = FaultList(file: builder.faults.file)
            if var host = HostReader.read(name, node, path: name, &found) {
                host.groups = shared.groups
                builder.add(host, at: entry.place)
            }
            for fault in found.faults {
                guard hasPlaces, let line = fault.line, let column = fault.column else {
                    builder.fault(fault.message, at: entry.place)
                    continue
                }
                if told.insert([line, column]).inserted {
                    builder.faults.add(fault.message, line: line, column: column)
                }
            }
        }
        if !left.isEmpty {
            let names = left.sorted()
            let more = names.count > 20 ? " and \(names.count - 20) more" : ""
            builder.notes.add(
                "variables that mean nothing to a host of Mortise are left out: "
                    + names.prefix(20).joined(separator: ", ") + more, line: nil)
        }
    }

    /// - Returns: false: they are too deep or in a circle.
    private mutating func findDepths() -> Bool {
        for _ in 0...Self.depthLimit {
            var hasChanged = false
            for (name, group) in groups {
                for child in group.children where child != "all" && child != name {
                    let depth = (groups[name]?.depth ?? 0) + 1
                    if depth > groups[child]?.depth ?? 0 {
                        groups[child, default: Group()].depth = depth
                        hasChanged = true
                    }
                }
            }
            if !hasChanged { return true }
        }
        return false
    }

    /// What hosts have that are in the same groups.
    private struct Inherited {
        /// With all groups around them, sorted.
        var groups: [String]
        var variables: [String: Node]
    }

    private func inherit(_ inner: Set<String>, _ parents: [String: Set<String>]) -> Inherited {
        var all = inner
        var open = Array(inner)
        while let name = open.popLast() {
            for parent in parents[name] ?? [] where all.insert(parent).inserted { open.append(parent) }
        }
        // What is nearer to the host wins, then what comes later in the alphabet.
        let order = all.sorted { (groups[$0]?.depth ?? 0, $0) < (groups[$1]?.depth ?? 0, $1) }
        var variables: [String: Node] = [:]
        for group in ["all"] + order { variables.merge(groups[group]?.variables ?? [:]) { $1 } }
        return Inherited(
            groups: all.filter { !["all", "ungrouped"].contains($0) }.sorted(), variables: variables)
    }

    // MARK: Variables

    private static let connection = [
        "ansible_host": "address", "ansible_ssh_host": "address", "ansible_user": "user",
        "ansible_ssh_user": "user", "ansible_port": "port", "ansible_ssh_port": "port",
    ]

    /// As Mortise's own form writes the host, and the names of other variables.
    private static func host(_ variables: [String: Node]) -> (host: Node, others: [String]) {
        var pairs: [(Node, Node)] = []
        var others: [String] = []
        var keys: Set<String> = []
        for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
            var key = connection[name]
            if name.hasPrefix("mortise_") {
                let own = String(name.dropFirst(8))
                if HostReader.keys.contains(own), own != "groups" { key = own }
            }
            if let key, keys.insert(key).inserted {
                pairs.append((Node(key), plain(value)))
            } else if key == nil {
                others.append(name)
            }
        }
        return (.mapping(Node.Mapping(pairs)), others)
    }

    /// Ansible takes a number in quotes as well.
    private static func plain(_ node: Node) -> Node {
        guard case .scalar(let scalar) = node, scalar.style != .plain, !scalar.string.isEmpty,
            scalar.string.utf8.allSatisfy(Decimal.isDigit)
        else { return node }
        return .scalar(Node.Scalar(scalar.string, scalar.tag, .plain, scalar.mark))
    }
}

/// `c[01:04]`, `db-[a:c]`, `n[0:10:2]`.
enum AnsibleRange {
    /// nil: there is no name in it, or there are more than an inventory has.
    static func names(_ pattern: String) -> [String]? {
        guard pattern.utf8.count <= 1_000, pattern.count(where: { $0 == "[" }) <= 8 else { return nil }
        guard let open = pattern.firstIndex(of: "[") else {
            return pattern.isEmpty || pattern.contains("]") ? nil : [pattern]
        }
        guard let close = pattern[open...].firstIndex(of: "]"),
            let members = members(pattern[pattern.index(after: open)..<close])
        else { return nil }
        let tail = String(pattern[pattern.index(after: close)...])
        let tails = tail.isEmpty ? [""] : names(tail)
        guard let tails, members.count * tails.count <= HostInventory.hostLimit else { return nil }
        return members.flatMap { member in tails.map { pattern[..<open] + member + $0 } }
    }

    private static func members(_ range: Substring) -> [String]? {
        let parts = range.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), let step = parts.count == 3 ? Int(parts[2]) : 1, step >= 1 else {
            return nil
        }
        if parts[0].utf8.allSatisfy(Decimal.isDigit), parts[1].utf8.allSatisfy(Decimal.isDigit),
            let low = UInt32(parts[0]), let high = UInt32(parts[1]), low <= high,
            Int(high - low) / step < HostInventory.hostLimit
        {
            let width = parts[0].utf8.first == UInt8(ascii: "0") ? parts[0].utf8.count : 1
            return stride(from: Int(low), through: Int(high), by: step).map { number in
                let digits = String(number)
                return String(repeating: "0", count: max(0, width - digits.count)) + digits
            }
        }
        guard let low = parts[0].utf8.first, let high = parts[1].utf8.first, parts[0].utf8.count == 1,
            parts[1].utf8.count == 1, isLetter(low), isLetter(high), low <= high
        else { return nil }
        return stride(from: Int(low), through: Int(high), by: step).map { byte in
            String(UnicodeScalar(UInt8(byte)))
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
