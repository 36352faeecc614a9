import TextForms

/// Which logic id each chip has: `npu-smi info -m`.
package struct AscendMapping: Hashable, Sendable {
    package struct Chip: Hashable, Sendable {
        package var card: UInt32
        package var chip: UInt32
        /// What programs and `ASCEND_RT_VISIBLE_DEVICES` count.
        package var logicID: UInt32
        /// The column "Chip Phy-ID" of newer tables.
        package var physicalID: UInt32?
        package var name: String
        /// The table had a column for the logic id; without one the card's number is it.
        package var hasLogicColumn = true

        /// Its number is the logic id; in tables without that, the physical one.
        package var deviceFile: String {
            "/dev/davinci\(hasLogicColumn ? logicID : physicalID ?? logicID)"
        }
    }

    /// A row without a logic id: a management unit or a processor of the card.
    package struct Unit: Hashable, Sendable {
        package var card: UInt32
        package var chip: UInt32
        package var name: String
    }

    /// Compute chips only.
    package var chips: [Chip] = []
    package var units: [Unit] = []
    package var hasHeader = false

    private enum Column: String, CaseIterable {
        case card = "NPU ID"
        case slot = "Slot ID"
        case chip = "Chip ID"
        case logic = "Chip Logic ID"
        case physical = "Chip Phy-ID"
        case name = "Chip Name"
    }

    package init(parsing text: String) {
        // Where the head is cut off.
        var columns: [Column] = []
        for line in AscendText.lines(text) {
            let words = Scan.words(line)
            if let found = Self.columns(words.joined(separator: " ")) {
                columns = found
                hasHeader = true
                continue
            }
            let ids = words.prefix { $0 == "-" || Int64($0) != nil }.count
            let names = columns.isEmpty ? Self.usual(ids) : columns
            guard names.count >= 3, words.count >= names.count else { continue }
            read(words, names)
        }
    }

    /// Only the last column may have blanks in it.
    private mutating func read(_ words: [String], _ columns: [Column]) {
        func word(_ column: Column) -> String? { columns.firstIndex(of: column).map { words[$0] } }
        func number(_ column: Column) -> UInt32? { word(column).flatMap { AscendText.number($0) } }
        guard let card = number(.card), let chip = number(.chip) else { return }
        let name = columns.last == .name ? words[(columns.count - 1)...].joined(separator: " ") : ""
        let hasLogicColumn = columns.contains(.logic)
        // The newest tables have physical ids alone, and the NPU id is the logic id.
        let logicID = hasLogicColumn ? number(.logic) : number(.physical).map { _ in card }
        guard let logicID else {
            units.append(Unit(card: card, chip: chip, name: name))
            return
        }
        chips.append(
            Chip(
                card: card, chip: chip, logicID: logicID, physicalID: number(.physical), name: name,
                hasLogicColumn: hasLogicColumn))
    }

    private static func columns(_ line: String) -> [Column]? {
        guard line.hasPrefix(Column.card.rawValue) else { return nil }
        var columns: [Column] = []
        var rest = Substring(line)
        while !rest.isEmpty {
            guard let column = Column.allCases.first(where: { rest.hasPrefix($0.rawValue) }) else {
                return nil
            }
            columns.append(column)
            rest = rest.dropFirst(column.rawValue.count).drop { $0 == " " }
        }
        return columns.contains(.chip) ? columns : nil
    }

    private static func usual(_ ids: Int) -> [Column] {
        switch ids {
        case 3: [.card, .chip, .logic, .name]
        case 4: [.card, .chip, .logic, .physical, .name]
        default: []
        }
    }

    package func chip(card: UInt32, chip: UInt32) -> Chip? {
        chips.first { $0.card == card && $0.chip == chip }
    }
}
