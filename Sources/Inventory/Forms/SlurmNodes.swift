import ClusterTypes
import TextForms
import YAMLSections

/// The lines of `slurm.conf` that are about nodes: `NodeName=c[01-04] NodeAddr=10.0.0.[5-8] CPUs=64`. Partitions are groups.
struct SlurmNodes {
    /// Lower-case names, as Slurm does not tell them apart.
    private typealias Fields = [String: String]

    /// Of nodes in partitions: 10 for each host that an inventory can have. It bounds the work.
    private static let membershipLimit = 10 * HostInventory.hostLimit

    private var defaults: Fields = [:]
    private var nodes: [(host: InventoryHost, place: Place)] = []
    private var positions: [String: [Int]] = [:]
    private var partitions: [(name: String, nodes: String, place: Place)] = []

    static func read(_ text: String, _ builder: inout InventoryBuilder) {
        var reader = SlurmNodes()
        for (number, line) in statements(text) where reader.nodes.count <= HostInventory.hostLimit {
            let place = Place(line: number)
            let first = line.trimmingBlanks().prefix { $0 != "=" }.lowercased()
            guard ["nodename", "partitionname"].contains(first) else { continue }
            guard let words = QuotedWords.split(line) else {
                builder.fault("quotes that begin in this line do not end", at: place)
                continue
            }
            var fields: Fields = [:]
            for word in words {
                guard let (name, value) = QuotedWords.pair(word) else {
                    builder.fault("'\(word)' is no NAME=VALUE", at: place)
                    continue
                }
                let key = name.lowercased()
                if fields[key] != nil { builder.fault("'\(name)' is given more than once", at: place) }
                fields[key] = value
            }
            if first == "nodename" {
                reader.readNodes(fields, place, &builder)
            } else if let name = fields["partitionname"], name != "DEFAULT", let nodes = fields["nodes"] {
                reader.partitions.append((name, nodes, place))
            }
        }
        reader.readPartitions(&builder)
        for (host, place) in reader.nodes { builder.add(host, at: place) }
    }

    /// Lines, those that end in `\` joined with the next; each with its number.
    private static func statements(_ text: String) -> [(number: Int, text: String)] {
        var statements: [(number: Int, text: String)] = []
        var open: (number: Int, text: String)?
        for (offset, line) in Scan.lines(text).enumerated() {
            let joined = (open?.number ?? offset + 1, (open?.text ?? "") + line)
            if joined.1.hasSuffix("\\") {
                open = (joined.0, joined.1.dropLast() + " ")
            } else {
                statements.append(joined)
                open = nil
            }
        }
        return statements + [open].compactMap(\.self)
    }

    // MARK: Nodes

    private mutating func readNodes(_ given: Fields, _ place: Place, _ builder: inout InventoryBuilder) {
        if given["nodename"] == "DEFAULT" {
            defaults.merge(given) { $1 }
            return
        }
        let fields = defaults.merging(given) { $1 }
        let list = fields["nodename"] ?? ""
        guard let names = Self.names(list) else {
            builder.fault("'\(list)' is no list of nodes, such as c[01-04]", at: place)
            return
        }
        if fields["state"]?.uppercased().hasPrefix("FUTURE") ?? false {
            builder.note("'\(list)' is to come only (State=FUTURE) and is left out", at: place)
            return
        }
        let given = fields["nodeaddr"] ?? fields["nodehostname"]
        var addresses: [String?] = Array(repeating: nil, count: names.count)
        if let given {
            if names.count == 1, !given.contains("[") {
                addresses = [given]
            } else if let known = Self.names(given), known.count == names.count {
                addresses = known
            } else {
                builder.fault(
                    "'\(given)' does not give \(names.count) addresses, one for each node", at: place)
            }
        }
        let hardware = hardware(fields, place, &builder)
        var labels: [String: String] = [:]
        for feature in (fields["feature"] ?? fields["features"] ?? "").split(separator: ",") {
            labels[String(feature)] = "true"
        }
        for (name, address) in zip(names, addresses) {
            var host = InventoryHost(name, address: address)
            host.hardware = hardware
            host.labels = labels
            positions[name, default: []].append(nodes.count)
            nodes.append((host, place))
        }
    }

