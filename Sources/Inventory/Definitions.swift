package import YAMLSections

/// What `${NAME}` stands for in cluster files.
package struct Definitions: Sendable {
    /// Longer values are refused: each definition may hold the one before it twice.
    private static let valueBytes = 1 << 16

    private var values: [String: String] = [:]

    package init() {}

    /// A later definition replaces an earlier one.
    package mutating func define(_ name: String, _ value: String) { values[name] = value }

    package func value(of name: String) -> String? { values[name] }

    /// Lines `NAME=VALUE`, with `export` before them and quotes around the value as in a shell; `#` begins a comment.
    /// `${NAME}` in a value that does not stand in single quotes is what is defined before it.
    ///
    /// - Parameter more: looked at first.
    package mutating func read(
        _ text: String, _ faults: inout FaultList, more: (String) -> String? = { _ in nil }
    ) {
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
        {
            var line = line.trimmingBlanks()[...]
            if line.isEmpty || line.hasPrefix("#") { continue }
            if line.hasPrefix("export ") { line = line.dropFirst(7).trimmingBlanks()[...] }
            guard let equals = line.firstIndex(of: "="), HostCheck.isVariable(String(line[..<equals])) else {
                faults.add("this line is no NAME=VALUE", line: number + 1)
                continue
            }
            let name = String(line[..<equals])
            guard let (value, isLiteral) = Self.value(line[line.index(after: equals)...]) else {
                faults.add("the quotes of '\(name)' do not end, or something follows them", line: number + 1)
                continue
            }
            do throws(GrammarError) {
                let whole = isLiteral ? value : try Self.expand(value) { more($0) ?? values[$0] }
                guard whole.utf8.count <= Self.valueBytes else {
                    throw GrammarError("the value is longer than \(Self.valueBytes >> 10) KiB")
                }
                values[name] = whole
            } catch {
                faults.add("'\(name)': \(error.message)", line: number + 1)
            }
        }
    }

    /// - Returns: nil where quotes do not end or something follows them.
    private static func value(_ text: Substring) -> (text: String, isLiteral: Bool)? {
        let text = text.trimmingBlanks()
        guard let quote = text.first, quote == "'" || quote == "\"" else {
            var end = text.startIndex
            while end < text.endIndex {
                if text[end] == "#", end == text.startIndex || text[text.index(before: end)] == " " { break }
                end = text.index(after: end)
            }
            return (text[..<end].trimmingBlanks(), false)
        }
        var value = ""
        var rest = text.dropFirst()
        while let character = rest.popFirst() {
            if character == quote {
                let tail = rest.trimmingBlanks()
                return tail.isEmpty || tail.hasPrefix("#") ? (value, quote == "'") : nil
            }
            if character == "\\", quote == "\"", let next = rest.first, "\"\\".contains(next) {
                value.append(next)
                rest.removeFirst()
            } else {
                value.append(character)
            }
        }
        return nil
    }

    /// - Parameter value: of a name; nil: it is not defined.
    static func expand(
        _ text: String, _ value: (String) -> String?
    ) throws(GrammarError) -> String {
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            guard let opening = rest.first, Braces.openings.contains(opening) else {
                result.append("$")
                continue
            }
            guard let end = rest.firstIndex(where: Braces.closings.contains) else {
                throw GrammarError("'\(Braces.plain(text))' has a ${ without its }")
            }
            let name = String(rest[rest.index(after: rest.startIndex)..<end])
            guard HostCheck.isVariable(name) else {
                throw GrammarError("'${\(Braces.plain(name))}' is no variable; write ${NAME}")
            }
            guard let value = value(name) else {
                throw GrammarError(
                    "the variable ${\(name)} is not defined; define it with --set \(name)=…, in a file of "
                        + "definitions or in the environment")
            }
            result += value
            guard result.utf8.count <= valueBytes else {
                throw GrammarError("the value is longer than \(valueBytes >> 10) KiB")
            }
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }
}

/// `${NAME}` without quotes would end a plain text in `{ … }` and begin a mapping of YAML. So its braces are exchanged
/// before YAML is read, for as many other characters, so that all places stay what they are.
enum Braces {
    static let openings: [Character] = ["{", "\u{F8E0}"]
    static let closings: [Character] = ["}", "\u{F8E1}"]

    static func hidden(_ text: String) -> String {
        guard text.contains("${") else { return text }
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...]
            let tail = rest.dropFirst()
            let name = tail.dropFirst().prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            let after = rest[name.endIndex...]
            if tail.first == "{", !name.isEmpty, after.first == "}" {
                result += "$\u{F8E0}\(name)\u{F8E1}"
                rest = after.dropFirst()
            } else {
                result.append("$")
                rest = tail
            }
        }
        return result + rest
    }

    /// For messages.
    static func plain(_ text: String) -> String {
        String(
            text.map { character in
                switch character {
                case "\u{F8E0}": "{"
                case "\u{F8E1}": "}"
                default: character
                }
            })
    }
}
