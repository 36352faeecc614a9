/// One row of a list.
package protocol ListDisplayable {
    static var columns: [Table.Column] { get }
    /// One for each column.
    var cells: [Cell] { get }
    /// What `--quiet` prints of it: the word other commands take to name it.
    var quietText: String { get }
}

/// One thing with all its properties, one below the other.
package protocol DetailDisplayable {
    /// Names and values, in the order to be read.
    var details: [(name: String, value: Cell)] { get }
    /// What `--quiet` prints of it.
    var quietText: String { get }
}

/// How results are printed: the one place that knows tables, JSON and quiet.
package struct Display: Sendable {
    package enum Format: String, Sendable, CaseIterable {
        case table
        case json
    }

    package var format: Format
    /// Only the words that name things, one a line. JSON stays JSON.
    package var isQuiet: Bool
    package var device: TerminalDevice

    package init(format: Format, isQuiet: Bool, device: TerminalDevice) {
        self.format = format
        self.isQuiet = isQuiet
        self.device = device
    }

    /// The text of a list.
    ///
    /// - Parameter json: its JSON; called for that format alone.
    package func text<Item: ListDisplayable>(list items: [Item], json: () throws -> String) rethrows -> String
    {
        switch format {
        case .json: return try json() + "\n"
        case .table:
            if isQuiet { return items.map { $0.quietText + "\n" }.joined() }
            if items.isEmpty { return "" }
            return Table(columns: Item.columns, rows: items.map(\.cells)).rendered(for: device)
        }
    }

    /// The text of one thing.
    ///
    /// - Parameter json: its JSON; called for that format alone.
    package func text(details item: some DetailDisplayable, json: () throws -> String) rethrows -> String {
        switch format {
        case .json: return try json() + "\n"
        case .table:
            if isQuiet { return item.quietText + "\n" }
            return Display.detailTable(item.details).rendered(for: device)
        }
    }

    /// Names on the left, values on the right, never cut: the terminal may wrap them.
    private static func detailTable(_ details: [(name: String, value: Cell)]) -> Table {
        Table(
            columns: [Table.Column("name"), Table.Column("value")],
            rows: details.map { [Cell($0.name, .faint), $0.value] }, hasHeading: false)
    }
}
