import ClusterTypes

/// The words of one command line.
final class Arguments {
    private var words: [String]

    init(_ line: String) { words = line.split(separator: " ").map(String.init) }

    func nextOrNil() -> String? { words.isEmpty ? nil : words.removeFirst() }

    func next(_ what: String) throws -> String {
        guard let word = nextOrNil() else { throw WorldError("\(what) is missing") }
        return word
    }

    func expect(_ word: String) throws {
        guard try next("'\(word)'") == word else { throw WorldError("'\(word)' is missing") }
    }

    /// The value of `name=value`, wherever it stands.
    func option(_ name: String) -> String? {
        guard let position = words.firstIndex(where: { $0.hasPrefix(name + "=") }) else { return nil }
        return String(words.remove(at: position).dropFirst(name.count + 1))
    }

    func flag(_ name: String) -> Bool {
        guard let position = words.firstIndex(of: name) else { return false }
        words.remove(at: position)
        return true
    }

    /// The next word, if it is `key=value`.
    func nextIfPair() -> (key: String, value: String)? {
        guard let word = words.first, let equals = word.firstIndex(of: "=") else { return nil }
        words.removeFirst()
        return (String(word[..<equals]), String(word[word.index(after: equals)...]))
    }

    func rest() -> [String] {
        defer { words = [] }
        return words
    }

    func end() throws {
        if !words.isEmpty { throw WorldError("'\(words.joined(separator: " "))' is not understood") }
    }
}

func number<Number: FixedWidthInteger>(_ text: String) throws -> Number {
    guard let number = Number(text) else { throw WorldError("'\(text)' is no number") }
    return number
}

func choice<Choice: RawRepresentable<String>>(_ text: String) throws -> Choice {
    guard let choice = Choice(rawValue: text) else { throw WorldError("'\(text)' is no \(Choice.self)") }
    return choice
}

func bytes(_ text: String) throws -> Int64 {
    if text.hasSuffix("GiB") { return try number(String(text.dropLast(3))) << 30 }
    return try number(String(text.dropLast(3))) << 20
}

func duration(_ text: String) throws -> Duration {
    if text.hasSuffix("ms") { return .milliseconds(try number(String(text.dropLast(2))) as Int64) }
    if text.hasSuffix("m") { return .seconds(try number(String(text.dropLast())) as Int64 * 60) }
    return .seconds(try number(String(text.dropLast())) as Int64)
}

/// `12.3`
func key(_ text: String) throws -> SlotKey {
    let parts = text.split(separator: ".")
    guard parts.count == 2 else { throw WorldError("'\(text)' is no SLOT.GENERATION") }
    return SlotKey(SlotID(try number(String(parts[0]))), Generation(try number(String(parts[1]))))
}
