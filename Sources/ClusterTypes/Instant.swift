/// A moment: microseconds since 1970-01-01T00:00:00Z.
///
/// Drivers read it from a steady clock (the wall clock at start plus the time that has passed since, suspension
/// included), so that a step of the wall clock moves no deadline. Pure modules only ever receive it.
@frozen
public struct Instant: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public let microseconds: Int64

    @inlinable
    public init(microseconds: Int64) { self.microseconds = microseconds }

    public init(from decoder: any Decoder) throws {
        microseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(microseconds)
    }

    public static let epoch = Instant(microseconds: 0)

    @inlinable
    public static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }
    @inlinable
    public static func + (instant: Self, duration: Duration) -> Instant {
        Instant(microseconds: instant.microseconds + duration.wholeMicroseconds)
    }
    @inlinable
    public static func - (instant: Self, duration: Duration) -> Instant {
        Instant(microseconds: instant.microseconds - duration.wholeMicroseconds)
    }
    @inlinable
    public static func - (left: Self, right: Self) -> Duration {
        .microseconds(left.microseconds - right.microseconds)
    }

    /// The earlier of two moments that may never come.
    @inlinable
    public static func earlier(_ left: Self?, _ right: Self?) -> Self? {
        guard let left, let right else { return left ?? right }
        return min(left, right)
    }

    /// Seconds with millisecond digits, as traces print it.
    public var description: String {
        let milliseconds = microseconds / 1_000
        let fraction = String(1_000 + milliseconds % 1_000).dropFirst()
        return "\(milliseconds / 1_000).\(fraction)"
    }
}

extension Duration {
    /// Rounded down to whole microseconds.
    @inlinable
    public var wholeMicroseconds: Int64 { Int64(attoseconds / 1_000_000_000_000) }

    /// Rounded down to whole milliseconds.
    @inlinable
    public var wholeMilliseconds: Int64 { wholeMicroseconds / 1_000 }
}
