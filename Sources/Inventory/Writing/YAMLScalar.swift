/// A text as YAML writes it, so that every reader of YAML takes it as this text and as nothing else.
enum YAMLScalar {
    /// Words that some readers take for truths or nothing.
    private static let words: Set<String> = ["y", "n", "yes", "no", "true", "false", "on", "off", "null"]

    static func text(_ text: String) -> String {
        if isPlain(text) { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            default:
                if isPrintable(scalar) {
                    quoted.unicodeScalars.append(scalar)
                } else {
                    let digits = String(scalar.value, radix: 16, uppercase: true)
                    let width = scalar.value > 0xFFFF ? 8 : 4
                    quoted += (width == 8 ? "\\U" : "\\u")
                    quoted += String(repeating: "0", count: width - digits.count) + digits
                }
            }
        }
        return quoted + "\""
    }

    /// Begins with a letter, or is an IPv4 address; then letters, digits and a few signs that mean nothing.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first else { return false }
        let isAddress = text.utf8.count { $0 == UInt8(ascii: ".") } == 3 && HostCheck.isAddress(text)
        guard isAddress || isLetter(first), !words.contains(text.lowercased()) else { return false }
        return text.utf8.allSatisfy { byte in
            isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "/")].contains(byte)
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD,
            0x10000...0x10FFFF:
            true
        default: false
        }
    }
}
