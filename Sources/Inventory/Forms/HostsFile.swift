import TextForms

/// `/etc/hosts`: an address a line, and its names. The machine itself (`localhost`) and groups of machines are no hosts.
enum HostsFile {
    static func read(_ text: String, _ builder: inout InventoryBuilder) {
        var lines: [String: Int] = [:]
        var addresses: [String: Int] = [:]
        for (offset, line) in Scan.lines(text).enumerated() where !builder.isFull {
            let words = Scan.words(line.prefix { $0 != "#" })
            guard let address = words.first else { continue }
            let place = Place(line: offset + 1)
            guard HostCheck.isAddress(address) else {
                builder.fault("'\(address)' is no address", at: place)
                continue
            }
            guard words.count > 1 else {
                builder.fault("the address \(address) has no name", at: place)
                continue
            }
            if isOfItself(address) { continue }
            let name = name(Array(words.dropFirst()))
            if let line = lines[name] {
                builder.note(
                    "'\(name)' has an address already in line \(line): \(address) is left out", at: place)
            } else if let line = addresses[address] {
                builder.note(
                    "\(address) has a name already in line \(line): '\(name)' is left out", at: place)
            } else {
                builder.add(InventoryHost(name, address: address), at: place)
            }
            lines[name] = lines[name] ?? offset + 1
            addresses[address] = addresses[address] ?? offset + 1
        }
    }

    /// Loopback, and addresses that mean many machines.
    static func isOfItself(_ address: String) -> Bool {
        let lowered = address.lowercased()
        return lowered.hasPrefix("127.") || lowered == "::1"
            || lowered.hasPrefix("ff") && lowered.contains(":")
            || lowered == "fe00::0" || ["0.0.0.0", "::", "255.255.255.255"].contains(lowered)
    }

    /// The first name, or the alias that is this name without its domain.
    private static func name(_ names: [String]) -> String {
        names.dropFirst().first { names[0].hasPrefix($0 + ".") } ?? names[0]
    }
}
