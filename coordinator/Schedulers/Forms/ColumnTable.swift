import TextForms

/// A table whose columns stand below the words of its header, and are set apart by nothing but blanks.
///
/// Where a column begins and ends, the rows tell: its cells end where its name ends, or begin where it begins. So a cell
/// may have blanks inside. A row that does not keep to that is read word by word, if it has as many words as there are
/// columns.
struct ColumnTable: Sendable {
    let names: [String]
    let rows: [[String]]
    /// A line that is no row of this table, cut to what a message has room for.
    let misfit: String?

    private struct Column {
        var start: Int
        /// Behind the last character of the name.
        var end: Int
        /// In how many rows a cell ends, or begins, where the name does.
        var ending = 0
        var starting = 0
        /// In more than half of them; in a table without rows both.
        var endsAlike = true
        var startsAlike = true
    }

    private let columns: [Column]

    /// - Parameters:
    ///   - header: the line with the names, one word each.
    ///   - lines: the rows, without empty ones.
    init(header: some StringProtocol, lines: [some StringProtocol]) {
        let header = Self.characters(header)
        let lines = lines.map { Self.characters($0) }
        self.init(
            names: Self.words(header).map { String(header[$0]) },
            columns: Self.columns(Self.words(header), lines), lines: lines)
    }

    /// - Parameters:
    ///   - names: of the columns, as many as there are rules.
    ///   - rules: a line of rows of dashes that are as wide as the columns.
    init(names: [String], rules: some StringProtocol, lines: [some StringProtocol]) {
        let words = Self.words(Self.characters(rules))
        // A cell of such a table is nowhere but below its rule.
        let columns = words.map { Column(start: $0.lowerBound, end: $0.upperBound, endsAlike: false) }
        self.init(names: names, columns: columns, lines: lines.map { Self.characters($0) })
    }

    private init(names: [String], columns: [Column], lines: [[Character]]) {
        self.names = names
        self.columns = columns
        var rows: [[String]] = []
        var misfit: String?
        for line in lines {
            guard let row = Self.row(line, columns) else {
                misfit = misfit ?? String(String(line).prefix(80))
                continue
            }
            rows.append(row)
        }
        self.rows = rows
        self.misfit = misfit
    }

    /// The place of a column; nil where the table has none of these names.
    func column(_ wanted: String...) -> Int? { names.firstIndex { wanted.contains($0) } }

    /// How many characters a column has room for; nil where that cannot be told, as of the last one.
    func width(_ column: Int) -> Int? {
        guard columns.indices.contains(column), column + 1 < columns.count else { return nil }
        if columns[column].endsAlike {
            let isAfterSuch = column == 0 || columns[column - 1].endsAlike
            let before = column == 0 ? -1 : columns[column - 1].end
            return isAfterSuch ? columns[column].end - before - 1 : nil
        }
        guard columns[column + 1].startsAlike else { return nil }
        return columns[column + 1].start - columns[column].start - 1
    }

    // MARK: Where columns are

    private static func characters(_ line: some StringProtocol) -> [Character] {
        var characters: [Character] = []
        for character in line {
            if character == "\t" {
                repeat { characters.append(" ") } while characters.count % 8 != 0
            } else {
                characters.append(character)
            }
        }
        return characters
    }

    private static func words(_ line: [Character]) -> [Range<Int>] {
        var words: [Range<Int>] = []
        var start: Int?
        for (position, character) in line.enumerated() {
            if character.isWhitespace {
                if let begun = start { words.append(begun..<position) }
                start = nil
            } else if start == nil {
                start = position
            }
        }
        if let start { words.append(start..<line.count) }
        return words
    }

    /// More than half of the rows decide: a strange one must not move the others' columns.
    private static func columns(_ names: [Range<Int>], _ lines: [[Character]]) -> [Column] {
        names.map { name in
            let end = name.upperBound
            let ending = lines.count { isBlank($0, end) && !isBlank($0, end - 1) }
            let starting = lines.count {
                !isBlank($0, name.lowerBound) && isBlank($0, name.lowerBound - 1)
            }
            return Column(
                start: name.lowerBound, end: end, ending: ending, starting: starting,
                endsAlike: 2 * ending >= lines.count, startsAlike: 2 * starting >= lines.count)
        }
    }

    private static func isBlank(_ line: [Character], _ position: Int) -> Bool {
        position < 0 || position >= line.count || line[position].isWhitespace
    }

    // MARK: Rows

    private static func row(_ line: [Character], _ columns: [Column]) -> [String]? {
        let words = words(line)
        let byWords = words.count == columns.count ? words.map { String(line[$0]) } : nil
        guard let cells = cells(line, columns) else { return byWords }
        let isFull = cells.dropLast().allSatisfy { !$0.isEmpty }
        return isFull ? cells : byWords ?? cells
    }

    /// nil where a border between two columns goes through a word.
    private static func cells(_ line: [Character], _ columns: [Column]) -> [String]? {
        var cells: [String] = []
        var start = 0
        for (position, column) in columns.enumerated() {
            guard position + 1 < columns.count else {
                cells.append(trimmed(line, start, line.count))
                break
            }
            let next = columns[position + 1]
            guard let border = borders(line, start, column, next).first(where: { isFree(line, $0, start) })
            else { return nil }
            cells.append(trimmed(line, start, border))
            start = border
        }
        return cells
    }

    /// Where one cell may end and the next one begin, the best told place first.
    private static func borders(_ line: [Character], _ start: Int, _ column: Column, _ next: Column) -> [Int]
    {
        let atEnd = column.endsAlike ? [column.end] : []
        let atStart = next.startsAlike ? [next.start] : []
        let known = column.ending >= next.starting ? atEnd + atStart : atStart + atEnd
        return known.isEmpty ? [gap(line, max(start, column.start), next)] : known
    }

    private static func isFree(_ line: [Character], _ border: Int, _ start: Int) -> Bool {
        border >= start && (isBlank(line, border - 1) || isBlank(line, border))
    }

    /// The widest room between a cell at its column's beginning and one at the next column's end.
    private static func gap(_ line: [Character], _ start: Int, _ next: Column) -> Int {
        var best = next.end..<next.end
        var begun: Int?
        for position in start..<max(start, next.end) {
            if isBlank(line, position) {
                begun = begun ?? position
            } else if let blank = begun {
                // What stands before the first cell is no room between two.
                if blank > start, position - blank >= best.count { best = blank..<position }
                begun = nil
            }
        }
        return best.isEmpty ? next.start : best.lowerBound
    }

    private static func trimmed(_ line: [Character], _ start: Int, _ end: Int) -> String {
        let end = min(end, line.count)
        return start < end ? Scan.trimmed(String(line[start..<end])) : ""
    }
}
