import TextForms

/// One element of a tool's XML. Only what `nvidia-smi -x` needs: no namespaces, no entities of its own.
package struct MarkupElement: Hashable, Sendable {
    package var name: String
    package var attributes: [String: String] = [:]
    /// All text directly inside, trimmed.
    package var text = ""
    package var children: [MarkupElement] = []
    /// Its end tag was there.
    package var isClosed = false

    package func child(_ name: String) -> MarkupElement? { children.first { $0.name == name } }

    package func all(_ name: String) -> [MarkupElement] { children.filter { $0.name == name } }

    /// The text at a path of first children; nil where the path ends, the text was cut or the tool does not
    /// know.
    package func value(_ path: String...) -> String? {
        var element = self
        for name in path {
            guard let next = element.child(name) else { return nil }
            element = next
        }
        return element.isClosed ? Scan.known(element.text) : nil
    }
}

/// Reads a tree from bytes that may start with other text, end anywhere and be wrong in any way.
package struct MarkupReader {
    private let bytes: [UInt8]
    private var position = 0
    private var open: [MarkupElement] = []
    private var roots: [MarkupElement] = []
    private var text: [[UInt8]] = []

    /// Deeper elements are dropped.
    private static let depthLimit = 64

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The first element of this name at the top; with `isClosed` false where the text ends too early.
    package static func read(_ bytes: [UInt8], root: String) -> MarkupElement? {
        read(bytes).first { $0.name == root }
    }

    /// All elements at the top: more than one where several answers follow each other, or the head was cut
    /// off.
    package static func read(_ bytes: [UInt8]) -> [MarkupElement] {
        var reader = MarkupReader(bytes)
        reader.readAll()
        return reader.roots
    }

    private mutating func readAll() {
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "<") else {
                let start = position
                position = index(of: UInt8(ascii: "<"), from: position) ?? bytes.count
                if !text.isEmpty { text[text.count - 1] += bytes[start..<position] }
                continue
            }
            if starts(with: "<!--") {
                skip(past: "-->")
            } else if starts(with: "<![CDATA[") {
                let start = position + 9
                skip(past: "]]>")
                if !text.isEmpty {
                    text[text.count - 1] += bytes[min(start, position)..<max(start, position - 3)]
                }
            } else if starts(with: "<?") || starts(with: "<!") {
                skip(past: ">")
            } else {
                readTag()
            }
        }
        while !open.isEmpty { close(isClosed: false) }
    }

    private mutating func readTag() {
        guard let end = index(of: UInt8(ascii: ">"), from: position) else {
            position = bytes.count
            return
        }
        var inside = bytes[(position + 1)..<end]
        position = end + 1
        if inside.first == UInt8(ascii: "/") {
            let name = Scan.trimmed(String(decoding: inside.dropFirst(), as: UTF8.self))
            guard let match = open.lastIndex(where: { $0.name == name }) else { return }
            while open.count > match + 1 { close(isClosed: false) }
            close(isClosed: true)
            return
        }
        let isEmpty = inside.last == UInt8(ascii: "/")
        if isEmpty { inside = inside.dropLast() }
        let nameEnd = inside.firstIndex { $0 <= 32 } ?? inside.endIndex
        let name = String(decoding: inside[..<nameEnd], as: UTF8.self)
        guard let first = name.utf8.first, isNameStart(first), open.count < Self.depthLimit else { return }
        open.append(MarkupElement(name: name, attributes: attributes(inside[nameEnd...])))
        text.append([])
        if isEmpty { close(isClosed: true) }
    }

    private mutating func close(isClosed: Bool) {
        guard var element = open.popLast(), let raw = text.popLast() else { return }
        element.text = Scan.trimmed(Self.decoded(raw))
        element.isClosed = isClosed
        if open.isEmpty {
            roots.append(element)
        } else {
            open[open.count - 1].children.append(element)
        }
    }

    private func attributes(_ bytes: ArraySlice<UInt8>) -> [String: String] {
        var attributes: [String: String] = [:]
        var rest = bytes
        while let equals = rest.firstIndex(of: UInt8(ascii: "=")) {
            let name = Scan.trimmed(String(decoding: rest[..<equals], as: UTF8.self))
            rest = rest[(equals + 1)...].drop { $0 <= 32 }
            guard let quote = rest.first, quote == 34 || quote == 39 else { return attributes }
            rest = rest.dropFirst()
            guard let end = rest.firstIndex(of: quote) else { return attributes }
            attributes[name] = Self.decoded(Array(rest[..<end]))
            rest = rest[(end + 1)...]
        }
        return attributes
    }

    private static func decoded(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        guard bytes.contains(UInt8(ascii: "&")) else { return text }
        var result = ""
        var rest = text[...]
        while let ampersand = rest.firstIndex(of: "&") {
            result += rest[..<ampersand]
            rest = rest[ampersand...]
            // Cut first: a text of nothing but ampersands is not searched from each of them.
            let name = rest.dropFirst().prefix(8).prefix { $0 != ";" }
            let after = rest.dropFirst(name.count + 1)
            if after.first == ";", let character = entity(name) {
                result.append(character)
                rest = after.dropFirst()
            } else {
                result.append("&")
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }

    private static func entity(_ name: Substring) -> Character? {
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            guard name.first == "#" else { return nil }
            let isHex = name.dropFirst().first == "x"
            let number = UInt32(name.dropFirst(isHex ? 2 : 1), radix: isHex ? 16 : 10)
            return number.flatMap(Unicode.Scalar.init).map(Character.init)
        }
    }

    private func isNameStart(_ byte: UInt8) -> Bool {
        65...90 ~= byte || 97...122 ~= byte || byte == UInt8(ascii: "_") || byte >= 128
    }

    private func starts(with prefix: StaticString) -> Bool {
        let count = prefix.utf8CodeUnitCount
        guard position + count <= bytes.count else { return false }
        return prefix.withUTF8Buffer { bytes[position..<(position + count)].elementsEqual($0) }
    }

    private mutating func skip(past mark: StaticString) {
        let count = mark.utf8CodeUnitCount
        while position < bytes.count {
            if starts(with: mark) {
                position += count
                return
            }
            position += 1
        }
    }

    private func index(of byte: UInt8, from start: Int) -> Int? {
        bytes[start...].firstIndex(of: byte)
    }
}
