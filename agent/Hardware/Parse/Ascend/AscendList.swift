import TextForms

/// Lists of `key : value` for one or more chips: `npu-smi info -l` and most of `npu-smi info -t …`.
///
/// A list of a card begins with the card's number; what its chips say follows in blocks set apart by empty lines,
/// and the number of the chip is the first or the last line of its block, or is left out for a card with one chip.
package struct AscendList: Hashable, Sendable {
    /// One for each block that is more than the head of a card's list; blocks of the same chip are one.
    package var readings: [AscendReadings] = []
    /// Numbers of cards in printed order, with what stands beside them: the answer of `-l`.
    package var cards: [AscendReadings] = []
    /// "Total Count", on some products "Card Count".
    package var totalCount: UInt32?

    package init(parsing text: String) {
        var block = AscendReadings()
        var card = AscendReadings()
        func add() {
            if let total = block.number("totalcount") ?? block.number("cardcount") { totalCount = total }
            if block.has("npuid") {
                card = block
                card.card = block.number("npuid")
                if cards.count < AscendText.deviceLimit { cards.append(card) }
            }
            guard !block.isHead else { return block = AscendReadings() }
            block.card = card.number("npuid")
            block.chip = block.number("chipid")
            if block.chip == nil, block.card != nil, (card.number("chipcount") ?? 1) == 1, !block.isManagement
            {
                block.chip = 0
                block.isChipAssumed = true
            }
            merge(block)
            block = AscendReadings()
        }
        var isAfterGap = false
        for line in AscendText.lines(text) {
            guard let (title, value) = Scan.pair(line) else {
                isAfterGap = isAfterGap || Scan.trimmed(line).isEmpty
                continue
            }
            let key = Self.key(title)
            // A line without a key goes on with the one above, even behind an empty line.
            if isAfterGap, !key.isEmpty { add() }
            isAfterGap = isAfterGap && key.isEmpty
            if block.has(key) || key == "npuid" || (key == "chipname" && block.begins(management: value)) {
                add()
            }
            block.append(key, value)
        }
        add()
    }

    private mutating func merge(_ block: AscendReadings) {
        let known = readings.firstIndex { other in
            other.card == block.card && other.chip == block.chip && other.isManagement == block.isManagement
        }
        if let known {
            readings[known].merge(block)
        } else if readings.count < AscendText.deviceLimit {
            readings.append(block)
        }
    }

    /// Versions write "AI Core Usage Rate(%)" and "Aicore Usage Rate(%)", "Temperature (C)" and "Temperature(C)".
    private static func key(_ title: String) -> String {
        String(title.lowercased().filter { !$0.isWhitespace && $0 != "-" && $0 != "_" })
    }

    package var chips: [AscendReadings] { readings.filter { !$0.isManagement } }

    package func chip(card: UInt32, chip: UInt32) -> AscendReadings? {
        chips.first { ($0.card ?? card) == card && ($0.chip ?? chip) == chip }
    }
}
