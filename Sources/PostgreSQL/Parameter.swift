/// A value for `$1`, `$2` … in the server's binary form; the statement has to make it that type (`$1::bigint`, or a
/// column that is one). A text with a NUL in it is refused by the server.
package struct Parameter: Sendable {
    /// nil is NULL.
    let bytes: [UInt8]?

    private init(bytes: [UInt8]?) { self.bytes = bytes }

    package static let null = Parameter(bytes: nil)
    /// `bigint`
    package static func integer(_ value: Int64) -> Parameter {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8)
        bytes.append(bigEndian: value)
        return Parameter(bytes: bytes)
    }
    /// `text`, `json`, `name`
    package static func text(_ value: String) -> Parameter { Parameter(bytes: Array(value.utf8)) }
    package static func boolean(_ value: Bool) -> Parameter { Parameter(bytes: [value ? 1 : 0]) }
    /// `bytea`
    package static func bytes(_ value: [UInt8]) -> Parameter { Parameter(bytes: value) }
    package static func array(_ array: ArrayParameter) -> Parameter { Parameter(bytes: array.encoded) }

    /// `bigint[]`
    package static func integers(_ values: [Int64?]) -> Parameter {
        var array = ArrayParameter(.integer)
        for value in values { array.append(value) }
        return .array(array)
    }

    /// `text[]`
    package static func texts(_ values: [String?]) -> Parameter {
        var array = ArrayParameter(.text)
        for value in values { array.append(value) }
        return .array(array)
    }
}

/// A list in the binary form of an array with one dimension, built in place.
package struct ArrayParameter: Sendable {
    package enum Element: UInt32, Sendable {
        // Numbers of the catalog pg_type, which never change.
        case boolean = 16
        case bytes = 17
        case integer = 20
        case text = 25
    }

    package let element: Element
    package private(set) var count: Int32 = 0
    private var hasNulls = false
    private var body: [UInt8] = []

    package init(_ element: Element) { self.element = element }

    /// What the elements take.
    package var byteCount: Int { body.count }

    package mutating func append(_ value: Int64?) {
        guard let value else { return appendNull() }
        precondition(element == .integer, "an integer into a list of \(element)")
        count += 1
        body.append(bigEndian: 8 as Int32)
        body.append(bigEndian: value)
    }

    package mutating func append(_ value: String?) {
        guard let value else { return appendNull() }
        precondition(element == .text, "a text into a list of \(element)")
        append(value.utf8, count: value.utf8.count)
    }

    package mutating func append(_ value: Bool) {
        precondition(element == .boolean, "a boolean into a list of \(element)")
        append(CollectionOfOne(value ? 1 : 0), count: 1)
    }

    package mutating func append(_ value: [UInt8]) {
        precondition(element == .bytes, "bytes into a list of \(element)")
        append(value, count: value.count)
    }

    package mutating func appendNull() {
        count += 1
        hasNulls = true
        body.append(bigEndian: -1 as Int32)
    }

    private mutating func append(_ bytes: some Sequence<UInt8>, count length: Int) {
        count += 1
        body.append(bigEndian: Int32(clamping: length))
        body.append(contentsOf: bytes)
    }

    /// Dimensions, whether there are NULLs, the type; length and first index of the dimension; the elements.
    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(20 + body.count)
        bytes.append(bigEndian: (count == 0 ? 0 : 1) as Int32)
        bytes.append(bigEndian: (hasNulls ? 1 : 0) as Int32)
        bytes.append(bigEndian: element.rawValue)
        guard count > 0 else { return bytes }
        bytes.append(bigEndian: count)
        bytes.append(bigEndian: 1 as Int32)
        bytes.append(contentsOf: body)
        return bytes
    }
}

extension [UInt8] {
    mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}
