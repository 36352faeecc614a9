#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// JSON as the API takes and gives it: an unknown key is an error, and every error names the place.
enum StrictJSON {
    /// A text that is not the JSON asked for.
    struct Fault: Error {
        /// Names the key or value.
        let message: String
    }

    /// - Throws: `Fault`.
    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: some Sequence<UInt8>) throws -> Value
    {
        do {
            return try JSONDecoder().decode(Strict<Value>.self, from: Data(bytes)).value
        } catch let error as DecodingError {
            throw Fault(message: message(for: error))
        }
    }

    static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    private static func message(for error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context):
            return "\(path(context.codingPath + [key])) is missing"
        case .typeMismatch(let type, let context):
            return "\(path(context.codingPath)) must be \(name(of: type))"
        case .valueNotFound(_, let context):
            return "\(path(context.codingPath)) must not be null"
        case .dataCorrupted(let context) where context.codingPath.isEmpty:
            return "the body is no valid JSON"
        case .dataCorrupted(let context):
            return "\(path(context.codingPath)): \(context.debugDescription)"
        @unknown default:
            return "the body cannot be read"
        }
    }

    static func path(_ keys: [any CodingKey]) -> String {
        var text = ""
        for key in keys {
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += text.isEmpty ? key.stringValue : "." + key.stringValue
            }
        }
        return text.isEmpty ? "the body" : text
    }

    private static func name(of type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is any BinaryInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        default: "\(type)".hasPrefix("Array<") ? "a list" : "an object"
        }
    }
}

/// Decodes its value with every object's keys compared to those that its type knows.
private struct Strict<Value: Decodable>: Decodable {
    let value: Value

    init(from decoder: any Decoder) throws {
        do {
            value = try Value(from: StrictDecoder(base: decoder))
        } catch DecodingError.dataCorrupted(let context) {
            guard let words = Self.allowedWords else { throw DecodingError.dataCorrupted(context) }
            throw Self.fault("must be one of \(words.joined(separator: ", "))", at: decoder)
        } catch let error where !(error is DecodingError) && Value.self is any FixedWidthInteger.Type {
            // A number that does not fit is an error of the parser's own, without its place.
            throw Self.fault("the number is out of range", at: decoder)
        }
    }

    private static func fault(_ text: String, at decoder: any Decoder) -> DecodingError {
        .dataCorrupted(
            DecodingError.Context(codingPath: decoder.codingPath, debugDescription: text))
    }

    /// The words of an enumeration of strings.
    private static var allowedWords: [String]? {
        func words<Words: CaseIterable>(_ type: Words.Type) -> [String] {
            type.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
        }
        guard let type = Value.self as? any CaseIterable.Type else { return nil }
        let words = words(type)
        return words.isEmpty ? nil : words
    }
}

private struct StrictDecoder: Decoder {
    let base: any Decoder
    var codingPath: [any CodingKey] { base.codingPath }
    var userInfo: [CodingUserInfoKey: Any] { base.userInfo }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        try refuseUnknownKeys(try base.container(keyedBy: AnyKey.self), known: type)
        return KeyedDecodingContainer(StrictObject(base: try base.container(keyedBy: type)))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        StrictList(base: try base.unkeyedContainer())
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { try base.singleValueContainer() }
}

private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

/// An object's type says by its keys which ones it knows.
private func refuseUnknownKeys<Key: CodingKey>(
    _ object: KeyedDecodingContainer<AnyKey>, known: Key.Type
) throws {
    let unknown = object.allKeys.filter { Key(stringValue: $0.stringValue) == nil }
    // Sorted: the first of several is the same in every run.
    guard let key = unknown.min(by: { $0.stringValue < $1.stringValue }) else { return }
    throw DecodingError.dataCorrupted(
        DecodingError.Context(
            codingPath: object.codingPath + [key], debugDescription: "is not known here; check its spelling"))
}

private struct StrictObject<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let base: KeyedDecodingContainer<Key>
    var codingPath: [any CodingKey] { base.codingPath }
    var allKeys: [Key] { base.allKeys }

    func contains(_ key: Key) -> Bool { base.contains(key) }
    func decodeNil(forKey key: Key) throws -> Bool { try base.decodeNil(forKey: key) }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try base.decode(type, forKey: key) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try base.decode(type, forKey: key) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try base.decode(type, forKey: key) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try base.decode(type, forKey: key) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try strict(key) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try strict(key) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try strict(key) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try strict(key) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try strict(key) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try strict(key) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try strict(key) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try strict(key) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try strict(key) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try strict(key) }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try strict(key) }

    private func strict<Value: Decodable>(_ key: Key) throws -> Value {
        try base.decode(Strict<Value>.self, forKey: key).value
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try refuseUnknownKeys(try base.nestedContainer(keyedBy: AnyKey.self, forKey: key), known: type)
        return KeyedDecodingContainer(
            StrictObject<Nested>(base: try base.nestedContainer(keyedBy: type, forKey: key)))
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        StrictList(base: try base.nestedUnkeyedContainer(forKey: key))
    }

    func superDecoder() throws -> any Decoder { StrictDecoder(base: try base.superDecoder()) }
    func superDecoder(forKey key: Key) throws -> any Decoder {
        StrictDecoder(base: try base.superDecoder(forKey: key))
    }
}

private struct StrictList: UnkeyedDecodingContainer {
    var base: any UnkeyedDecodingContainer
    var codingPath: [any CodingKey] { base.codingPath }
    var count: Int? { base.count }
    var isAtEnd: Bool { base.isAtEnd }
    var currentIndex: Int { base.currentIndex }

    mutating func decodeNil() throws -> Bool { try base.decodeNil() }
    mutating func decode(_ type: Bool.Type) throws -> Bool { try base.decode(type) }
    mutating func decode(_ type: String.Type) throws -> String { try base.decode(type) }
    mutating func decode(_ type: Double.Type) throws -> Double { try base.decode(type) }
    mutating func decode(_ type: Float.Type) throws -> Float { try base.decode(type) }
    mutating func decode(_ type: Int.Type) throws -> Int { try strict() }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try strict() }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try strict() }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try strict() }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try strict() }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try strict() }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try strict() }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try strict() }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try strict() }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try strict() }
    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        // A hundred thousand payloads take the short way.
        if type == String.self, let text = try base.decode(String.self) as? Value { return text }
        return try strict()
    }

    private mutating func strict<Value: Decodable>() throws -> Value {
        try base.decode(Strict<Value>.self).value
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        // No type of the API reads a list's objects this way; a list element is decoded as a value.
        KeyedDecodingContainer(StrictObject<Nested>(base: try base.nestedContainer(keyedBy: type)))
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        StrictList(base: try base.nestedUnkeyedContainer())
    }

    mutating func superDecoder() throws -> any Decoder { StrictDecoder(base: try base.superDecoder()) }
}
