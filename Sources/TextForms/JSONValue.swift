/// A value of JSON. Keyed texts of tools that also print JSON are made into it, so that one reader serves both.
///
/// Names of members are kept plain (`plain`): what else differs between the versions of a tool is blanks, case and
/// punctuation.
package indirect enum JSONValue: Equatable, Sendable {
    package struct Member: Equatable, Sendable {
        package let name: String
        /// As it stands in the text: "GPU use (%)". Members that differ only in it are equal.
        package let printedName: String
        package let value: JSONValue

        package init(_ name: String, _ value: JSONValue) {
            self.name = JSONValue.plain(name)
            printedName = name
            self.value = value
        }

        package static func == (left: Member, right: Member) -> Bool {
            left.name == right.name && left.value == right.value
        }
    }

    /// Also what Python writes for numbers that are none: NaN, Infinity.
    case null
    case boolean(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// Letters and digits in lower case: "GPU use (%)" is "gpuuse".
    package static func plain(_ name: some StringProtocol) -> String {
        String(
            decoding: name.utf8.compactMap { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
                case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
                default: nil
                }
            }, as: UTF8.self)
    }

    package var members: [Member] {
        guard case .object(let members) = self else { return [] }
        return members
    }

    package var elements: [JSONValue] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    /// The member at the end of a path of plain names; of members of one name the first.
    package func at(_ path: String...) -> JSONValue? {
        var value = self
        for name in path {
            guard let next = value.members.first(where: { $0.name == name }) else { return nil }
            value = next.value
        }
        return value
    }

    /// A scalar as text, and `{"value": 10, "unit": "W"}` as "10 W"; nil for what is not known.
    package var text: String? {
        switch self {
        case .string(let text): return Scan.known(text)
        case .number(let number): return Self.text(number)
        case .object:
            if let value = at("value") {
                return value.scalar.flatMap { Scan.known($0) }.map {
                    $0 + (at("unit")?.scalar.map { " " + $0 } ?? "")
                }
            }
            return scalar.flatMap { Scan.known($0) }
        case .null, .boolean, .array: return nil
        }
    }

    /// Of an object, what stands behind its name in a keyed text.
    private var scalar: String? {
        switch self {
        case .string(let text): text
        case .number(let number): Self.text(number)
        case .object: at("")?.scalar
        case .null, .boolean, .array: nil
        }
    }

    /// Without an exponent, or nil.
    private static func text(_ number: Double) -> String? {
        if let whole = Int64(exactly: number) { return String(whole) }
        let text = number.description
        return text.utf8.contains(UInt8(ascii: "e")) ? nil : text
    }
}

