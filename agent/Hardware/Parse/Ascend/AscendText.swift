/// What `npu-smi` prints, as plain lines: people save it with colours, other line ends and blanks of all kinds.
enum AscendText {
    /// More chips than any machine has: what goes on behind them is no answer of the tool.
    static let deviceLimit = 1_024

    /// The lines without terminal sequences and control characters; tabs stay, a no-break space is a blank. What
    /// follows the last line end is the last element, "" where there is nothing.
    static func lines(_ text: String) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        func endLine() {
            lines.append(String(line))
            line = String.UnicodeScalarView()
        }
        var scalars = text.unicodeScalars.makeIterator()
        var next = scalars.next()
        while let scalar = next {
            next = scalars.next()
            switch scalar.value {
            case 0x0A: endLine()
            case 0x0D: if next?.value != 0x0A { endLine() }
            case 0x09: line.append(scalar)
            case 0xA0: line.append(" ")
            case 0x1B:
                guard let kind = next, kind.value != 0x0A, kind.value != 0x0D else { continue }
                next = scalars.next()
                // ESC [ … ends with a letter or sign; other sequences have one character.
                guard kind == "[" else { continue }
                while let inside = next, (0x20...0x3F).contains(inside.value) { next = scalars.next() }
                if let end = next, (0x40...0x7E).contains(end.value) { next = scalars.next() }
            case 0...0x1F, 0x7F...0x9F, 0x200B, 0xFEFF: continue
            default: line.append(scalar)
            }
        }
        endLine()
        return lines
    }

    /// The cells of a row of a table, trimmed; nil for what is no row.
    static func cells(_ line: String) -> [String]? {
        let line = Scan.trimmed(line)
        guard line.hasPrefix("|") else { return nil }
        let inside = line.dropFirst().dropLast(line.count > 1 && line.hasSuffix("|") ? 1 : 0)
        return inside.split(separator: "|", omittingEmptySubsequences: false).map { Scan.trimmed($0) }
    }

    /// A name that goes over the link: nil for "NA", for what is too long and for control characters.
    static func name(_ text: some StringProtocol) -> String? { Scan.identifier(text) }

    /// A number of the tool's own counting; nil for "-", "NA" and "-1".
    static func number(_ text: some StringProtocol) -> UInt32? { UInt32(Scan.trimmed(text)) }
}

/// A used part of a whole; either may be unknown.
package struct AscendUsage: Hashable, Sendable {
    package var used: Int64?
    package var total: Int64?

    package init(used: Int64?, total: Int64?) {
        self.used = used
        self.total = total
    }
}

/// A process that uses a chip.
package struct AscendProcess: Hashable, Sendable {
    package var card: UInt32
    /// nil where the tool names the card alone.
    package var chip: UInt32?
    package var processID: UInt32
    /// In its container; newer versions tell it.
    package var containerProcessID: UInt32?
    /// Empty where the tool could not find it out, as for processes of other containers.
    package var name: String
    package var memoryBytes: Int64?
}
