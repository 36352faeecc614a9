import TextForms

/// What `npu-smi` prints, as plain lines: people save it with colours, other line ends and blanks of all kinds.
enum AscendText {
    /// More chips than any machine has: what goes on behind them is no answer of the tool.
    static let deviceLimit = 1_024

    /// The lines without terminal sequences and control characters; tabs stay, a no-break space is a blank. What
    /// follows the last line end is the last element, "" where there is nothing.
    static func lines(_ text: String) -> [String] {
        text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).flatMap { line in
            let line = line.last == 0x0D ? line.dropLast() : line
            let isPlain = line.allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x09 }
            let text = String(decoding: line, as: UTF8.self)
            return isPlain ? [text] : cleaned(text)
        }
    }

    /// One line, or several where a carriage return is all that ends them.
    private static func cleaned(_ text: String) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var scalars = text.unicodeScalars.makeIterator()
        var next = scalars.next()
        while let scalar = next {
            next = scalars.next()
            switch scalar.value {
            case 0x0D:
                lines.append(String(line))
                line = String.UnicodeScalarView()
            case 0x09: line.append(scalar)
            case 0xA0: line.append(" ")
            case 0x1B:
                guard let kind = next else { continue }
                next = scalars.next()
                // ESC [ … ends with a letter or sign, ESC ( takes one more; other sequences have one character.
                if kind == "(" { next = scalars.next() }
                guard kind == "[" else { continue }
                while let inside = next, (0x20...0x3F).contains(inside.value) { next = scalars.next() }
                if let end = next, (0x40...0x7E).contains(end.value) { next = scalars.next() }
            case 0...0x1F, 0x7F...0x9F, 0x200B, 0xFEFF: continue
            default: line.append(scalar)
            }
        }
        return lines + [String(line)]
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
    /// nil where the list does not name it, as with the chip.
    package var card: UInt32?
    package var chip: UInt32?
    package var processID: UInt32
    /// In its container; newer versions tell it.
    package var containerProcessID: UInt32?
    /// Empty where the tool could not find it out, as for processes of other containers.
    package var name: String
    package var memoryBytes: Int64?
}
