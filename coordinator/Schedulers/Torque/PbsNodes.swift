import TextForms

/// A node, as `pbsnodes -a` tells of it.
package struct PbsNode: Sendable {
    package var name: String
    /// "free", "job-exclusive", "down,offline"
    package var state: String
    /// Slots, or processors where there are no slots.
    package var processors: Int?
    package var deviceCount: Int?
    /// What runs there, as printed; nil: nothing.
    package var jobs: String?
    package var memoryKiB: Int?
    /// What an operator has written; Torque's note, PBS Pro's comment.
    package var note: String?
    var devices: [DeviceReading] = []

    /// - Returns: nil where the text has no record of a node.
    package static func nodes(parsing text: String) -> (nodes: [PbsNode], truncation: String?)? {
        let records = KeyedRecords(Scan.lines(text)) { line in
            guard let first = line.first, !first.isWhitespace, !line.contains("="), !line.contains(": ")
            else { return nil }
            let words = Scan.words(line)
            return words.count == 1 ? words[0] : nil
        }.records
        guard
            records.contains(where: {
                $0["state"] != nil && ($0["ntype"] != nil || $0["np"] != nil || $0["Mom"] != nil)
            })
        else { return nil }
        let damaged = records.first { $0["state"] == nil }
        return (
            records.map { PbsNode($0) },
            damaged.map { "the record of '\($0.name)' ends before its state" }
        )
    }

    private init(_ record: KeyedRecords.Record) {
        func number(_ key: String) -> Int? { record[key].flatMap { Int($0) } }
        name = record.name
        state = record["state"] ?? ""
        processors = number("np") ?? number("pcpus") ?? number("resources_available.ncpus")
        deviceCount = number("gpus") ?? number("resources_available.ngpus")
        jobs = record["jobs"].flatMap { $0.isEmpty ? nil : $0 }
        let physical = record["status"].flatMap { Self.member("physmem", of: $0) }
        memoryKiB = (physical ?? record["resources_available.mem"]).flatMap { Self.kibibytes($0) }
        note = record["note"] ?? record["comment"]
        devices = Self.devices(record["gpu_status"] ?? "", node: name)
    }

    /// Of "opsys=linux,physmem=131583152kb".
    private static func member(_ name: String, of text: String) -> String? {
        text.split(separator: ",").first { $0.hasPrefix(name + "=") }.map {
            String($0.dropFirst(name.count + 1))
        }
    }

    static func kibibytes(_ text: String) -> Int? {
        Scan.bytes(text, unit: 1).map { Int($0 >> 10) }
    }

    /// "gpu[0]=gpu_id=0000:03:00.0;gpu_product_name=…;gpu_temperature=40 C,gpu_display=…,timestamp=…"
    private static func devices(_ text: String, node: String) -> [DeviceReading] {
        var devices: [DeviceReading] = []
        var rest = text[...]
        while let start = rest.firstRange(of: "gpu["),
            let close = rest[start.upperBound...].firstIndex(of: "]")
        {
            let index = UInt32(rest[start.upperBound..<close])
            rest = rest[rest.index(after: close)...]
            let own = rest.firstRange(of: "gpu[").map { rest[..<$0.lowerBound] } ?? rest
            let fields = own.drop { $0 == "=" }.split(whereSeparator: { $0 == ";" || $0 == "," })
            func field(_ name: String) -> String? {
                fields.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
            }
            func mebibytes(_ name: String) -> Int64? {
                field(name).flatMap { Scan.bytes($0) }.map { $0 >> 20 }
            }
            devices.append(
                DeviceReading(
                    index: index, name: field("gpu_product_name"),
                    busID: field("gpu_pci_location_id") ?? field("gpu_id"),
                    memoryTotalMiB: mebibytes("gpu_memory_total"),
                    memoryUsedMiB: mebibytes("gpu_memory_used"),
                    utilizationPercent: field("gpu_utilization").flatMap { Scan.percent($0) },
                    temperatureCelsius: field("gpu_temperature").flatMap { Scan.signed($0) },
                    others: [("node", .string(node))]))
        }
        return devices
    }
}

/// A row of `pbsnodes -aS`, `-aSj` and `-l`.
struct PbsNodeRow: Sendable {
    var name: String
    var state: String
    var cells: [(key: String, value: JSONText.Value?)]