/// Reads JSON that a tool has printed, warnings before it and other text behind it, as far as it goes.
///
/// A text that ends or goes wrong in the middle gives what was whole until there.
package struct JSONReader {
    /// Deeper values end the reading.
    private static let depthLimit = 32
    /// Values read at most, if nobody says more: 100 times what eight GPUs are told with.
    package static let valueLimit = 1 << 18
    /// Places that are tried: "[" also begins a line of a log.
    private static let startLimit = 16

    private let bytes: [UInt8]
    private var position: Int
    private var values = 0
    private let valueLimit: Int
    /// What follows cannot be read.
    private var isBroken = false

    /// The first object or array at the start of a line that is whole, or else the one that goes on longest.
    package static func document(
        _ text: String, valueLimit: Int = JSONReader.valueLimit
    ) -> (value: JSONValue, isComplete: Bool)? {
        let bytes = Array(text.utf8)
        var best: (value: JSONValue, length: Int)?
        for start in starts(bytes).prefix(startLimit) {
            var reader = JSONReader(bytes: bytes, position: start, valueLimit: valueLimit)
            guard let value = reader.value(depth: 0), value != .array([]), value != .object([]) else {
                continue
            }
            if !reader.isBroken {
                let further = reader.furtherElements()
                return further.isEmpty ? (value, true) : (.array([value] + further), false)
            }
            if reader.position - start > best?.length ?? 0 { best = (value, reader.position - start) }
        }
        return best.map { ($0.value, false) }
    }

    private init(bytes: [UInt8], position: Int, valueLimit: Int) {
        self.valueLimit = valueLimit
        self.bytes = bytes
        self.position = position
    }

    private static func starts(_ bytes: [UInt8]) -> [Int] {
        var starts: [Int] = []
        var isAtStart = true
        for (position, byte) in bytes.enumerated() where starts.count < startLimit {
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                if isAtStart { starts.append(position) }
                isAtStart = false
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"): isAtStart = true
            case UInt8(ascii: " "), UInt8(ascii: "\t"): break
            default: isAtStart = false
            }
        }
        return starts
    }

    /// Of an array whose beginning is cut off.
    private mutating func furtherElements() -> [JSONValue] {
        var elements: [JSONValue] = []
        while !isBroken, take(",") {
            if let value = value(depth: 0) { elements.append(value) }
        }
        return elements
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// nil where nothing whole stands here; then the reader is broken.
    private mutating func value(depth: Int) -> JSONValue? {
        skipBlanks()
        values += 1
        guard let byte = next, depth < Self.depthLimit, values <= valueLimit else {
            isBroken = true
            return nil
        }
        switch byte {
        case UInt8(ascii: "{"): return object(depth: depth)
        case UInt8(ascii: "["): return array(depth: depth)
        case UInt8(ascii: "\""): return string().map { .string($0) }
        default: return word()
        }
    }

    private mutating func object(depth: Int) -> JSONValue {
        position += 1
        var members: [JSONValue.Member] = []
        if take("}") { return .object([]) }
        repeat {
            skipBlanks()
            guard next == UInt8(ascii: "\""), let name = string(), take(":") else {
                isBroken = true
                break
            }
            if let value = value(depth: depth + 1) { members.append(JSONValue.Member(name, value)) }
        } while !isBroken && take(",")
        if !isBroken, !take("}") { isBroken = true }
        return .object(members)
    }

    private mutating func array(depth: Int) -> JSONValue {
        position += 1
        var elements: [JSONValue] = []
        if take("]") { return .array([]) }
        repeat {
            if let value = value(depth: depth + 1) { elements.append(value) }
        } while !isBroken && take(",")
        if !isBroken, !take("]") { isBroken = true }
        return .array(elements)
    }

    private mutating func string() -> String? {
        position += 1
        var content: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escape = next else { break }
                position += 1
                switch escape {
                case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"), UInt8(ascii: "b"),
                    UInt8(ascii: "f"):
                    content.append(UInt8(ascii: " "))
                case UInt8(ascii: "u"): content += Array(String(Character(scalar())).utf8)
                default: content.append(escape)
                }
            default: content.append(byte)
            }
        }
        isBroken = true
        return nil
    }

    /// Behind `\u`: four digits, and a second half where the first is one of a pair.
    private mutating func scalar() -> Unicode.Scalar {
        guard let first = unit() else { return "\u{FFFD}" }
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard bytes[position...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) else {
            return "\u{FFFD}"
        }
        position += 2
        guard (0xD800..<0xDC00).contains(first), let second = unit(), (0xDC00..<0xE000).contains(second)
        else {
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))
            ?? "\u{FFFD}"
    }

    private mutating func unit() -> UInt16? {
        let end = min(position + 4, bytes.count)
        guard let unit = UInt16(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16) else {
            return nil
        }
        position = end
        return unit
    }

    /// A number or a name; one that the text ends in may go on, and is none.
    private mutating func word() -> JSONValue? {
        let start = position
        while let byte = next, isOfWord(byte) { position += 1 }
        let word = String(decoding: bytes[start..<position], as: UTF8.self)
        guard next != nil, !word.isEmpty else {
            isBroken = true
            return nil
        }
        switch word {
        case "null", "NaN", "Infinity", "-Infinity": return .null
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        default:
            guard let first = word.utf8.first, first < UInt8(ascii: "A"), let number = Double(word) else {
                isBroken = true
                return nil
            }
            return number.isFinite ? .number(number) : .null
        }
    }

    private func isOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
