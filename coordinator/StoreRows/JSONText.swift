import ClusterTypes

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Values as JSON text, with one spelling for one value.
package struct JSONText {
    private let encoder: JSONEncoder

    package init() {
        encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    package func text(_ value: some Encodable) throws -> String {
        String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

/// The texts of values that are written again and again, each under what it belongs to.
package struct TextCache<Key: Hashable & Sendable, Value: Hashable & Encodable & Sendable>: Sendable {
    private var entries: [Key: (value: Value, text: String)] = [:]
    private var bytes = 0
    /// What the texts may take before all are dropped: 64 MiB.
    private static var bytesLimit: Int { 64 << 20 }

    package init() {}

    /// - Parameter isLast: the value will not come again; its text is not kept.
    package mutating func text(_ value: Value, of key: Key, isLast: Bool, _ json: JSONText) throws -> String {
        if let known = entries[key] {
            let isSame = known.value == value
            if isLast || !isSame {
                entries[key] = nil
                bytes -= known.text.utf8.count
            }
            if isSame { return known.text }
        }
        let text = try json.text(value)
        guard !isLast else { return text }
        if bytes + text.utf8.count > Self.bytesLimit {
            entries = [:]
            bytes = 0
        }
        entries[key] = (value, text)
        bytes += text.utf8.count
        return text
    }
}
