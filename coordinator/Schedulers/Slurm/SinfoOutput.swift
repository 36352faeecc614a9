import TextForms

/// What `sinfo` has printed, in any of its layouts.
struct SinfoOutput: Sendable {
    /// A row as it prints, in the order of the columns.
    typealias Cells = [(key: String, value: JSONText.Value?)]

    enum Content: Sendable {
        case rows([Cells])
        /// `-h -N -o '%N,%T'`: a node and its state a row.
        case states(nodes: [String], states: [String])
        /// `-N -O NodeHost,Gres,GresUsed,StateLong`
        case devices(nodes: [DeviceNode], rows: Int)
        /// `-o %C`
        case processors([Int])
        /// `-o '%A/%D/%C'` and the like: eight numbers.
        case counts(raw: String, numbers: [Int])
        /// `--json`
        case document(topKeys: [String], nodes: Int)
    }

    /// A node with what `Gres` and `GresUsed` say of its GPUs.
    struct DeviceNode: Sendable, Hashable {
        var name: String
        var type: String?
        var count: Int
        var used: Int
        var state: String
    }

    let content: Content
    let cluster: String?
    /// What shows that the output is not whole.
    let truncation: String?

    init?(parsing text: String) {
        if let listing = SlurmListing(parsing: text, isHeader: Self.isHeader) {
            cluster = listing.sections.count == 1 ? listing.sections[0].cluster : nil
            truncation = listing.truncation ?? SlurmFailure(parsing: text).map { "it says '\($0.line)'" }
            content = .rows(
                listing.sections.flatMap { section in section.rows.map { Self.cells(section.names, $0) } })
            return
        }
        cluster = nil
        if let document = SlurmJSON.document(text, list: "nodes", naming: "state")
            ?? SlurmJSON.document(text, list: "sinfo", naming: "node")
        {
            truncation = document.isComplete ? nil : "its JSON has no end"
            content = .document(topKeys: document.topKeys, nodes: document.elements.count)
            return
        }
        let lines = Scan.lines(text).filter { line in
            line.contains { !$0.isWhitespace } && !SlurmListing.isDate(line) && !SlurmFailure.isRemark(line)
        }
        if let numbers = Self.numbers(lines) {
            truncation = nil
            content =
                numbers.count == 4
                ? .processors(numbers) : .counts(raw: Scan.trimmed(lines[0]), numbers: numbers)
        } else if let (nodes, misfit) = Self.deviceNodes(lines) {
            truncation = misfit
            content = .devices(nodes: nodes, rows: lines.count)
        } else if let (bare, misfit) = Self.bare(lines) {
            truncation = misfit
            content = bare
        } else {
            return nil
        }
    }

    // MARK: With a header

    private static func isHeader(_ words: [String]) -> Bool {
        let isOfNodes = words.contains { ["PARTITION", "NODELIST", "HOSTNAMES"].contains($0) }
        let others = words.contains { word in
            ["STATE", "AVAIL", "REASON", "CPUS", "GRES", "NODES"].contains(word) || word.hasPrefix("NODES(")
                || word.hasPrefix("CPUS(")
        }
        let isOfJobs =
            words.contains { ["JOBID", "JOB_ID", "ST", "USER"].contains($0) } && !words.contains("TIMESTAMP")
        return isOfNodes && others && !isOfJobs && words.allSatisfy { !$0.contains { $0.isLowercase } }
    }

    /// Rows of partitions are read as such; rows of nodes stay as they are printed.
    private static func cells(_ names: [String], _ row: [String]) -> Cells {
        let isOfPartitions = names.contains("AVAIL") && names.contains("PARTITION")
        var cells: Cells = []
        for (name, cell) in zip(names, row) {
            let key = name.lowercased()
            guard !cells.contains(where: { $0.key == key }) else { continue }
            if isOfPartitions, key == "partition" {
                cells += partition(cell)
            } else if isOfPartitions, key == "nodes", let number = Int(cell) {
                cells.append((key, .integer(number)))
            } else {
                cells.append((key, .string(cell)))
            }
        }
        return cells
    }

    /// "compute*" is the default partition.
    static func partition(_ text: String) -> Cells {
        let isDefault = text.hasSuffix("*")
        return [
            ("partition", .string(isDefault ? String(text.dropLast()) : text)),
            ("default", .boolean(isDefault)),
        ]
    }

    // MARK: Numbers

    /// "5725/877/34/6636", alone.
    private static func numbers(_ lines: [Substring]) -> [Int]? {
        guard lines.count == 1 else { return nil }
        let words = Scan.trimmed(lines[0]).split(separator: "/", omittingEmptySubsequences: false)
        let numbers = words.compactMap { word in
            word.allSatisfy { $0.isASCII && $0.isNumber } ? Int(word) : nil
        }
        return numbers.count == words.count && (words.count == 4 || words.count == 8) ? numbers : nil
    }

    // MARK: GPUs

    private static func deviceNodes(_ lines: [Substring]) -> (nodes: [DeviceNode], misfit: String?)? {
        var nodes: [DeviceNode] = []
        var known: Set<String> = []
        for line in lines {
            let words = Scan.words(line)
            guard words.count == 4, let all = SlurmGres(parsing: words[1]),
                let used = SlurmGres(parsing: words[2]),
                SlurmNodeState(parsing: words[3]) != nil
            else {
                return nodes.isEmpty
                    ? nil : (nodes, "the line '\(line.prefix(80))' is not like those before it")
            }
            // A node stands there once for each of its partitions.
            guard known.insert(words[0]).inserted else { continue }
            nodes.append(
                DeviceNode(
                    name: words[0], type: all.type, count: all.count, used: used.count, state: words[3]))
        }
        return nodes.isEmpty ? nil : (nodes, nil)
    }
}

/// The GPUs in a list of generic resources: "gpu:a100:4(S:0-3),nsight:no_consume:1".
struct SlurmGres: Sendable, Hashable {
    /// "a100"; of several types the first. nil: not told.
    var type: String?
    var count = 0

    /// nil for what is no such list.
    init?(parsing text: some StringProtocol) {
        if text == "(null)" || text == "N/A" { return }
        guard text.contains(":") else { return nil }
        for part in Self.parts(text) {
            let words = part.prefix { $0 != "(" }.split(separator: ":", omittingEmptySubsequences: false)
            guard words.count >= 2, let name = words.first, !name.isEmpty, let number = words.last,
                Self.isCount(number)
            else { return nil }
            guard name == "gpu", let number = Int(number) else { continue }
            count = count.addingReportingOverflow(number).partialValue
            if words.count > 2, type == nil { type = String(words[1]) }
        }
    }

    /// "4", "2G".
    private static func isCount(_ text: Substring) -> Bool {
        let rest = text.drop { $0.isASCII && $0.isNumber }
        return rest.count < text.count && rest.count <= 1
    }

    /// Commas inside of parentheses divide nothing: "gpu:4(IDX:0,2-3)".
    private static func parts(_ text: some StringProtocol) -> [String] {
        var parts = [""]
        var depth = 0
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == ",", depth <= 0 {
                parts.append("")
            } else {
                parts[parts.count - 1].append(character)
            }
        }
        return parts
    }
}
