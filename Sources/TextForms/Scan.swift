/// Small readings of text from outside. None can fail: what is not there is nil.
package enum Scan {
    package static func lines(_ text: String) -> [Substring] {
        text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    }

    package static func words(_ text: some StringProtocol) -> [String] {
        text.split(whereSeparator: { $0.isWhitespace }).map { String($0) }
    }

    package static func trimmed(_ text: some StringProtocol) -> String {
        let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
        let end = text.lastIndex { !$0.isWhitespace }.map(text.index(after:)) ?? start
        return String(text[start..<max(start, end)])
    }

    /// Cells set apart by a tab or at least two blanks; empty cells are not seen.
    package static func columns(_ text: some StringProtocol) -> [String] {
        var cells: [String] = []
        var cell = ""
        var blanks = 0
        for character in text {
            if character.isWhitespace {
                blanks += character == "\t" ? 2 : 1
                continue
            }
            if blanks >= 2, !cell.isEmpty {
                cells.append(cell)
                cell = ""
            } else if blanks == 1, !cell.isEmpty {
                cell.append(" ")
            }
            blanks = 0
            cell.append(character)
        }
        return cell.isEmpty ? cells : cells + [cell]
    }

    /// `key : value` at the first colon, both trimmed.
    package static func pair(_ line: some StringProtocol) -> (key: String, value: String)? {
        guard let colon = line.firstIndex(of: ":") else { return nil }
        return (trimmed(line[..<colon]), trimmed(line[line.index(after: colon)...]))
    }

    /// The number that a text begins with: "98 %", "66.92 W", "-5 C". nil for "N/A", "-", "[Not Supported]".
    package static func number(_ text: some StringProtocol) -> Double? {
        let digits = trimmed(text).prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "-") }
        guard let number = Double(digits), number.isFinite else { return nil }
        return number
    }

    package static func unsigned(_ text: some StringProtocol) -> UInt32? {
        number(text).flatMap { UInt32(exactly: $0.rounded()) }
    }

    package static func signed(_ text: some StringProtocol) -> Int32? {
        number(text).flatMap { Int32(exactly: $0.rounded()) }
    }

    /// 0...100; anything above is no percentage.
    package static func percent(_ text: some StringProtocol) -> UInt32? {
        unsigned(text).flatMap { $0 <= 100 ? $0 : nil }
    }

    package static func milliwatts(_ text: some StringProtocol) -> UInt32? {
        number(text).flatMap { $0 < 0 ? nil : UInt32(exactly: ($0 * 1_000).rounded()) }
    }

    /// "81559 MiB" in bytes; a number without a unit counts `unit` bytes. "MB" of these tools means MiB. More than
    /// 2^60 is no memory of anything, and would not go over the link.
    package static func bytes(_ text: some StringProtocol, unit: Int64 = 1 << 20) -> Int64? {
        guard let number = number(text), number >= 0 else { return nil }
        let name = trimmed(text).drop { $0.isASCII && ($0.isNumber || $0 == ".") }
        let factor: Int64? =
            switch trimmed(name).lowercased() {
            case "": unit
            case "b", "bytes": 1
            case "kib", "kb", "k": 1 << 10
            case "mib", "mb", "m": 1 << 20
            case "gib", "gb", "g": 1 << 30
            case "tib", "tb", "t": 1 << 40
            default: nil
            }
        return factor.flatMap { Int64(exactly: (number * Double($0)).rounded()) }.flatMap {
            $0 <= 1 << 60 ? $0 : nil
        }
    }

    /// nil for what tools write where they know nothing, and for more than a kibibyte, which is no value.
    package static func known(_ text: some StringProtocol) -> String? {
        let value = trimmed(text)
        guard value.utf8.count <= 1 << 10 else { return nil }
        switch value.lowercased() {
        case "", "-", "na", "n/a", "[n/a]", "none", "[not supported]", "not supported", "unknown": return nil
        default: return value
        }
    }

    /// As `known`, for what is sent as a name: nil where the coordinator would refuse it, and the node with it.
    package static func identifier(_ text: some StringProtocol) -> String? {
        known(text).flatMap { value in
            value.utf8.count <= 253 && !value.utf8.contains { $0 < 0x20 || $0 == 0x7F } ? value : nil
        }
    }

    /// The first line with something in it, cut to `limit` characters: for messages.
    package static func summary(_ text: String, limit: Int = 300) -> String {
        let line = lines(text).map { trimmed($0) }.first { !$0.isEmpty } ?? ""
        return line.count <= limit ? line : line.prefix(limit) + "…"
    }
}
