import TextForms

/// The tables in an output of `squeue` or `sinfo`: a header and its rows, for each cluster that was asked for (`-M`).
struct SlurmListing: Sendable {
    struct Section: Sendable {
        var cluster: String?
        var names: [String]
        var rows: [[String]]
        /// How many characters each column has room for, where that is known.
        var widths: [Int?]
        var misfit: String?
    }

    var sections: [Section] = []
    /// The last line has its end, so that what is missing at its end was never there.
    private let endsWithLine: Bool
    /// The header's last name is one that is there to its end: only then may there be no rows.
    private var hasWholeHeader = false
    /// Blanks, with which a further line begins.
    private let endsWithBlanks: Bool

    /// - Parameter isHeader: whether words are those that a header of the tool has.
    /// - Returns: nil where there is no header.
    init?(parsing text: String, isHeader: ([String]) -> Bool) {
        endsWithLine = text.last?.isNewline ?? false
        let tail = text.reversed().prefix { !$0.isNewline }
        endsWithBlanks = !tail.isEmpty && tail.allSatisfy(\.isWhitespace)
        var cluster: String?
        var header: (line: Substring, names: [String], separator: String?)?
        var lines: [Substring] = []
        func close(_ sections: inout [Section]) {
            guard let header else { return }
            let section = Self.section(header, lines, cluster)
            // `squeue -i 10` looks again and again: only its last look counts.
            if cluster == nil { sections = [section] } else { sections.append(section) }
        }
        for line in Scan.lines(text) where line.contains(where: { !$0.isWhitespace }) {
            if line.hasPrefix("CLUSTER:") {
                close(&sections)
                header = nil
                lines = []
                cluster = Scan.pair(line)?.value
            } else if let names = Self.names(line, isHeader) {
                close(&sections)
                header = (line, names.names, names.separator)
                lines = []
            } else if !Self.isDate(line), !SlurmFailure.isRemark(line) {
                lines.append(line)
            }
        }
        guard header != nil || !sections.isEmpty else { return nil }
        close(&sections)
        if let last = header?.names.last {
            hasWholeHeader = endsWithLine || last == "NODELIST(REASON)"
        }
    }

    private static func names(
        _ line: Substring, _ isHeader: ([String]) -> Bool
    ) -> (names: [String], separator: String?)? {
        // A header has capitals alone, and nearly no row has: this is asked of every line.
        guard !line.utf8.contains(where: { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 }) else { return nil }
        let words = Scan.words(line)
        if isHeader(words) { return (words, nil) }
        guard let table = SeparatedTable(lines: [line]), isHeader(table.rows[0]) else { return nil }
        return (table.rows[0], table.separator)
    }

    private static func section(
        _ header: (line: Substring, names: [String], separator: String?), _ lines: [Substring],
        _ cluster: String?
    ) -> Section {
        if let separator = header.separator {
            let table = SeparatedTable(separator, columns: header.names.count, lines: lines)
            return Section(
                cluster: cluster, names: header.names, rows: table.rows,
                widths: header.names.map { _ in nil }, misfit: table.misfit)
        }
        let table = ColumnTable(header: header.line, lines: lines)
        return Section(
            cluster: cluster, names: header.names, rows: table.rows,
            widths: header.names.indices.map { table.width($0) }, misfit: table.misfit)
    }

    /// "Thu Mar 11 14:14:02 2021", which `-l` and `-i` write first.
    static func isDate(_ line: some StringProtocol) -> Bool {
        let words = Scan.words(line)
        guard words.count == 5 || words.count == 6, let day = words.first else { return false }
        return ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains(day) && words[3].contains(":")
    }

    /// What shows that the listing is not whole; nil where nothing does.
    var truncation: String? {
        for section in sections {
            if let misfit = section.misfit {
                return "the line '\(misfit)' does not have the header's columns"
            }
            for row in section.rows {
                guard let last = row.last, row.count == section.names.count else { continue }
                if row.count > 2, row.suffix(2).allSatisfy(\.isEmpty) {
                    return "the line of '\(row[0])' ends before its last columns"
                }
                if !Self.isBalanced(last) { return "'\(last.prefix(80))' has no end" }
            }
        }
        guard let last = sections.last else { return nil }
        if last.rows.isEmpty, !hasWholeHeader { return "it ends within its header" }
        if endsWithBlanks { return "it ends within a line" }
        if let row = last.rows.last, row.last?.isEmpty == true, !endsWithLine {
            return "the line of '\(row[0])' ends before its last column"
        }
        return nil
    }

    /// Whatever is opened is closed. What people write (a reason) may close more than was opened.
    static func isBalanced(_ text: String) -> Bool {
        func count(_ sign: Character) -> Int { text.count { $0 == sign } }
        let isReason = text.hasPrefix("(")
        return count("[") <= count("]") && (!isReason || count("(") <= count(")"))
    }
}
