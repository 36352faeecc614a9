extension Instant {
    /// As the API writes times: RFC 3339 in UTC with microseconds, `2026-07-01T09:05:03.000250Z`.
    package var rfc3339: String {
        let seconds = Instant.floorDivide(microseconds, 1_000_000)
        let days = Instant.floorDivide(seconds, 86_400)
        let (year, month, day) = Instant.civilDate(daysSince1970: days)
        let second = seconds - days * 86_400
        let date = "\(Instant.padded(year, 4))-\(Instant.padded(month, 2))-\(Instant.padded(day, 2))"
        let time =
            "\(Instant.padded(second / 3_600, 2)):\(Instant.padded(second / 60 % 60, 2)):"
            + Instant.padded(second % 60, 2)
        return "\(date)T\(time).\(Instant.padded(microseconds - seconds * 1_000_000, 6))Z"
    }

    /// The Gregorian date of a day, by counting years from 1 March (leap days come last then).
    private static func civilDate(daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let days = daysSince1970 + 719_468
        let era = floorDivide(days, 146_097)
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    private static func floorDivide(_ dividend: Int64, _ divisor: Int64) -> Int64 {
        let quotient = dividend / divisor
        return dividend % divisor < 0 ? quotient - 1 : quotient
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
