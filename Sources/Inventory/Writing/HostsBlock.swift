import TextForms
package import YAMLSections

/// Lines for `/etc/hosts` between two marks, so that they can be exchanged and nothing else is touched.
package enum HostsBlock {
    private static let beginning = "# BEGIN mortise inventory"
    private static let ending = "# END mortise inventory"

    static func write(_ inventory: HostInventory, domain: String?) -> (text: String, notes: [String]) {
        var lines = [beginning]
        var left: [String] = []
        for host in inventory.hosts {
            if let address = host.address, HostCheck.isAddress(address) {
                let full = domain.map { "\(host.name).\($0) " } ?? ""
                lines.append("\(address)\t\(full)\(host.name)")
            } else {
                left.append(host.name)
            }
        }
        let names = left.prefix(10).joined(separator: ", ") + (left.count > 10 ? " …" : "")
        let notes = left.isEmpty ? [] : ["without an address, so left out: \(names)"]
        return ((lines + [ending]).map { $0 + "\n" }.joined(), notes)
    }

    /// The file with the block in the place of the one that is there, or at the end.
    ///
    /// - Throws: where it has more than one, or a mark without the other.
    package static func merge(_ block: String, into file: String) throws(GrammarError) -> String {
        // By scalars: "\r\n" is one character.
        let lines = file.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map {
            String($0)
        }
        func isMark(_ line: String, _ mark: String) -> Bool { Scan.trimmed(line) == mark }
        let beginnings = lines.indices.filter { isMark(lines[$0], beginning) }
        let endings = lines.indices.filter { isMark(lines[$0], ending) }
        if beginnings.isEmpty, endings.isEmpty {
            return file + (file.isEmpty || file.utf8.last == 10 ? "" : "\n") + block
        }
        guard beginnings.count == 1, endings.count == 1, let first = beginnings.first,
            let last = endings.first,
            first < last
        else {
            throw GrammarError(
                "the marks '\(beginning)' and '\(ending)' must stand there once, in this order; they are in the lines "
                    + (beginnings + endings).sorted().map { "\($0 + 1)" }.joined(separator: ", "))
        }
        let before = lines[..<first].map { $0 + "\n" }.joined()
        return before + block + lines[(last + 1)...].joined(separator: "\n")
    }

    /// Lines of the file outside of the block that give a host another address.
    package static func conflicts(of inventory: HostInventory, in file: String) -> [String] {
        var addresses: [String: String] = [:]
        for host in inventory.hosts { addresses[host.name] = host.address }
        var conflicts: [String] = []
        var isInside = false
        for (offset, line) in Scan.lines(file).enumerated() {
            let trimmed = Scan.trimmed(line)
            if trimmed == beginning { isInside = true }
            if trimmed == ending { isInside = false }
            let words = Scan.words(line.prefix { $0 != "#" })
            guard !isInside, let address = words.first else { continue }
            for name in words.dropFirst() {
                if let known = addresses[name], known != address {
                    conflicts.append("line \(offset + 1) gives '\(name)' another address, \(address)")
                }
            }
        }
        return conflicts
    }
}
