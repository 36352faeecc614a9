import ClusterTypes
import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The times of the API, which are RFC 3339 in UTC.
enum Timestamp {
    /// nil for anything that is no such time.
    static func parse(_ text: String) -> Instant? { Instant(rfc3339: text) }

    /// How long ago, or a dash.
    static func age(_ text: String?, now: Instant) -> String {
        guard let text, let instant = parse(text) else { return "-" }
        return HumanUnits.age(now - instant)
    }

    /// The time to the second with its age: `2026-07-01 09:05:03 UTC (3m ago)`.
    static func dated(_ text: String, now: Instant) -> String {
        guard let instant = parse(text) else { return text }
        return "\(date(text)) (\(HumanUnits.age(now - instant)) ago)"
    }

    /// How long until then, or a dash.
    static func rest(_ text: String?, now: Instant) -> String {
        guard let text, let instant = parse(text) else { return "-" }
        return HumanUnits.age(max(.zero, instant - now))
    }

    /// The time to the second: `2026-07-01 09:05:03 UTC`.
    static func date(_ text: String) -> String {
        "\(text.prefix(10)) \(text.dropFirst(11).prefix(8)) UTC"
    }

    static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }
}
