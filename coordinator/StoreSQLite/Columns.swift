import ClusterTypes
import GRDBSQLite

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The columns of the row that a statement stands on, read one after the other in the order of the query.
struct Columns {
    private let pointer: OpaquePointer
    private var position: Int32 = 0

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    mutating func integer() -> Int64 {
        defer { position += 1 }
        return sqlite3_column_int64(pointer, position)
    }

    mutating func optionalInteger() -> Int64? {
        guard sqlite3_column_type(pointer, position) != SQLITE_NULL else {
            position += 1
            return nil
        }
        return integer()
    }

    /// With everything in it, NULs included; an empty text for NULL.
    mutating func text() -> String {
        defer { position += 1 }
        guard let bytes = sqlite3_column_text(pointer, position) else { return "" }
        let count = Int(sqlite3_column_bytes(pointer, position))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    mutating func optionalText() -> String? {
        guard sqlite3_column_type(pointer, position) != SQLITE_NULL else {
            position += 1
            return nil
        }
        return text()
    }

    mutating func bytes() -> [UInt8] {
        defer { position += 1 }
        guard let start = sqlite3_column_blob(pointer, position) else { return [] }
        let count = Int(sqlite3_column_bytes(pointer, position))
        return [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) throws -> Number {
        let value = integer()
        guard let number = Number(exactly: value) else {
            throw damage("\(value)", "a whole number of at most \(Number.bitWidth) bits")
        }
        return number
    }

    mutating func optionalNumber<Number: FixedWidthInteger>() throws -> Number? {
        guard let value = optionalInteger() else { return nil }
        guard let number = Number(exactly: value) else {
            throw damage("\(value)", "a whole number of at most \(Number.bitWidth) bits")
        }
        return number
    }

    mutating func identifier<ID: Identifier>() -> ID { ID(UInt64(bitPattern: integer())) }
    mutating func optionalIdentifier<ID: Identifier>() -> ID? {
        optionalInteger().map { ID(UInt64(bitPattern: $0)) }
    }
    mutating func generation() throws -> Generation { Generation(try number()) }
    mutating func boolean() -> Bool { integer() != 0 }

    mutating func instant() throws -> Instant {
        let instant = Instant(microseconds: integer())
        try check(instant.isWithinBounds, "\(instant.microseconds)", "microseconds since 1970")
        return instant
    }

    mutating func optionalInstant() throws -> Instant? {
        guard sqlite3_column_type(pointer, position) != SQLITE_NULL else {
            position += 1
            return nil
        }
        return try instant()
    }

    /// A number that is added to.
    mutating func counter() throws -> UInt32 {
        let value = integer()
        try check((0...Int64(Int32.max)).contains(value), "\(value)", "a count")
        return UInt32(value)
    }

    /// A state, kind or other word.
    mutating func word<Word: RawRepresentable>() throws -> Word where Word.RawValue == String {
        let text = text()
        guard let word = Word(rawValue: text) else { throw damage(text, "a known word") }
        return word
    }

    /// - Parameter isWithinBounds: says no to what can be read and not be used.
    mutating func json<Value: Decodable>(
        _ decoder: JSONDecoder, _ isWithinBounds: (Value) -> Bool = { _ in true }
    ) throws -> Value {
        let text = text()
        guard let value = try? decoder.decode(Value.self, from: Data(text.utf8)) else {
            throw damage(text, "JSON of \(Value.self)")
        }
        try check(isWithinBounds(value), text, "JSON of \(Value.self) within its bounds")
        return value
    }

    /// nil for NULL.
    mutating func optionalJSON<Value: Decodable>(
        _ decoder: JSONDecoder, _ isWithinBounds: (Value) -> Bool = { _ in true }
    ) throws -> Value? {
        guard sqlite3_column_type(pointer, position) != SQLITE_NULL else {
            position += 1
            return nil
        }
        return try json(decoder, isWithinBounds)
    }

    /// `NodeList`, which is NULL for none.
    mutating func nodes() throws -> [NodeID] {
        guard let text = optionalText() else { return [] }
        guard let nodes = NodeList.parse(text) else { throw damage(text, "a list like '3 5'") }
        return nodes
    }

    /// A text that a parser of ours reads.
    mutating func parsed<Value>(_ expected: String, _ parse: (String) -> Value?) throws -> Value {
        let text = text()
        guard let value = parse(text) else { throw damage(text, expected) }
        return value
    }

    /// Of the column that was read last.
    func check(_ isSound: Bool, _ value: @autoclosure () -> String, _ expected: String) throws {
        guard isSound else { throw damage(value(), expected) }
    }

    /// The column that was read last holds what it cannot hold.
    private func damage(_ value: String, _ expected: String) -> DamagedValue {
        let column = sqlite3_column_name(pointer, position - 1).map { String(cString: $0) } ?? "\(position)"
        return DamagedValue(column: column, value: String(value.prefix(80)), expected: expected)
    }
}

/// A value that Mortise did not write; becomes `StoreError.corrupt`.
struct DamagedValue: Error {
    let column: String
    let value: String
    let expected: String
}
