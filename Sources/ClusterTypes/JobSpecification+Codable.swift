// The two choices of a specification as readable JSON: {"argv": [...]}, {"script": "..."}; "arch=arm64".

extension JobCommand {
    private enum Key: String, CodingKey {
        case argv, script
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        if let argv = try container.decodeIfPresent([String].self, forKey: .argv) {
            self = .argv(argv)
        } else {
            self = .script(try container.decode(String.self, forKey: .script))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .argv(let words): try container.encode(words, forKey: .argv)
        case .script(let text): try container.encode(text, forKey: .script)
        }
    }
}

extension Constraint: CustomStringConvertible {
    /// `arch=arm64`, `pool=NAME`, `node=NAME`, `label:KEY=VALUE`; nil for anything else.
    package init?(parsing text: String) {
        guard let equals = text.firstIndex(of: "=") else { return nil }
        let key = text[..<equals]
        let value = String(text[text.index(after: equals)...])
        switch key {
        case "arch":
            guard let architecture = Architecture(rawValue: value) else { return nil }
            self = .architecture(architecture)
        case "pool": self = .pool(value)
        case "node": self = .node(value)
        default:
            guard key.hasPrefix("label:"), key.count > 6 else { return nil }
            self = .label(key: String(key.dropFirst(6)), value: value)
        }
    }

    package var description: String {
        switch self {
        case .architecture(let architecture): "arch=\(architecture.rawValue)"
        case .pool(let name): "pool=\(name)"
        case .node(let name): "node=\(name)"
        case .label(let key, let value): "label:\(key)=\(value)"
        }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let constraint = Constraint(parsing: text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "'\(text)' is no constraint; write arch=, pool=, node= or label:KEY=VALUE")
        }
        self = constraint
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
