import TextForms

/// `--json` of Slurm's commands, whose members have changed their forms with each release.
enum SlurmJSON {
    /// A job is told with some 130.
    private static let valueLimit = 1 << 23

    struct Document: Sendable {
        /// The members of the whole, as printed.
        var topKeys: [String]
        /// Of the list that was asked for.
        var elements: [JSONValue]
        var isComplete: Bool
    }

    /// - Parameters:
    ///   - list: the plain name of the member that has the list.
    ///   - naming: a member that each element has.
    /// - Returns: nil where the text is no such document.
    static func document(_ text: String, list: String, naming: String) -> Document? {
        guard text.contains("{"), let (value, isComplete) = JSONReader.document(text, valueLimit: valueLimit),
            case .array(let elements)? = value.at(list)
        else { return nil }
        let isSlurm = value.at("meta") != nil || elements.first?.at(naming) != nil
        guard isSlurm, elements.allSatisfy({ $0.at(naming) != nil }) || !isComplete else { return nil }
        return Document(
            topKeys: value.members.map(\.printedName), elements: elements, isComplete: isComplete)
    }

    /// Lines that are an object each: what users make of `--format '{"id": %i, …}'`.
    ///
    /// - Returns: nil where the first line is none.
    static func lines(_ text: String) -> (rows: [JSONValue], misfit: String?)? {
        var rows: [JSONValue] = []
        for line in Scan.lines(text) where line.contains(where: { !$0.isWhitespace }) {
            guard let (value, isComplete) = JSONReader.document(line + "\n"), isComplete,
                !value.members.isEmpty
            else { return rows.isEmpty ? nil : (rows, String(line.prefix(80))) }
            rows.append(value)
        }
        return rows.isEmpty ? nil : (rows, nil)
    }

    /// 5, and `{"set": true, "infinite": false, "number": 5}`.
    static func number(_ value: JSONValue?) -> Int? {
        switch value {
        case .number(let number): return Int(exactly: number)
        case .string(let text): return Int(text)
        case .object:
            if value?.at("set") == .boolean(false) || value?.at("infinite") == .boolean(true) { return nil }
            return number(value?.at("number"))
        case .null, .boolean, .array, nil: return nil
        }
    }

    /// "PENDING", and `["PENDING"]`.
    static func words(_ value: JSONValue?) -> [String] {
        guard let value else { return [] }
        return value.elements.isEmpty ? [value.text].compactMap { $0 } : value.elements.compactMap(\.text)
    }
}

extension JSONText.Value {
    /// A value as it was read.
    init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .boolean(let isTrue): self = .boolean(isTrue)
        case .number(let number):
            self = .number(Int64(exactly: number).map { String($0) } ?? number.description)
        case .string(let text): self = .string(text)
        case .array(let elements): self = .array(elements.map { Self($0) })
        case .object(let members):
            self = .object(members.map { (key: $0.printedName, value: Optional(Self($0.value))) })
        }
    }
}
