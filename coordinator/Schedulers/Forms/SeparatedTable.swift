import TextForms

/// Rows whose cells are set apart by a sign: `squeue -h -o '%i|%t'`, `^^^` included.
///
/// The sign is found by what the rows have in common: it stands in each of them equally often.
struct SeparatedTable: Sendable {
    let separator: String
    let rows: [[String]]
    /// A line that has fewer or more cells than the others.
    let misfit: String?

    /// Those that squeue and sinfo do not use themselves first: a comma also stands in lists of hosts.
    private static let signs: [Character] = ["^", "|", ";", "\t", ","]

    /// - Parameter lines: at least one; the first one is taken for whole.
    /// - Returns: nil where no sign divides the lines.
    init?(lines: [some StringProtocol]) {
        guard let first = lines.first else { return nil }
        for sign in Self.signs {
            let width = lines.map { Self.shortestRun(of: sign, in: $0) }.filter { $0 > 0 }.min() ?? 0
            guard width > 0, Self.shortestRun(of: sign, in: first) > 0 else { continue }
            let separator = String(repeating: sign, count: width)
            let rows = lines.map { Self.cells($0, separator) }
            let count = rows[0].count
            guard count > 1, 2 * rows.count(where: { $0.count == count }) > rows.count else { continue }
            self.separator = separator
            // `-o '%P|%N|'` ends each row with its sign.
            let endsEmpty = rows.allSatisfy { $0.count != count || $0.last?.isEmpty == true }
            let isShorter = endsEmpty && count > 2
            misfit = zip(rows, lines).first { $0.0.count != count }.map { String($0.1.prefix(80)) }
            self.rows = rows.filter { $0.count == count }.map { isShorter ? Array($0.dropLast()) : $0 }
            return
        }
        return nil
    }

    /// Rows below a header that has told the sign and how many cells each has.
    init(_ separator: String, columns count: Int, lines: [some StringProtocol]) {
        self.separator = separator
        let rows = lines.map { line in
            let cells = Self.cells(line, separator)
            return cells.count == count + 1 && cells.last == "" ? cells.dropLast() : cells
        }
        misfit = zip(rows, lines).first { $0.0.count != count }.map { String($0.1.prefix(80)) }
        self.rows = rows.filter { $0.count == count }
    }

    private static func shortestRun(of sign: Character, in line: some StringProtocol) -> Int {
        var shortest = 0
        var run = 0
        for character in line {
            if character == sign {
                run += 1
            } else if run > 0 {
                shortest = shortest == 0 ? run : min(shortest, run)
                run = 0
            }
        }
        return run > 0 ? (shortest == 0 ? run : min(shortest, run)) : shortest
    }

    /// Trimmed. What stands in brackets is not divided by commas.
    private static func cells(_ line: some StringProtocol, _ separator: String) -> [String] {
        guard separator == "," else { return split(line, separator).map { Scan.trimmed($0) } }
        return HostList.parts(line).map { Scan.trimmed($0) }
    }

    private static func split(_ line: some StringProtocol, _ separator: String) -> [String] {
        if separator.utf8.count == 1, let sign = separator.first {
            return line.split(separator: sign, omittingEmptySubsequences: false).map { String($0) }
        }
        var cells: [String] = []
        var cell = ""
        var rest = line[...]
        while let character = rest.first {
            if rest.hasPrefix(separator) {
                cells.append(cell)
                cell = ""
                rest = rest.dropFirst(separator.count)
            } else {
                cell.append(character)
                rest = rest.dropFirst()
            }
        }
        return cells + [cell]
    }
}
