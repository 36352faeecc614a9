import TextForms

/// Small readings that the tables of several vendors share.
enum AcceleratorText {
    /// What stands between the bars of a line of a table, trimmed; without the empty ends of a framed line.
    static func cells(_ line: some StringProtocol) -> [String] {
        var cells = line.split(separator: "|", omittingEmptySubsequences: false).map { Scan.trimmed($0) }
        if cells.first == "" { cells.removeFirst() }
        if cells.last == "" { cells.removeLast() }
        return cells
    }

    /// "768MiB / 98304MiB"; both nil where it is something else.
    static func memory(_ cell: String) -> (used: Int64?, total: Int64?) {
        let parts = cell.split(separator: "/")
        guard parts.count == 2 else { return (nil, nil) }
        return (bytes(parts[0]), bytes(parts[1]))
    }

    /// With its unit: a bare number is no amount of memory.
    static func bytes(_ text: some StringProtocol) -> Int64? {
        guard let last = Scan.trimmed(text).last, last.isLetter else { return nil }
        return Scan.bytes(text)
    }

    static func percent(_ text: some StringProtocol) -> Double? {
        Scan.number(text).flatMap { 0...100 ~= $0 ? $0 : nil }
    }

    /// Nothing is colder, and nothing that is hotter still answers.
    static func celsius(_ text: some StringProtocol) -> Double? {
        Scan.number(text).flatMap { -100...300 ~= $0 ? $0 : nil }
    }

    static func count(_ text: some StringProtocol) -> UInt64? {
        Scan.number(text).flatMap { UInt64(exactly: $0) }
    }

    /// A cell such as "N/A   30C   N/A    84W / 600W" or "0%  32C  106 W/ 250 W".
    static func sensors(_ cell: String, of device: inout Accelerator) {
        let words = Scan.words(cell)
        if let word = words.first(where: { $0.count > 1 && $0.last == "C" && Scan.number($0) != nil }) {
            device.temperatureCelsius = celsius(word)
        } else if let unit = words.firstIndex(where: { $0 == "C" || $0 == "°C" }), unit > 0 {
            device.temperatureCelsius = celsius(words[unit - 1])
        }
        let parts = cell.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 2 else { return }
        device.powerMilliwatts = watts(parts[parts.count - 2])
        device.powerLimitMilliwatts = watts(parts[parts.count - 1])
    }

    /// The number before the "W" that a text ends in; nil for "N/A".
    private static func watts(_ text: Substring) -> UInt32? {
        let text = Scan.trimmed(text)
        guard text.last == "W" else { return nil }
        return Scan.words(text.dropLast()).last.flatMap { Scan.milliwatts($0) }
    }

    /// Cells of a line of CSV; quotes hold commas together.
    static func values(_ line: some StringProtocol) -> [String] {
        var values: [String] = []
        var value = ""
        var isQuoted = false
        for character in line {
            switch character {
            case "\"": isQuoted.toggle()
            case "," where !isQuoted:
                values.append(Scan.trimmed(value))
                value = ""
            default: value.append(character)
            }
        }
        return values + [Scan.trimmed(value)]
    }

    /// A number that is an index of a device and nothing else.
    static func index(_ word: some StringProtocol) -> UInt32? {
        guard !word.isEmpty, word.utf8.count <= 5, word.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else {
            return nil
        }
        return UInt32(word)
    }

    static func bus(_ text: String?) -> String? {
        guard let text = text.flatMap({ Scan.identifier($0) }), BusAddress(text) != nil else { return nil }
        return text
    }

    /// nil for an id that stands where a name should: "0x738c".
    static func name(_ text: String?) -> String? {
        guard let text = text.flatMap({ Scan.identifier($0) }), !text.lowercased().hasPrefix("0x") else {
            return nil
        }
        return text
    }

    /// "v5.10.13" is "5.10.13".
    static func version(_ text: String?) -> String? {
        guard let text = text.flatMap({ Scan.identifier($0) }) else { return nil }
        let digits = text.first == "v" || text.first == "V" ? text.dropFirst() : text[...]
        return digits.first.map(\.isNumber) ?? false ? String(digits) : nil
    }

    /// A line below the names of a table of processes: device, perhaps an instance, process id, perhaps a type, name and
    /// memory. A table that is cut before its first line says nothing of processes; one without any says so.
    static func readProcess(_ words: [String], into list: inout AcceleratorList) {
        if words.starts(with: ["No", "running", "processes"]) { list.processes = list.processes ?? [] }
        guard words.count >= 2, let device = index(words[0]) else { return }
        list.processes = list.processes ?? []
        var rest = words.dropFirst()
        // An instance stands before the process id: "/", "N/A" or a number before another one.
        if rest.first == "/" || rest.first == "N/A"
            || (rest.count > 2 && isNumber(rest.first) && isNumber(rest.dropFirst().first))
        {
            rest = rest.dropFirst()
        }
        guard let processID = rest.first.flatMap({ UInt32($0) }) else { return }
        rest = rest.dropFirst()
        if rest.count > 1, let type = rest.first, ["C", "G", "C+G", "c", "g"].contains(type) {
            rest = rest.dropFirst()
        }
        var memory: Int64?
        for count in 1...2 where memory == nil && rest.count >= count {
            let amount = rest.suffix(count).joined()
            guard amount.first?.isNumber ?? false, let bytes = bytes(amount) else { continue }
            memory = bytes
            rest = rest.dropLast(count)
        }
        if rest.last == "N/A" { rest = rest.dropLast() }
        list.processes?.append(
            AcceleratorProcess(
                device: device, processID: processID, name: Scan.identifier(rest.joined(separator: " ")),
                memoryBytes: memory))
    }

    private static func isNumber(_ word: String?) -> Bool { word.flatMap { UInt32($0) } != nil }
}
