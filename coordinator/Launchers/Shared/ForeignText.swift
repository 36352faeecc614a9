/// What a program of somebody else has said, made fit for messages: bounded, in printable characters, and without the
/// secrets that it was given.
package struct ForeignText: Sendable {
    /// Shown to people: as much as fits on a screen.
    package static let limitCharacters = 1_000
    /// A reason stands in a table.
    package static let reasonCharacters = 300

    /// Shorter ones would be found in ordinary words.
    private static let leastSecret = 4

    private let secrets: [String]

    package init(masking secrets: [String]) {
        // A longer one may have a shorter one in it.
        self.secrets = secrets.filter { $0.utf8.count >= Self.leastSecret }.sorted {
            ($0.utf8.count, $0) > ($1.utf8.count, $1)
        }
    }

    /// Without secrets and control characters; its beginning, where it is too long.
    package func beginning(of text: String, limit: Int = ForeignText.limitCharacters) -> String {
        let clean = cleaned(text)
        return clean.count <= limit ? clean : clean.prefix(limit) + "…"
    }

    /// The last lines, which say why a program gave up.
    package func lastLines(of bytes: [UInt8], lines: Int = 8) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        let last = text.split(whereSeparator: \.isNewline).suffix(lines).joined(separator: "\n")
        let clean = cleaned(last)
        return clean.count <= Self.limitCharacters ? clean : "…" + clean.suffix(Self.limitCharacters)
    }

    private func cleaned(_ text: String) -> String {
        var text = text
        for secret in secrets { text = Self.replacing(secret, in: text) }
        let printable = text.unicodeScalars.map { scalar -> Character in
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            return isControl && scalar != "\n" ? " " : Character(scalar)
        }
        return String(printable).trimmedBlanks
    }

    private static func replacing(_ secret: String, in text: String) -> String {
        var result = ""
        var rest = text[...]
        while let range = rest.firstRange(of: secret) {
            result += rest[..<range.lowerBound] + "***"
            rest = rest[range.upperBound...]
        }
        return result + rest
    }
}

extension String {
    /// Without blanks and ends of lines around it.
    var trimmedBlanks: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }),
            let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}

extension Duration {
    /// `120 s`, for messages.
    var secondsText: String {
        let seconds = Double(components.seconds) + Double(components.attoseconds) / 1e18
        return seconds == seconds.rounded() ? "\(Int64(seconds)) s" : "\(seconds) s"
    }
}
