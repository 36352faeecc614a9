/// Labels of one series, already written: `node="n1",pool="main"`. What several families share is written once.
package struct Labels: Hashable, Sendable {
    private(set) var text: [UInt8] = []

    /// - Parameter pairs: names are literals (`[a-z_]+`), each once; values any text. nil is left out.
    package init(_ pairs: (name: StaticString, value: String?)...) {
        for (name, value) in pairs { add(name, value) }
    }

    /// Of names that are known only now: what is not allowed in one becomes `_`.
    package init(named pairs: [(String, String)]) {
        for (name, value) in pairs { add(MetricName.valid(name), value) }
    }

    package func adding(_ name: StaticString, _ value: String?) -> Labels {
        var labels = self
        labels.add(name, value)
        return labels
    }

    private mutating func add(_ name: StaticString, _ value: String?) {
        guard let value else { return }
        name.withUTF8Buffer { add($0, value) }
    }

    private mutating func add(_ name: String, _ value: String) { add(name.utf8, value) }

    private mutating func add(_ name: some Sequence<UInt8>, _ value: String) {
        if !text.isEmpty { text.append(UInt8(ascii: ",")) }
        text += name
        text += "=\"".utf8
        Escape.label(value, into: &text)
        text.append(UInt8(ascii: "\""))
    }
}
