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
    static func parse(_ text: String) -> Instant? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            bytes.last == UInt8(ascii: "Z"),
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), (1...12).contains(month),
            let day = number(bytes[8..<10]), let hour = number(bytes[11..<13]),
            let minute = number(bytes[14..<16]), let second = number(bytes[17..<19])
        else { return nil }
        var microseconds: Int64 = 0
        if bytes.count > 20 {
            let fraction = bytes[20..<(bytes.count - 1)]
            guard bytes[19] == UInt8(ascii: "."), !fraction.isEmpty, fraction.count <= 9,
                let digits = number(fraction)
            else { return nil }
            var value = digits
            for _ in fraction.count..<max(6, fraction.count) { value *= 10 }
            for _ in 6..<max(6, fraction.count) { value /= 10 }
            microseconds = value
        }
        let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
        return Instant(microseconds: seconds * 1_000_000 + microseconds)
    }

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

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard digits.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    /// Since 1970-01-01, by years that begin in March.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let monthFromMarch = (month + 9) % 12
        let leapDays = shifted / 4 - shifted / 100 + shifted / 400
        return shifted * 365 + leapDays + (monthFromMarch * 153 + 2) / 5 + day - 719_469
    }
}
