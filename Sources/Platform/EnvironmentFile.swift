/// Variables as a shell or systemd reads them from a file: `NAME=value`, `export NAME='value'`, comments.
package struct EnvironmentFile: Sendable, Hashable {
    package struct Variable: Sendable, Hashable {
        package var name: String
        package var value: String
    }

    package struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        /// From 1.
        package var line: Int
        package var message: String

        package var description: String { "line \(line): \(message)" }
    }

    /// In the order of the file; of one name that is given twice both.
    package private(set) var variables: [Variable] = []

    package init(parsing text: String) throws(Fault) {
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (index, line) in lines.enumerated() {
            do throws(Misread) {
                if let variable = try Self.variable(line) { variables.append(variable) }
            } catch {
                throw Fault(line: index + 1, message: error.what)
            }
        }
    }

    /// The last one counts.
    package subscript(name: String) -> String? { variables.last { $0.name == name }?.value }

    private struct Misread: Error {
        var what: String
    }

    private static func variable(_ line: Substring) throws(Misread) -> Variable? {
        var rest = trimmed(line)
        if rest.isEmpty || rest.first == "#" || rest.first == ";" { return nil }
        if rest.hasPrefix("export "), let name = rest.dropFirst(7).first(where: { $0 != " " }), name != "=" {
            rest = trimmed(rest.dropFirst(7))
        }
        guard let equals = rest.firstIndex(of: "=") else {
            throw Misread(what: "this is neither NAME=value nor a comment")
        }
        let name = String(rest[..<equals])
        guard isName(name) else {
            throw Misread(what: "'\(name.prefix(40))' is no name of a variable")
        }
        return Variable(name: name, value: try value(rest[rest.index(after: equals)...], of: name))
    }

    /// Words of a shell, joined: `"a b"c` is `a bc`. Nothing is expanded, and what a shell would expand is refused: the
    /// value would be another one than its author meant.
    private static func value(_ text: Substring, of name: String) throws(Misread) -> String {
        var value = ""
        var quote: Character?
        var rest = text
        while let character = rest.popFirst() {
            switch (character, quote) {
            case ("'", nil), ("\"", nil): quote = character
            case (_, .some(let open)) where character == open: quote = nil
            case ("\\", nil), ("\\", "\""):
                guard let next = rest.popFirst() else {
                    throw Misread(
                        what: "\(name) goes on in the next line, which is not read: write it in one")
                }
                if quote == "\"", !"\"\\$`".contains(next) { value.append("\\") }
                value.append(next)
            case ("$", nil), ("$", "\""), ("`", nil), ("`", "\""):
                throw Misread(
                    what: "\(name) has '\(character)', which a shell would expand and is not expanded here: "
                        + "write the value itself, in '…' if it has that sign")
            case (" ", nil), ("\t", nil):
                let more = trimmed(rest)
                guard more.isEmpty || more.first == "#" else {
                    throw Misread(what: "\(name) has a space outside of quotes")
                }
                return value
            default: value.append(character)
            }
        }
        guard quote == nil else { throw Misread(what: "\(name) has a quote that is not closed") }
        return value
    }

    private static func isName(_ text: String) -> Bool {
        text.first?.isNumber == false
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" }
        let rest = text.drop(while: isSpace)
        guard let last = rest.lastIndex(where: { !isSpace($0) }) else { return rest.prefix(0) }
        return rest[...last]
    }
}
