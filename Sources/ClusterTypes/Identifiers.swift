/// A number that names one thing of one kind for ever; it is never given to another thing.
///
/// Written as a plain decimal number in the API, the command line and the database.
package protocol Identifier: RawRepresentable, Hashable, Comparable, Sendable, Codable,
    CustomStringConvertible
where RawValue == UInt64 {
    init(rawValue: UInt64)
}

extension Identifier {
    package init(_ rawValue: UInt64) { self.init(rawValue: rawValue) }
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    package var description: String { String(rawValue) }
}

/// One agent's machine or container. Bound to the public key of the agent's certificate.
package struct NodeID: Identifier {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// One job, numbered from 1 in the order of submission.
package struct JobID: Identifier {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// One slot; it keeps its number through every re-assignment, the generation tells them apart.
package struct SlotID: Identifier {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// One join token or API token.
package struct TokenID: Identifier {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// One request to a launcher for nodes, numbered from 1 in the order in which they were made.
package struct LaunchID: Identifier {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A task within its job: the array index, or the position of its payload counted from 0.
package typealias TaskIndex = UInt32

/// Grows with every (re)assignment of a slot; anything that carries an older one is refused (fencing).
package struct Generation: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let number: UInt64
    package init(_ number: UInt64) { self.number = number }
    package init(from decoder: any Decoder) throws {
        number = try decoder.singleValueContainer().decode(UInt64.self)
    }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
    package var next: Generation { Generation(number + 1) }
    package static func < (left: Self, right: Self) -> Bool { left.number < right.number }
    package var description: String { String(number) }
}

/// One incarnation of a slot: what every message about a slot carries.
package struct SlotKey: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let slot: SlotID
    package let generation: Generation

    package init(_ slot: SlotID, _ generation: Generation) {
        self.slot = slot
        self.generation = generation
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.slot, left.generation) < (right.slot, right.generation)
    }

    /// For example `12.3`: slot 12 in its third assignment.
    package var description: String { "\(slot).\(generation)" }
}
