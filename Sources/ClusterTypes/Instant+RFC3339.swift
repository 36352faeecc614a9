extension Instant {
    /// As the API writes times: RFC 3339 in UTC with microseconds, `2026-07-01T09:05:03.000250Z`.
    package var rfc3339: String {
        let fraction = microseconds - Instant.floorDivide(microseconds, 1_000_000) * 1_000_000
        return "\(dateAndTime).\(Instant.padded(fraction, 6))Z"
    }

    /// For people, who need no fraction: `2026-07-01T09:05:03Z`.
    package var rfc3339Seconds: String { dateAndTime + "Z" }

    private var dateAndTime: String {
        let seconds = Instant.floorDivide(microseconds, 1_000_000)
        let days = Instant.floorDivide(seconds, 86_400)
        let (year, month, day) = Instant.civilDate(daysSince1970: days)
        let second = seconds - days * 86_400
        let date = "\(Instant.padded(year, 4))-\(Instant.padded(month, 2))-\(Instant.padded(day, 2))"
        let time =
            "\(Instant.padded(second / 3_600, 2)):\(Instant.padded(second / 60 % 60, 2)):"
            + Instant.padded(second % 60, 2)
        return "\(date)T\(time)"
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

extension Instant {
    /// nil for anything that is no time in RFC 3339 and UTC (`Z`), with any number of digits up to nine after the
    /// second.
    package init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            bytes.last == UInt8(ascii: "Z"),
            let year = Self.number(bytes[0..<4]), let month = Self.number(bytes[5..<7]),
            (1...12).contains(month),
            let day = Self.number(bytes[8..<10]), let hour = Self.number(bytes[11..<13]),
            let minute = Self.number(bytes[14..<16]), let second = Self.number(bytes[17..<19])
        else { return nil }
        var microseconds: Int64 = 0
        if bytes.count > 20 {
            let fraction = bytes[20..<(bytes.count - 1)]
            guard bytes[19] == UInt8(ascii: "."), !fraction.isEmpty, fraction.count <= 9,
                let digits = Self.number(fraction)
            else { return nil }
            var value = digits
            for _ in fraction.count..<max(6, fraction.count) { value *= 10 }
            for _ in 6..<max(6, fraction.count) { value /= 10 }
            microseconds = value
        }
        let seconds = ((Self.days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
        self.init(microseconds: seconds * 1_000_000 + microseconds)
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
