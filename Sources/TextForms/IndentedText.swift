/// Texts whose lines are `Name : value` or `Name`, each below the line that is indented less: `nvidia-smi -q` and the
/// many tools that print like it.
package enum IndentedText {
    /// Deeper lines are hung up here.
    private static let depthLimit = 32

    private struct Open {
        var indent: Int
        var name: String
        var text: String?
        var members: [JSONValue.Member] = []

        var value: JSONValue {
            let own = text.map { JSONValue.string($0) } ?? .null
            return members.isEmpty ? own : .object([JSONValue.Member("", own)] + members)
        }
    }

    /// - Returns: an object; what stands behind a name that has lines below it is its member "".
    package static func parse(_ text: String) -> JSONValue {
        var open = [Open(indent: -1, name: "")]
        func close(_ indent: Int, _ open: inout [Open]) {
            while open.count > 1, let last = open.last, last.indent >= indent || open.count > depthLimit {
                open.removeLast()
                open[open.count - 1].members.append(JSONValue.Member(last.name, last.value))
            }
        }
        for line in Scan.lines(text) {
            guard let first = line.firstIndex(where: { !$0.isWhitespace }) else { continue }
            let indent = line[..<first].reduce(0) { $0 + ($1 == "\t" ? 4 : 1) }
            close(indent, &open)
            let (name, value) = pair(line[first...])
            open.append(Open(indent: indent, name: name, text: value))
        }
        close(-1, &open)
        return .object(open.first?.members ?? [])
    }

    /// A colon that stands in a word ("0000:43:00.0") divides nothing.
    private static func pair(_ line: Substring) -> (name: String, value: String?) {
        var previous: Character = " "
        for index in line.indices {
            if line[index] == ":" {
                let rest = line[line.index(after: index)...]
                if previous.isWhitespace || rest.first.map(\.isWhitespace) ?? true {
                    let value = Scan.trimmed(rest)
                    return (Scan.trimmed(line[..<index]), value.isEmpty ? nil : value)
                }
            }
            previous = line[index]
        }
        return (Scan.trimmed(line), nil)
    }
}
