import ClusterTypes
import CoordinatorCore

/// The decoded query of a request. Each value can be asked for in its type; a bad one names its parameter.
struct Query: Sendable {
    private var values: [String: String] = [:]

    /// - Throws: `APIError` for a parameter that is unknown, stands twice or is no UTF-8.
    init(_ text: Substring, known: [String]) throws {
        for pair in text.split(separator: "&") {
            let equals = pair.firstIndex(of: "=") ?? pair.endIndex
            guard let name = percentDecoded(pair[..<equals]),
                let value = percentDecoded(equals == pair.endIndex ? "" : pair[pair.index(after: equals)...])
            else {
                throw APIError.invalid("the query is not percent-encoded UTF-8")
            }
            guard known.contains(name) else {
                let takes = known.isEmpty ? "takes none" : "takes \(known.joined(separator: ", "))"
                throw APIError.invalid("query parameter '\(name)' is not known; this request \(takes)")
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw APIError.invalid("query parameter '\(name)' stands twice")
            }
        }
    }

    func text(_ name: String) -> String? { values[name] }

    func flag(_ name: String) throws -> Bool {
        switch values[name] {
        case nil, "false": false
        case "true": true
        case .some: throw APIError.invalid("query parameter '\(name)' must be true or false")
        }
    }

    func number<Number: FixedWidthInteger>(
        _ name: String, in range: ClosedRange<Number> = Number.min...Number.max
    ) throws -> Number? {
        guard let text = values[name] else { return nil }
        guard let number = Number(text), range.contains(number) else {
            throw APIError.invalid(
                "query parameter '\(name)' must be a whole number in \(range.lowerBound)...\(range.upperBound)"
            )
        }
        return number
    }

    /// A time in RFC 3339 and UTC.
    func instant(_ name: String) throws -> Instant? {
        guard let text = values[name] else { return nil }
        guard let instant = Instant(rfc3339: text) else {
            throw APIError.invalid(
                "query parameter '\(name)' must be a time like 2026-07-01T09:05:03Z, in UTC")
        }
        return instant
    }

    /// One of an enumeration's words.
    func word<Word: RawRepresentable & CaseIterable>(_ name: String) throws -> Word?
    where Word.RawValue == String {
        guard let text = values[name] else { return nil }
        guard let word = Word(rawValue: text) else { throw Query.unknownWord(text, name, Word.self) }
        return word
    }

    /// Words with commas between them; nil where the parameter is missing or empty.
    func words<Word: RawRepresentable & CaseIterable>(_ name: String) throws -> [Word]?
    where Word.RawValue == String {
        guard let text = values[name], !text.isEmpty else { return nil }
        return try text.split(separator: ",", omittingEmptySubsequences: false).map {
            guard let word = Word(rawValue: String($0)) else {
                throw Query.unknownWord(String($0), name, Word.self)
            }
            return word
        }
    }

    /// How many items a page holds at most.
    func limit() throws -> Int { try number("limit", in: 1...1_000) ?? 100 }

    /// `node:3`, `job:7`, `slot:12`, `cluster`: what an event is about.
    func subject(_ name: String) throws -> EventRecord.Subject? {
        guard let text = values[name] else { return nil }
        if text == "cluster" { return .cluster }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, let number = UInt64(parts[1]) {
            switch parts[0] {
            case "node": return .node(NodeID(number))
            case "job": return .job(JobID(number))
            case "slot": return .slot(SlotID(number))
            default: break
            }
        }
        throw APIError.invalid("query parameter '\(name)' must be node:N, job:N, slot:N or cluster")
    }

    private static func unknownWord<Word: RawRepresentable & CaseIterable>(
        _ text: String, _ name: String, _ type: Word.Type
    ) -> APIError where Word.RawValue == String {
        let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
        return .invalid("query parameter '\(name)': '\(text)' is none of \(words)")
    }
}
