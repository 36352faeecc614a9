import TextForms

/// `sinfo -h -o …`: rows without a header, whose cells say by themselves what they are.
extension SinfoOutput {
    static func bare(_ lines: [Substring]) -> (content: Content, misfit: String?)? {
        guard !lines.isEmpty else { return nil }
        if let table = SeparatedTable(lines: lines) {
            let misfit = table.misfit.map { "the line '\($0)' has fewer or more cells than others" }
            return content(table.rows).map { ($0, misfit) }
        }
        // The default layout, whose cells have no blanks.
        let rows = lines.map { Scan.words($0) }
        guard let count = rows.first?.count, count >= 5 else { return nil }
        let whole = rows.filter { $0.count == count }
        guard let content = content(whole), case .rows = content else { return nil }
        let misfit = zip(rows, lines).first { $0.0.count != count }.map { $0.1.prefix(80) }
        return (content, misfit.map { "the line '\($0)' has fewer or more words than others" })
    }

    private static func content(_ rows: [[String]]) -> Content? {
        guard let columns = rows.first?.indices else { return nil }
        var free = Array(columns)
        func take(_ places: [Int], _ isSuch: (String) -> Bool) -> Int? {
            guard let place = places.first(where: { place in rows.allSatisfy { isSuch($0[place]) } }) else {
                return nil
            }
            free.removeAll { $0 == place }
            return place
        }
        let avail = take(free) { ["up", "down", "drain", "inact"].contains($0) }
        let state = take(free) { SlurmNodeState(parsing: $0) != nil || $0 == "n/a" }
        let limit = take(free) { isTimeLimit($0) }
        let nodes = take(free) { Int($0) != nil }
        let list = take(free.reversed()) { HostList.isList($0) }
        let partition = take(free) { isPartition($0) }
        if columns.count == 2, let list = list ?? partition, let state {
            return .states(nodes: rows.map { $0[list] }, states: rows.map { $0[state] })
        }
        guard let partition, list != nil || state != nil, free.isEmpty else { return nil }
        // Two names a line may be anything; a default partition or a list of nodes is Slurm's.
        let isTold =
            state != nil
            || rows.contains { row in
                row[partition].hasSuffix("*") || list.map { row[$0].contains("[") } ?? false
            }
        guard isTold else { return nil }
        return .rows(
            rows.map { row in
                var cells = Self.partition(row[partition])
                if let avail { cells.append(("avail", .string(row[avail]))) }
                if let limit { cells.append(("timelimit", .string(row[limit]))) }
                if let nodes { cells.append(("nodes", .known(Int(row[nodes])))) }
                if let state { cells.append(("state", .string(row[state]))) }
                if let list { cells.append(("nodelist", .string(row[list]))) }
                return cells
            })
    }

    private static func isPartition(_ text: String) -> Bool {
        let name = text.hasSuffix("*") ? text.dropLast() : text[...]
        return !name.isEmpty
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-.".contains($0)) }
    }

    /// "infinite", "7-00:00:00", "30:00".
    private static func isTimeLimit(_ text: String) -> Bool {
        if text == "infinite" || text == "n/a" { return true }
        return text.contains(":") && text.allSatisfy { $0.isASCII && ($0.isNumber || $0 == ":" || $0 == "-") }
    }
}
