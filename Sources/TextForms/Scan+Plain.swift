extension Scan {
    /// A text without what terminals do with it: colours and other escape sequences, NUL and the byte order mark.
    package static func plain(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { isMark($0) }) else { return text }
        var plain = String.UnicodeScalarView()
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "\u{1B}" else {
                if !isMark(scalar) { plain.append(scalar) }
                continue
            }
            switch rest.popFirst() {
            case "[":
                // Parameters, then one letter; a sequence that is cut by the end of its line ends there.
                rest = rest.drop { "\u{20}"..."\u{3F}" ~= $0 }
                if let last = rest.first, "\u{40}"..."\u{7E}" ~= last { rest.removeFirst() }
            case "]":
                rest = rest.drop { $0 != "\u{07}" && $0 != "\u{1B}" && $0 != "\n" }
                if rest.first == "\u{07}" { rest.removeFirst() }
            case "(", ")": _ = rest.popFirst()
            default: break
            }
        }
        return String(plain)
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\u{1B}" || scalar == "\u{00}" || scalar == "\u{FEFF}"
    }
}
