/// Writes JSON with two blanks of indentation, keys in the order given; no encoder of Foundation is needed.
package struct JSONText {
    package indirect enum Value: Sendable {
        case string(String)
        case number(String)
        case boolean(Bool)
        case null
        case array([Value])
        /// nil values are left out.
        case object([(key: String, value: Value?)])

        package static func integer(_ number: some BinaryInteger) -> Value { .number(String(number)) }
        /// What is not known is said to be so, not left out.
        package static func known(_ text: String?) -> Value { text.map { .string($0) } ?? .null }
        package static func known(_ number: (some BinaryInteger)?) -> Value {
            number.map { .integer($0) } ?? .null
        }

        package static func known(_ texts: [String]?) -> Value {
            texts.map { .array($0.map { .string($0) }) } ?? .null
        }

        package static func optional(_ text: String?) -> Value? { text.map { .string($0) } }
        package static func optional(_ number: (some BinaryInteger)?) -> Value? {
            number.map { .integer($0) }
        }
        /// Left out where it is empty.
        package static func list(_ values: [Value]) -> Value? { values.isEmpty ? nil : .array(values) }
        /// In thousandths: 66920 is 66.92.
        package static func thousandths(_ number: UInt32) -> Value {
            .number(Thousandths.text(Int64(number)))
        }
    }

    private var text = ""
    private let isOneLine: Bool

    package static func write(_ value: Value, isOneLine: Bool = false) -> String {
        var writer = JSONText(isOneLine: isOneLine)
        writer.add(value, indentation: 0)
        return writer.text
    }

    private mutating func add(_ value: Value, indentation: Int) {
        switch value {
        case .string(let string): add(string)
        case .number(let number): text += number
        case .boolean(let isTrue): text += isTrue ? "true" : "false"
        case .null: text += "null"
        case .array(let values): addList(values.map { (nil, $0) }, "[", "]", indentation)
        case .object(let members):
            addList(members.compactMap { key, value in value.map { (key, $0) } }, "{", "}", indentation)
        }
    }

    private mutating func addList(
        _ members: [(key: String?, value: Value)], _ open: String, _ close: String, _ indentation: Int
    ) {
        text += open
        for (position, (key, value)) in members.enumerated() {
            if position > 0 { text += isOneLine ? ", " : "," }
            startLine(indentation + 2)
            if let key {
                add(key)
                text += ": "
            }
            add(value, indentation: indentation + 2)
        }
        if !members.isEmpty { startLine(indentation) }
        text += close
    }

    private mutating func startLine(_ indentation: Int) {
        if !isOneLine { text += "\n" + String(repeating: " ", count: indentation) }
    }

    private mutating func add(_ string: String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "\r": text += "\\r"
            case _ where scalar.value < 32 || scalar.value == 127:
                text += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

/// Decimal numbers without a formatter.
package enum Thousandths {
    /// 66920 is "66.92"; zeros at the end are left out.
    package static func text(_ thousandths: Int64) -> String {
        let (whole, rest) = thousandths.magnitude.quotientAndRemainder(dividingBy: 1_000)
        var fraction = String(String(1_000 + rest).dropFirst())
        while fraction.last == "0" { fraction.removeLast() }
        return (thousandths < 0 ? "-" : "") + String(whole) + (fraction.isEmpty ? "" : "." + fraction)
    }

    /// "1.5 GiB": three digits are enough for people.
    package static func bytes(_ bytes: Int64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var unit = 0
        var tenths = bytes.magnitude.multipliedReportingOverflow(by: 10).partialValue
        while tenths >= 10_240, unit < units.count - 1 {
            tenths = (tenths + 512) / 1_024
            unit += 1
        }
        let fraction = tenths % 10
        let number = fraction == 0 || tenths >= 1_000 ? String(tenths / 10) : "\(tenths / 10).\(fraction)"
        return "\(bytes < 0 ? "-" : "")\(number) \(units[unit])"
    }
}
