import ClusterTypes
import ProtocolMessages

/// The checks of values from outside. Each names the field in the schema's words.
enum Check {
    static func invalid(_ field: String, _ fault: String) -> ProtocolError {
        ProtocolError(.invalidField, "\(field): \(fault)")
    }

    /// A name: not empty, at most `nameBytes`, without control characters.
    static func name(_ text: String, _ field: String) throws(ProtocolError) -> String {
        guard !text.isEmpty else { throw invalid(field, "is empty") }
        return try word(text, field)
    }

    /// Like a name, but it may be empty.
    static func word(_ text: String, _ field: String) throws(ProtocolError) -> String {
        guard text.utf8.count <= ProtocolLimits.nameBytes else {
            throw invalid(
                field, "has \(text.utf8.count) bytes; at most \(ProtocolLimits.nameBytes) are taken")
        }
        guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw invalid(field, "has a control character")
        }
        return text
    }

    static func text(_ text: String, _ field: String, limitBytes: Int = ProtocolLimits.textBytes)
        throws(ProtocolError) -> String
    {
        guard text.utf8.count <= limitBytes else {
            throw invalid(field, "has \(text.utf8.count) bytes; at most \(limitBytes) are taken")
        }
        return text
    }

    static func optionalText(_ text: String?, _ field: String) throws(ProtocolError) -> String? {
        guard let text else { return nil }
        return try Self.text(text, field)
    }

    /// What ends up in an argument, a variable or a path, where a NUL would cut it.
    static func word(
        _ text: String, withoutNulOf field: String, limitBytes: Int = ProtocolLimits.textBytes
    ) throws(ProtocolError) -> String {
        guard !text.utf8.contains(0) else { throw invalid(field, "has a NUL character") }
        return try Self.text(text, field, limitBytes: limitBytes)
    }

    static func reason(_ text: String, _ field: String) throws(ProtocolError) -> String {
        try Self.text(text, field, limitBytes: ProtocolLimits.reasonBytes)
    }

    static func optionalReason(_ text: String?, _ field: String) throws(ProtocolError) -> String? {
        guard let text else { return nil }
        return try reason(text, field)
    }

    static func bytes(_ bytes: [UInt8], _ field: String, limitBytes: Int) throws(ProtocolError) -> [UInt8] {
        guard bytes.count <= limitBytes else {
            throw invalid(field, "has \(bytes.count) bytes; at most \(limitBytes) are taken")
        }
        return bytes
    }

    static func range<Number: BinaryInteger & Sendable>(
        _ number: Number, _ range: ClosedRange<Number>, _ field: String
    ) throws(ProtocolError) -> Number {
        guard range.contains(number) else {
            throw invalid(field, "is \(number); \(range.lowerBound)...\(range.upperBound) are taken")
        }
        return number
    }

    static func optionalRange<Number: BinaryInteger & Sendable>(
        _ number: Number?, _ range: ClosedRange<Number>, _ field: String
    ) throws(ProtocolError) -> Number? {
        guard let number else { return nil }
        return try Self.range(number, range, field)
    }

    static func amount(_ bytes: Int64, _ field: String) throws(ProtocolError) -> Int64 {
        try range(bytes, 0...ProtocolLimits.amountBytes, field)
    }

    static func optionalAmount(_ bytes: Int64?, _ field: String) throws(ProtocolError) -> Int64? {
        guard let bytes else { return nil }
        return try amount(bytes, field)
    }

    /// Milli-CPU of a node or a slot: at most a million processors.
    static func milliCPU(_ number: Int64, _ field: String) throws(ProtocolError) -> Int64 {
        try range(number, 0...1_000_000_000, field)
    }

    static func instant(microseconds: Int64, _ field: String) throws(ProtocolError) -> Instant {
        Instant(microseconds: try range(microseconds, 0...ProtocolLimits.latestMicroseconds, field))
    }

    /// Identifiers are stored as signed numbers.
    static func identifier(_ number: UInt64, _ field: String) throws(ProtocolError) -> UInt64 {
        try range(number, 0...UInt64(Int64.max), field)
    }

    static func present(_ isPresent: Bool, _ field: String) throws(ProtocolError) {
        guard isPresent else { throw invalid(field, "is missing") }
    }
}

extension String {
    /// What fits into so many bytes of UTF-8, cut between two characters.
    func cut(toBytes limitBytes: Int) -> String {
        guard utf8.count > limitBytes else { return self }
        var end = utf8.index(startIndex, offsetBy: limitBytes)
        while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }

    /// A reason as it is sent.
    var cutReason: String { cut(toBytes: ProtocolLimits.reasonBytes) }
    /// A line for people as it is sent.
    var cutText: String { cut(toBytes: ProtocolLimits.textBytes) }
}
