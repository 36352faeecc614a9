/// A moment: microseconds since 1970-01-01T00:00:00Z.
///
/// Drivers read it from a steady clock (the wall clock at start plus the time that has passed since, suspension
/// included), so that a step of the wall clock moves no deadline. Pure modules only ever receive it.
package struct Instant: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    package init(from decoder: any Decoder) throws {
        microseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(microseconds)
    }

    package static let epoch = Instant(microseconds: 0)

    package static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }
    package static func + (instant: Self, duration: Duration) -> Instant {
        Instant(microseconds: instant.microseconds + duration.wholeMicroseconds)
    }
    package static func - (instant: Self, duration: Duration) -> Instant {
        Instant(microseconds: instant.microseconds - duration.wholeMicroseconds)
    }
    package static func - (left: Self, right: Self) -> Duration {
        .microseconds(left.microseconds - right.microseconds)
    }

    /// Seconds with millisecond digits, as traces print it.
    package var description: String {
        let milliseconds = microseconds / 1_000
        let fraction = String(1_000 + milliseconds % 1_000).dropFirst()
        return "\(milliseconds / 1_000).\(fraction)"
    }
}

extension Duration {
    /// Rounded down to whole microseconds.
    package var wholeMicroseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }

    /// Rounded down to whole milliseconds.
    package var wholeMilliseconds: Int64 { wholeMicroseconds / 1_000 }
}
