import YAMLSections

/// Takes a JSON array apart into one payload for each element: a string as it is, any other value as its JSON
/// without blanks. Numbers keep their digits as written, which a decoder would not promise.
struct JSONArrayScanner {
    private struct Failure: Error {
        let offset: Int
        let message: String
    }

    private static let depthLimit = 512

    private let bytes: [UInt8]
    private var offset = 0

    /// - Parameter file: for messages.
    static func payloads(of bytes: [UInt8], file: String) throws(FileError) -> PayloadList {
        if let offset = UTF8Check.firstFault(in: bytes[...]) {
            throw FileError([
                Fault(
                    file: file, line: UTF8Check.line(of: offset, in: bytes),
                    message: "this line is not UTF-8 text"
                )
            ])
        }
        var scanner = JSONArrayScanner(bytes: bytes)
        do {
            return try scanner.scanArray()
        } catch {
            throw FileError([
                Fault(file: file, line: UTF8Check.line(of: error.offset, in: bytes), message: error.message)
            ])
        }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func scanArray() throws(Failure) -> PayloadList {
        var result = PayloadList()
        skipBlanks()
        guard take("[") else { throw failure("the file must be a JSON array: [ … ]") }
        skipBlanks()
        if !take("]") {
            repeat {
                skipBlanks()
                let start = offset
                var payload: [UInt8] = []
                if peek == UInt8(ascii: "\"") {
                    try scanString(decodingInto: &payload)
                } else {
                    try scanValue(copyingTo: &payload, depth: 1)
                }
                if let reason = PayloadList.fault(of: payload[...]) {
                    throw Failure(offset: start, message: "element \(result.count): \(reason)")
                }
                result.append(payload)
                skipBlanks()
            } while take(",")
            guard take("]") else { throw failure("expected , or ] after an element") }
        }
        skipBlanks()
        guard offset == bytes.count else { throw failure("there is more after the array") }
        return result
    }

    private mutating func scanValue(copyingTo copy: inout [UInt8], depth: Int) throws(Failure) {
        guard depth <= JSONArrayScanner.depthLimit else { throw failure("the value is nested too deep") }
        skipBlanks()
        switch peek {
        case UInt8(ascii: "{")?: try scanObject(copyingTo: &copy, depth: depth)
        case UInt8(ascii: "[")?: try scanList(copyingTo: &copy, depth: depth)
        case UInt8(ascii: "\"")?:
            let start = offset
            var ignored: [UInt8] = []
            try scanString(decodingInto: &ignored)
            copy.append(contentsOf: bytes[start..<offset])
        case UInt8(ascii: "t")?: try scanWord("true", &copy)
        case UInt8(ascii: "f")?: try scanWord("false", &copy)
        case UInt8(ascii: "n")?: try scanWord("null", &copy)
        case nil: throw failure("the file ends inside the array")
        default: try scanNumber(&copy)
        }
    }

    private mutating func scanObject(copyingTo copy: inout [UInt8], depth: Int) throws(Failure) {
        copy.append(UInt8(ascii: "{"))
        offset += 1
        skipBlanks()
        if !take("}") {
            repeat {
                skipBlanks()
                guard peek == UInt8(ascii: "\"") else { throw failure("expected a key in quotes") }
                try scanValue(copyingTo: &copy, depth: depth + 1)
                skipBlanks()
                guard take(":") else { throw failure("expected : after a key") }
                copy.append(UInt8(ascii: ":"))
                try scanValue(copyingTo: &copy, depth: depth + 1)
                skipBlanks()
            } while take(",", &copy)
            guard take("}") else { throw failure("expected , or } after a value") }
        }
        copy.append(UInt8(ascii: "}"))
    }

    private mutating func scanList(copyingTo copy: inout [UInt8], depth: Int) throws(Failure) {
        copy.append(UInt8(ascii: "["))
        offset += 1
        skipBlanks()
        if !take("]") {
            repeat {
                try scanValue(copyingTo: &copy, depth: depth + 1)
                skipBlanks()
            } while take(",", &copy)
            guard take("]") else { throw failure("expected , or ] after a value") }
        }
        copy.append(UInt8(ascii: "]"))
    }

    private mutating func scanWord(_ word: StaticString, _ copy: inout [UInt8]) throws(Failure) {
        let letters = Array("\(word)".utf8)
        guard bytes[offset...].starts(with: letters) else { throw failure("this is no JSON value") }
        copy.append(contentsOf: letters)
        offset += letters.count
    }

    private mutating func scanNumber(_ copy: inout [UInt8]) throws(Failure) {
        let start = offset
        _ = take("-")
        let whole = skipDigits()
        let hasLeadingZero = whole > 1 && bytes[offset - whole] == UInt8(ascii: "0")
        var isRight = whole > 0 && !hasLeadingZero
        if take(".") { isRight = skipDigits() > 0 && isRight }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            offset += 1
            if !take("+") { _ = take("-") }
            isRight = skipDigits() > 0 && isRight
        }
        guard isRight else { throw Failure(offset: start, message: "this is no JSON value") }
        copy.append(contentsOf: bytes[start..<offset])
    }

    private mutating func scanString(decodingInto text: inout [UInt8]) throws(Failure) {
        let start = offset
        offset += 1
        while let byte = peek {
            offset += 1
            switch byte {
            case UInt8(ascii: "\""): return
            case UInt8(ascii: "\\"): try scanEscape(decodingInto: &text)
            case 0..<0x20:
                throw Failure(
                    offset: offset - 1, message: "a line end or control character must be escaped in a string"
                )
            default: text.append(byte)
            }
        }
        throw Failure(offset: start, message: "the string does not end")
    }

    private mutating func scanEscape(decodingInto text: inout [UInt8]) throws(Failure) {
        guard let letter = peek else { throw failure("the string does not end") }
        offset += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: String(Character(try scanUnicode())).utf8)
        default: throw failure("an unknown escape in a string")
        }
    }

    /// `XXXX`, and for what does not fit one, `XXXX\uXXXX`.
    private mutating func scanUnicode() throws(Failure) -> Unicode.Scalar {
        let first = try scanHexadecimal()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, take("\\"), take("u") else { throw failure("half a character in a \\u escape") }
        let second = try scanHexadecimal()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw failure("half a character in a \\u escape") }
        return scalar
    }

    private mutating func scanHexadecimal() throws(Failure) -> UInt32 {
        let digits = bytes[offset...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw failure("a \\u escape needs four hexadecimal digits") }
        offset += 4
        return value
    }

    // MARK: - Bytes

    private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let peek, UInt32(peek) == character.value else { return false }
        offset += 1
        return true
    }

    private mutating func take(_ character: Unicode.Scalar, _ copy: inout [UInt8]) -> Bool {
        guard take(character) else { return false }
        copy.append(UInt8(truncatingIfNeeded: character.value))
        return true
    }

    private mutating func skipBlanks() {
        while let peek, peek == 0x20 || peek == 0x0A || peek == 0x0D || peek == 0x09 { offset += 1 }
    }

    private mutating func skipDigits() -> Int {
        let start = offset
        while let peek, Decimal.isDigit(peek) { offset += 1 }
        return offset - start
    }

    private func failure(_ message: String) -> Failure { Failure(offset: offset, message: message) }
}