    private static let states = [
        "free", "offline", "down", "job-exclusive", "job-sharing", "busy", "reserve", "time-shared",
        "state-unknown",
        "unknown", "resv-exclusive", "job-busy", "provisioning", "stale", "initializing", "maintenance",
        "sleep", "wait-provisioning", "default", "inactive", "power-off", "sleeping",
    ]

    static func isState(_ text: String) -> Bool {
        text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy {
            states.contains(String($0))
        }
    }

    // MARK: -aS

    /// - Returns: nil where the text has no such table.
    static func table(parsing text: String) -> (rows: [PbsNodeRow], truncation: String?)? {
        let lines = Scan.lines(text)
        guard let rules = lines.firstIndex(where: { QstatOutput.isRules($0) }), rules > 0,
            Scan.words(lines[rules - 1]).first == "vnode"
        else { return nil }
        let names = names(lines[..<rules], rules: lines[rules])
        let content = lines[(rules + 1)...].filter { line in line.contains { !$0.isWhitespace } }
        if content.isEmpty { return ([], "it ends within its header") }
        let table = ColumnTable(names: names, rules: lines[rules], lines: Array(content))
        guard let state = table.column("state") else { return nil }
        var rows: [PbsNodeRow] = []
        for cells in table.rows {
            guard !cells[0].isEmpty, !cells[state].isEmpty, cells.last?.isEmpty == false else {
                return (rows, "the line of '\(cells[0])' is not whole")
            }
            rows.append(PbsNodeRow(name: cells[0], state: cells[state], cells: Self.cells(names, cells)))
        }
        return (rows, table.misfit.map { "the line '\($0)' does not have the header's columns" })
    }

    /// Names of two lines: "mem" above "f/t".
    private static func names(_ lines: ArraySlice<Substring>, rules: Substring) -> [String] {
        let head = lines.suffix(2).map { line in ColumnTable(names: [], rules: rules, lines: [line]) }
        let rows = head.map { $0.rows.first ?? [] }
        let count = Scan.words(rules).count
        return (0..<count).map { place in
            rows.map { place < $0.count ? $0[place] : "" }.filter { !$0.isEmpty }.joined(separator: " ")
        }
    }

    private static func cells(_ names: [String], _ row: [String]) -> [(key: String, value: JSONText.Value?)] {
        func told(_ text: String) -> String? { text.isEmpty || text == "--" ? nil : text }
        var cells: [(key: String, value: JSONText.Value?)] = []
        for (name, cell) in zip(names, row) {
            switch name {
            case "vnode": cells.append(("name", .string(cell)))
            case "njobs": cells.append((name, .known(Int(cell))))
            case "mem f/t": cells.append(("mem_free_total", .known(told(cell))))
            case "ncpus f/t": cells.append(("cpus_free_total", .known(told(cell))))
            case "ngpus f/t": cells.append(("gpus_free_total", .known(told(cell))))
            case "ncpus": cells.append(("np", .known(Int(cell))))
            case "ngpus": cells.append(("gpus", .known(Int(cell))))
            case "mem": cells.append(("physmem_kb", .known(PbsNode.kibibytes(cell))))
            case "state": cells.append((name, .string(cell)))
            case "jobs", "queue", "comment": cells.append((name, .known(told(cell))))
            default: break
            }
        }
        return cells
    }

    // MARK: -l

    /// "node12               down,offline bad disk"
    static func list(parsing text: String) -> (rows: [PbsNodeRow], truncation: String?)? {
        var rows: [PbsNodeRow] = []
        for line in Scan.lines(text) where line.contains(where: { !$0.isWhitespace }) {
            let words = Scan.words(line)
            guard words.count >= 2, isState(words[1]), line.first?.isWhitespace == false else {
                return rows.isEmpty ? nil : (rows, "the line '\(line.prefix(80))' is no row of a node")
            }
            let comment = words.count > 2 ? words.dropFirst(2).joined(separator: " ") : nil
            rows.append(
                PbsNodeRow(
                    name: words[0], state: words[1],
                    cells: [
                        ("name", .string(words[0])), ("state", .string(words[1])),
                        ("comment", .known(comment)),
                    ]))
        }
        return rows.isEmpty ? nil : (rows, nil)
    }
}
