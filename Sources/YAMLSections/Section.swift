package import Yams

/// Everything found wrong in one file.
package struct FaultList {
    package let file: String
    package private(set) var faults: [Fault] = []

    package init(file: String) { self.file = file }

    package mutating func add(_ message: String, at mark: Mark?) {
        add(message, line: mark?.line, column: mark?.column)
    }

    /// - Parameters:
    ///   - line: counted from 1; nil where the whole file is meant.
    ///   - column: counted from 1.
    package mutating func add(_ message: String, line: Int?, column: Int? = nil) {
        faults.append(Fault(file: file, line: line, column: column, message: message))
    }

    /// In the order of the lines; those of the whole file come last.
    package var sorted: [Fault] {
        faults.enumerated().sorted { left, right in
            (left.element.line ?? .max, left.element.column ?? .max, left.offset)
                < (right.element.line ?? .max, right.element.column ?? .max, right.offset)
        }.map(\.element)
    }
}

/// A mapping of the file whose keys are known. Every reading method reports what is wrong and returns nil.
///
/// Texts are taken as they are written: `no` is the text "no", and `4` where a text is asked for is "4". Numbers
/// and `true` are only such without quotes.
package struct Section {
    /// How messages call it: empty at the top, `resources.devices` inside.
    package let path: String
    package let mark: Mark?
    private let values: [(key: String, value: Node)]
    /// Keys that unknown ones were probably meant to be.
    private let suggestions: [String]

    /// nil where the node is no mapping; unknown keys are reported, each with the word that was probably meant.
    package init?(_ node: Node, path: String, keys: [String], faults: inout FaultList) {
        guard case .mapping(let mapping) = node else {
            let what = path.isEmpty ? "the file" : "'\(path)'"
            faults.add("\(what) must be keys with values, such as \(keys.first ?? "key"): …", at: node.mark)
            return nil
        }
        self.path = path
        mark = node.mark
        var values: [(key: String, value: Node)] = []
        var suggestions: [String] = []
        for (key, value) in mapping {
            guard case .scalar(let word) = key else {
                faults.add("a key must be a word", at: key.mark)
                continue
            }
            if keys.contains(word.string) {
                values.append((word.string, value))
            } else {
                let meant = Suggestion.nearest(to: word.string, among: keys)
                if let meant { suggestions.append(meant) }
                let place = path.isEmpty ? "" : " in '\(path)'"
                let advice =
                    meant.map { "; did you mean '\($0)'?" } ?? "; keys are \(keys.joined(separator: ", "))"
                faults.add("unknown key '\(word.string)'\(place)\(advice)", at: key.mark)
            }
        }
        self.suggestions = suggestions
        self.values = values
    }

    /// Of a key that is given.
    package func mark(of key: String) -> Mark? { node(key)?.mark ?? mark }

    package func has(_ key: String) -> Bool { node(key) != nil }

    /// Not even a misspelling of it is there, which has its own fault.
    package func lacks(_ key: String) -> Bool { !has(key) && !suggestions.contains(key) }

    package func node(_ key: String) -> Node? { values.first { $0.key == key }?.value }

    package func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    package func text(_ key: String, _ faults: inout FaultList) -> String? {
        node(key).flatMap { Section.text($0, name: name(key), &faults) }
    }

    /// A text in a grammar of its own, such as an amount with its unit.
    package func value<Value>(
        _ key: String, _ faults: inout FaultList, _ parse: (String) throws(GrammarError) -> Value
    ) -> Value? {
        node(key).flatMap { Section.value($0, name: name(key), &faults, parse) }
    }

    /// A number, which has no quotes.
    package func number<Value>(
        _ key: String, _ faults: inout FaultList, _ parse: (String) throws(GrammarError) -> Value
    ) -> Value? {
        node(key).flatMap { Section.number($0, name: name(key), &faults, parse) }
    }

    package func whole(_ key: String, in range: ClosedRange<Int>, _ faults: inout FaultList) -> Int? {
        number(key, &faults) { text throws(GrammarError) in try Quantity.whole(text, in: range) }
    }

    package func flag(_ key: String, _ faults: inout FaultList) -> Bool? {
        number(key, &faults) { text throws(GrammarError) in
            switch text {
            case "true": return true
            case "false": return false
            default: throw GrammarError("'\(text)' is neither true nor false")
            }
        }
    }

    package func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, _ faults: inout FaultList, of type: Choice.Type
    ) -> Choice? where Choice.RawValue == String {
        value(key, &faults) { text throws(GrammarError) in try chosen(text) }
    }

    /// A list of texts.
    package func texts(_ key: String, _ faults: inout FaultList) -> [String]? {
        guard let node = node(key) else { return nil }
        guard case .sequence(let items) = node else {
            faults.add("'\(name(key))' must be a list, such as [a, b]", at: node.mark)
            return nil
        }
        let texts = items.enumerated().map { position, item in
            Section.text(item, name: "\(name(key))[\(position)]", &faults)
        }
        let known = texts.compactMap { $0 }
        return known.count == texts.count ? known : nil
    }

    /// One text or a list of texts, each with its place; those that are none are left out.
    package func oneOrMore(_ key: String, _ faults: inout FaultList) -> [(text: String, mark: Mark?)] {
        guard let node = node(key) else { return [] }
        guard case .sequence(let items) = node else {
            return Section.text(node, name: name(key), &faults).map { [($0, node.mark)] } ?? []
        }
        return items.enumerated().compactMap { position, item in
            Section.text(item, name: "\(name(key))[\(position)]", &faults).map { ($0, item.mark) }
        }
    }

    /// Names with texts, in the order of the file.
    package func dictionary(_ key: String, _ faults: inout FaultList) -> [(
        name: String, value: String, mark: Mark?
    )]? {
        entries(key, "{ NAME: value }", &faults)?.compactMap { name, value, mark in
            Section.text(value, name: "\(self.name(key)).\(name)", &faults).map { (name, $0, mark) }
        }
    }

    /// Names with anything, in the order of the file.
    ///
    /// - Parameter example: of what is right, for the message.
    package func entries(
        _ key: String, _ example: String, _ faults: inout FaultList
    ) -> [(name: String, value: Node, mark: Mark?)]? {
        node(key).flatMap { Section.entries(of: $0, "'\(name(key))'", example, &faults) }
    }

    /// - Parameter name: of the node, for messages: `the file`.
    package static func entries(
        of node: Node, _ name: String, _ example: String, _ faults: inout FaultList
    ) -> [(name: String, value: Node, mark: Mark?)]? {
        guard case .mapping(let mapping) = node else {
            faults.add("\(name) must be names with values, such as \(example)", at: node.mark)
            return nil
        }
        var result: [(name: String, value: Node, mark: Mark?)] = []
        for (left, right) in mapping {
            guard case .scalar(let word) = left else {
                faults.add("a name in \(name) must be a word", at: left.mark)
                continue
            }
            result.append((word.string, right, left.mark))
        }
        return result
    }

    /// A list of mappings that all have these keys.
    package func sections(_ key: String, keys: [String], _ faults: inout FaultList) -> [Section] {
        guard let node = node(key) else { return [] }
        guard case .sequence(let items) = node else {
            faults.add(
                "'\(name(key))' must be a list, such as [{ \(keys.first ?? "key"): … }]", at: node.mark)
            return []
        }
        return items.enumerated().compactMap { position, item in
            Section(item, path: "\(name(key))[\(position)]", keys: keys, faults: &faults)
        }
    }

    package func section(_ key: String, keys: [String], _ faults: inout FaultList) -> Section? {
        node(key).flatMap { Section($0, path: name(key), keys: keys, faults: &faults) }
    }

    package static func value<Value>(
        _ node: Node, name: String, _ faults: inout FaultList,
        _ parse: (String) throws(GrammarError) -> Value
    ) -> Value? {
        guard let text = text(node, name: name, &faults) else { return nil }
        do {
            return try parse(text)
        } catch {
            faults.add("'\(name)': \(error.message)", at: node.mark)
            return nil
        }
    }

    package static func number<Value>(
        _ node: Node, name: String, _ faults: inout FaultList,
        _ parse: (String) throws(GrammarError) -> Value
    ) -> Value? {
        if case .scalar(let scalar) = node, scalar.style != .plain {
            faults.add("'\(name)' is a number and is written without quotes", at: scalar.mark)
            return nil
        }
        return value(node, name: name, &faults, parse)
    }

    package static func text(_ node: Node, name: String, _ faults: inout FaultList) -> String? {
        guard case .scalar(let scalar) = node else {
            faults.add("'\(name)' must be a single value, not a list or keys", at: node.mark)
            return nil
        }
        let isPlain = scalar.style == .plain
        if isPlain, ["", "~", "null"].contains(scalar.string) {
            faults.add(
                "'\(name)' has no value; leave the key out, or write \"\" for an empty text", at: scalar.mark)
            return nil
        }
        guard ["", "tag:yaml.org,2002:str"].contains(scalar.tag.rawValue) else {
            faults.add(
                "'\(name)' has the tag \(scalar.tag.rawValue); tags are not understood here", at: scalar.mark)
            return nil
        }
        return scalar.string
    }
}

/// The case of this name; the error lists all names and suggests the near one.
package func chosen<Choice: RawRepresentable & CaseIterable>(
    _ text: String, of type: Choice.Type = Choice.self
) throws(GrammarError) -> Choice where Choice.RawValue == String {
    if let choice = Choice(rawValue: text) { return choice }
    let names = Choice.allCases.map(\.rawValue)
    let meant = Suggestion.nearest(to: text, among: names).map { "; did you mean '\($0)'?" } ?? ""
    throw GrammarError(
        names.count == 1
            ? "'\(text)' is not known; the only choice is \(names[0])"
            : "'\(text)' is not known; choose \(names.joined(separator: ", "))\(meant)")
}