    /// nil: it is no list, or one of very long names.
    private static func names(_ list: String) -> [String]? {
        HostList.parts(list).allSatisfy { $0.utf8.count <= 1_000 } ? HostList.names(list) : nil
    }

    private func hardware(
        _ fields: Fields, _ place: Place, _ builder: inout InventoryBuilder
    ) -> DeclaredHardware {
        func number(_ key: String) -> Int? {
            guard let text = fields[key] else { return nil }
            do throws(GrammarError) {
                return try Quantity.whole(text, in: 1...1 << 40)
            } catch {
                builder.fault("'\(key)': \(error.message)", at: place)
                return nil
            }
        }
        func product(_ factors: [Int?]) -> Int? {
            factors.compactMap(\.self).isEmpty
                ? nil
                : factors.compactMap(\.self).reduce(1) { product, factor in
                    let (result, isOver) = product.multipliedReportingOverflow(by: factor)
                    return isOver ? .max : result
                }
        }
        var hardware = DeclaredHardware()
        let sockets = number("sockets") ?? product([number("boards"), number("socketsperboard")])
        let cpus =
            number("cpus") ?? number("procs")
            ?? product([sockets, number("corespersocket"), number("threadspercore")])
        if let cpus {
            if cpus <= 1 << 20 {
                hardware.milliCPU = Int64(cpus) * 1_000
            } else {
                builder.fault("\(cpus) processors are more than any node has", at: place)
            }
        }
        // Both in MiB.
        hardware.memoryBytes = number("realmemory").map { Int64($0) << 20 }
        hardware.diskBytes = number("tmpdisk").map { Int64($0) << 20 }
        for text in HostList.parts(fields["gres"] ?? "") where !text.isEmpty {
            if let devices = Self.devices(text) {
                hardware.devices.append(devices)
            } else {
                builder.note("'\(text)' of Gres is no GPU or NPU with a number and is left out", at: place)
            }
        }
        return hardware
    }

    /// `gpu:2`, `gpu:a100:4(S:0-1)`.
    private static func devices(_ text: String) -> DeclaredHardware.Devices? {
        let parts = text.prefix { $0 != "(" }.split(separator: ":", omittingEmptySubsequences: false)
        guard let type = parts.first.flatMap({ DeviceType(rawValue: $0.lowercased()) }), parts.count <= 3
        else {
            return nil
        }
        let model = parts.count == 3 || parts.count == 2 && Int(parts[1]) == nil ? String(parts[1]) : nil
        let number = parts.count == 1 || parts.count == 2 && model != nil ? 1 : parts.last.flatMap { Int($0) }
        guard let number, (1...128).contains(number), model != "" else { return nil }
        return DeclaredHardware.Devices(type: type, count: number, model: model)
    }

    // MARK: Partitions

    private mutating func readPartitions(_ builder: inout InventoryBuilder) {
        var groups: [Set<String>] = Array(repeating: [], count: nodes.count)
        var memberships = 0
        for (name, list, place) in partitions {
            for part in HostList.parts(list) where !part.isEmpty {
                let members = part.uppercased() == "ALL" ? Array(nodes.indices) : members(part)
                if members.isEmpty {
                    builder.note(
                        "the partition '\(name)' names '\(part)', which is no node of this file", at: place)
                }
                memberships += members.count
                guard memberships <= Self.membershipLimit else {
                    builder.fault(
                        "nodes are in partitions more than \(Self.membershipLimit) times", at: place)
                    return
                }
                for position in members { groups[position].insert(name) }
            }
        }
        for position in nodes.indices { nodes[position].host.groups = groups[position].sorted() }
    }

    /// Nodes of a list; empty where one of them is none.
    private func members(_ list: String) -> [Int] {
        var members: [Int] = []
        for name in Self.names(list) ?? [] {
            guard let found = positions[name] else { return [] }
            members += found
        }
        return members
    }
}
