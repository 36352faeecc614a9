import YAMLSections
import Yams

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where something stands in a file; both counted from 1.
struct Place {
    var line: Int?
    var column: Int?

    init(_ mark: Mark?) {
        line = mark?.line
        column = mark?.column
    }

    init(line: Int) { self.line = line }
}

/// Gathers the hosts of a file, and all that is wrong with them, alone or beside each other.
struct InventoryBuilder {
    private(set) var inventory = HostInventory()
    var faults: FaultList
    /// What was left out, and what else should be known.
    var notes: FaultList
    private var places: [String: Place] = [:]
    private var names: [Endpoint: String] = [:]
    private var head: String?

    private struct Endpoint: Hashable {
        var address: String
        var port: UInt16
    }

    init(file: String) {
        faults = FaultList(file: file)
        notes = FaultList(file: file)
    }

    /// There is no room for more hosts, which has been said.
    private(set) var isFull = false

    mutating func fault(_ message: String, at place: Place) {
        faults.add(message, line: place.line, column: place.column)
    }

    mutating func note(_ message: String, at place: Place) {
        notes.add(message, line: place.line, column: place.column)
    }

    mutating func add(_ host: InventoryHost, at place: Place) {
        guard inventory.hosts.count < HostInventory.hostLimit else {
            if !isFull { fault("there are more than \(HostInventory.hostLimit) hosts", at: place) }
            isFull = true
            return
        }
        for message in HostCheck.faults(of: host) { fault("the host '\(host.name)': \(message)", at: place) }
        if let before = places[host.name] {
            fault("the host '\(host.name)' is there already\(before.words)", at: place)
        } else {
            places[host.name] = place
            inventory.hosts.append(host)
        }
        if let address = host.address {
            let endpoint = Endpoint(address: address, port: host.port ?? 22)
            if let other = names[endpoint], other != host.name {
                fault(
                    "the host '\(host.name)' has the address \(address), which '\(other)' has"
                        + (places[other]?.words ?? ""), at: place)
            } else {
                names[endpoint] = host.name
            }
        }
        if host.role == .head {
            if let head, head != host.name {
                fault(
                    "the host '\(host.name)' is a head, and so is '\(head)'\(places[head]?.words ?? ""): there is one",
                    at: place)
            }
            head = head ?? host.name
        }
    }
}

extension Place {
    /// For the end of a message.
    fileprivate var words: String { line.map { " in line \($0)" } ?? "" }
}

/// What a host must be so that ssh can be told of it and an agent be given its labels.
package enum HostCheck {
    package static func faults(of host: InventoryHost) -> [String] {
        var faults: [String] = []
        if !isName(host.name) {
            faults.append("it needs a name of 1 to 60 letters, digits and . _ -, neither . nor - first")
        }
        if let address = host.address, let fault = faultOfAddress(address) { faults.append(fault) }
        if let user = host.user, !isWord(user) { faults.append("'\(user)' is no user") }
        for group in host.groups {
            if !isName(group) {
                faults.append(
                    "'\(group)' is no name of a group: 1 to 60 letters, digits and . _ -, neither . nor - first"
                )
            } else if ["all", "ungrouped"].contains(group) {
                faults.append("'\(group)' cannot be a group: Ansible means something else by it")
            }
        }
        for (key, value) in host.labels.sorted(by: { $0.key < $1.key }) {
            if key.isEmpty || key.contains("=") { faults.append("'\(key)' is no key of a label") }
            if hasControl(key) || hasControl(value) {
                faults.append("the label '\(key)' has a control character")
            }
        }
        for (name, value) in host.environment.sorted(by: { $0.key < $1.key }) {
            if !isVariable(name) { faults.append("'\(name)' is no name of a variable") }
            if hasControl(value) { faults.append("the variable '\(name)' has a control character") }
        }
        return faults
    }

    /// nil: nothing is wrong.
    private static func faultOfAddress(_ address: String) -> String? {
        if address.contains("{{") { return "'\(address)' is a template, which is not evaluated here" }
        guard isWord(address), address.utf8.allSatisfy(isAddressByte) else {
            return "'\(address)' is no address"
        }
        // Four numbers are meant as an address, whatever a resolver may make of them.
        let isNumeric = address.utf8.allSatisfy { Decimal.isDigit($0) || $0 == UInt8(ascii: ".") }
        if isNumeric, !isAddress(address) {
            return "'\(address)' is no address: four numbers from 0 to 255 with points"
        }
        return nil
    }

    /// IPv4 or IPv6, the latter also with a zone.
    static func isAddress(_ text: some StringProtocol) -> Bool {
        var four = in_addr()
        var six = in6_addr()
        guard text.utf8.count < 100, !text.utf8.contains(0) else { return false }
        if inet_pton(AF_INET, String(text), &four) == 1 { return true }
        let zoned = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = zoned.first, zoned.count == 1 || !zoned[1].isEmpty else { return false }
        return inet_pton(AF_INET6, String(address), &six) == 1
    }

    static func isName(_ text: String) -> Bool {
        (1...60).contains(text.utf8.count) && !text.hasPrefix(".") && !text.hasPrefix("-")
            && text.utf8.allSatisfy { isWordByte($0) || [UInt8(ascii: "."), UInt8(ascii: "-")].contains($0) }
    }

    static func isVariable(_ text: String) -> Bool {
        guard let first = text.utf8.first, !Decimal.isDigit(first) else { return false }
        return text.utf8.allSatisfy(isWordByte)
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Of addresses, names, and what else ssh takes as a destination.
    private static func isAddressByte(_ byte: UInt8) -> Bool {
        isWordByte(byte) || ".-:%@/+".utf8.contains(byte)
    }

    /// What can stand on a command line by itself.
    private static func isWord(_ text: String) -> Bool {
        !text.isEmpty && !text.hasPrefix("-") && text.utf8.count <= 253
            && !text.utf8.contains { $0 <= 0x20 || $0 == 0x7F }
    }

    private static func hasControl(_ text: String) -> Bool { text.utf8.contains { $0 < 0x20 || $0 == 0x7F } }
}
