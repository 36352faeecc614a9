/// Colours mean something and nothing else does: each is also said in words.
package enum CellStyle: Sendable, Hashable {
    case plain
    /// Went well.
    case good
    /// Needs a look.
    case warning
    /// Went wrong.
    case bad
    /// Of less interest.
    case faint

    fileprivate var escapeCode: String? {
        switch self {
        case .plain: nil
        case .good: "32"
        case .warning: "33"
        case .bad: "31"
        case .faint: "2"
        }
    }

    /// The text in this style's colour; as it is where the device has none.
    package func applied(to text: String, on device: TerminalDevice) -> String {
        guard device.usesColor, let escapeCode, !text.isEmpty else { return text }
        return "\u{1B}[\(escapeCode)m\(text)\u{1B}[0m"
    }
}

/// One field of a table.
package struct Cell: Sendable, Hashable, ExpressibleByStringInterpolation {
    /// Without control characters.
    package let text: String
    package let style: CellStyle

    package init(_ text: String, _ style: CellStyle = .plain) {
        self.text = DisplayWidth.printable(text)
        self.style = style
    }

    package init(stringLiteral text: String) { self.init(text) }

    /// A dash where there is nothing to say, so that every column has a word for cutting tools.
    package init(optional text: String?, _ style: CellStyle = .plain) {
        if let text, !text.isEmpty { self.init(text, style) } else { self.init("-", .faint) }
    }
}

/// Rows under a heading, in columns as wide as their widest field.
///
/// Two blanks stand between columns, none at the end of a line. Numbers stand on the right. On a terminal the
/// columns that allow it are cut so that a row stays one line; in a file or pipe nothing is ever cut.
package struct Table: Sendable {
    package struct Column: Sendable, Hashable {
        package enum Alignment: Sendable, Hashable {
            case left
            case right
        }

        package var title: String
        package var alignment: Alignment
        /// May be cut to fit the terminal, the widest first.
        package var isElastic: Bool

        package init(_ title: String, _ alignment: Alignment = .left, isElastic: Bool = false) {
            self.title = title
            self.alignment = alignment
            self.isElastic = isElastic
        }
    }

    package var columns: [Column]
    package var rows: [[Cell]]
    /// False for a table of names and values.
    package var hasHeading: Bool

    /// - Precondition: every row has as many cells as there are columns.
    package init(columns: [Column], rows: [[Cell]], hasHeading: Bool = true) {
        precondition(
            rows.allSatisfy { $0.count == columns.count }, "Every row needs a cell for every column.")
        self.columns = columns
        self.rows = rows
        self.hasHeading = hasHeading
    }

    /// The lines, each ended by a line feed.
    package func rendered(for device: TerminalDevice) -> String {
        let widths = fittedWidths(on: device)
        var result = ""
        if hasHeading {
            result += line(columns.map { Cell($0.title) }, widths: widths, on: device)
        }
        for row in rows {
            result += line(row, widths: widths, on: device)
        }
        return result
    }

    private static let gap = 2
    /// An elastic column is never cut below this.
    private static let leastWidth = 8

    private func fittedWidths(on device: TerminalDevice) -> [Int] {
        var widths = columns.indices.map { column in
            let widest = rows.map { DisplayWidth.of($0[column].text) }.max() ?? 0
            return max(widest, hasHeading ? DisplayWidth.of(columns[column].title) : 0)
        }
        guard let limit = device.width else { return widths }
        var surplus = widths.reduce(0, +) + Table.gap * max(0, columns.count - 1) - limit
        while surplus > 0 {
            let candidates = columns.indices.filter { columns[$0].isElastic && widths[$0] > Table.leastWidth }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            surplus -= 1
        }
        return widths
    }

    private func line(_ cells: [Cell], widths: [Int], on device: TerminalDevice) -> String {
        var result = ""
        var pendingBlanks = 0
        for (column, cell) in cells.enumerated() {
            let text = DisplayWidth.truncated(cell.text, to: widths[column])
            let padding = widths[column] - DisplayWidth.of(text)
            if columns[column].alignment == .right { pendingBlanks += padding }
            if !text.isEmpty {
                result += String(repeating: " ", count: pendingBlanks)
                result += cell.style.applied(to: text, on: device)
                pendingBlanks = 0
            }
            if columns[column].alignment == .left { pendingBlanks += padding }
            pendingBlanks += Table.gap
        }
        return result + "\n"
    }
}
