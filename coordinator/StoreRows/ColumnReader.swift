package import ClusterTypes

#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// The columns of one row, read one after the other in the order of the query.
package protocol ColumnReader {
    /// nil for NULL.
    mutating func optionalInteger() -> Int64?
    /// With everything in it, NULs included; nil for NULL.
    mutating func optionalText() -> String?
    /// None for NULL.
    mutating func bytes() -> [UInt8]
    mutating func boolean() -> Bool
    /// The name of the column that was read last.
    var lastColumn: String { get }
}

extension ColumnReader {
    /// 0 for NULL.
    package mutating func integer() -> Int64 { optionalInteger() ?? 0 }
    /// An empty text for NULL.
    package mutating func text() -> String { optionalText() ?? "" }

    package mutating func number<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) throws
        -> Number
    {
        let value = integer()
        guard let number = Number(exactly: value) else {
            throw damage("\(value)", "a whole number of at most \(Number.bitWidth) bits")
        }
        return number
    }

    package mutating func optionalNumber<Number: FixedWidthInteger>() throws -> Number? {
        guard let value = optionalInteger() else { return nil }
        guard let number = Number(exactly: value) else {
            throw damage("\(value)", "a whole number of at most \(Number.bitWidth) bits")
        }
        return number
    }

    package mutating func identifier<ID: Identifier>() -> ID { ID(UInt64(bitPattern: integer())) }
    package mutating func optionalIdentifier<ID: Identifier>() -> ID? {
        optionalInteger().map { ID(UInt64(bitPattern: $0)) }
    }
    package mutating func generation() throws -> Generation { Generation(try number()) }

    package mutating func instant() throws -> Instant {
        let microseconds = integer()
        return try instant(microseconds)
    }

    package mutating func optionalInstant() throws -> Instant? {
        guard let microseconds = optionalInteger() else { return nil }
        return try instant(microseconds)
    }

    private func instant(_ microseconds: Int64) throws -> Instant {
        let instant = Instant(microseconds: microseconds)
        try check(instant.isWithinBounds, "\(microseconds)", "microseconds since 1970")
        return instant
    }

    /// A number that is added to.
    package mutating func counter() throws -> UInt32 {
        let value = integer()
        try check((0...Int64(Int32.max)).contains(value), "\(value)", "a count")
        return UInt32(value)
    }

    /// A state, kind or other word.
    package mutating func word<Word: RawRepresentable>() throws -> Word where Word.RawValue == String {
        let text = text()
        guard let word = Word(rawValue: text) else { throw damage(text, "a known word") }
        return word
    }

    /// - Parameter isWithinBounds: says no to what can be read and not be used.
    package mutating func json<Value: Decodable>(
        _ decoder: JSONDecoder, _ isWithinBounds: (Value) -> Bool = { _ in true }
    ) throws -> Value {
        let text = text()
        return try json(text, decoder, isWithinBounds)
    }

    private func json<Value: Decodable>(
        _ text: String, _ decoder: JSONDecoder, _ isWithinBounds: (Value) -> Bool
    ) throws -> Value {
        guard let value = try? decoder.decode(Value.self, from: Data(text.utf8)) else {
            throw damage(text, "JSON of \(Value.self)")
        }
        try check(isWithinBounds(value), text, "JSON of \(Value.self) within its bounds")
        return value
    }

    /// nil for NULL.
    package mutating func optionalJSON<Value: Decodable>(
        _ decoder: JSONDecoder, _ isWithinBounds: (Value) -> Bool = { _ in true }
    ) throws -> Value? {
        guard let text = optionalText() else { return nil }
        return try json(text, decoder, isWithinBounds)
    }

    /// `NodeList`, which is NULL for none.
    package mutating func nodes() throws -> [NodeID] {
        guard let text = optionalText() else { return [] }
        guard let nodes = NodeList.parse(text) else { throw damage(text, "a list like '3 5'") }
        return nodes
    }

    /// A text that a parser of ours reads.
    package mutating func parsed<Value>(_ expected: String, _ parse: (String) -> Value?) throws -> Value {
        let text = text()
        guard let value = parse(text) else { throw damage(text, expected) }
        return value
    }

    /// Of the column that was read last.
    package func check(_ isSound: Bool, _ value: @autoclosure () -> String, _ expected: String) throws {
        guard isSound else { throw damage(value(), expected) }
    }

    /// The column that was read last holds what it cannot hold.
    private func damage(_ value: String, _ expected: String) -> DamagedValue {
        DamagedValue(column: lastColumn, value: String(value.prefix(80)), expected: expected)
    }
}

/// A value that Mortise did not write; becomes `StoreError.corrupt`.
package struct DamagedValue: Error {
    package let column: String
    package let value: String
    package let expected: String
}
