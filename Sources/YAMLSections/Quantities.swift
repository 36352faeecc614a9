import ClusterTypes

/// A text that is no value of the kind asked for; the message says what would be one.
package struct GrammarError: Error, Hashable, Sendable, CustomStringConvertible {
    package let message: String
    package init(_ message: String) { self.message = message }
    package var description: String { message }
}

/// The texts in which people write amounts, the same in a job file and behind a flag.
package enum Quantity {
    /// Bytes with a unit: decimal `B KB MB GB TB PB` or binary `KiB MiB GiB TiB PiB`, fractions allowed, rounded
    /// down to whole bytes.
    ///
    /// - Throws: without a unit, with another one, or past 2^63 - 1 bytes.
    package static func bytes(_ text: String) throws(GrammarError) -> Int64 {
        guard let (number, unit) = Decimal.leading(text) else {
            throw GrammarError("'\(text)' is no amount of bytes; write for example 2GiB or 500MB")
        }
        guard !unit.isEmpty else {
            throw GrammarError("'\(text)' has no unit; write for example \(text)MB or \(text)GiB")
        }
        guard let scale = byteScales.first(where: { $0.unit == unit })?.scale else {
            let suggestion = suggestedByteUnit(unit).map { "; did you mean '\(number.text)\($0)'?" } ?? ""
            throw GrammarError(
                "'\(text)' has the unknown unit '\(unit)'; units are B KB MB GB TB PB KiB MiB GiB TiB PiB"
                    + suggestion)
        }
        guard let count = number.scaled(by: scale, exactly: false) else {
            throw GrammarError("'\(text)' is more than can be counted")
        }
        return count
    }

    /// A duration of one or more numbers with units `ms s m h d`: `90s`, `1.5h`, `1h30m`.
    ///
    /// - Throws: without a unit, or when it is no whole number of milliseconds.
    package static func milliseconds(_ text: String) throws(GrammarError) -> Int64 {
        var total: Int64 = 0
        var rest = Substring(text)
        repeat {
            guard let (number, tail) = Decimal.leading(String(rest)) else {
                throw GrammarError("'\(text)' is no duration; write for example 90s, 15m or 1h30m")
            }
            let unit = tail.prefix { $0.isLetter }
            guard !unit.isEmpty else {
                throw GrammarError(
                    "'\(text)' has no unit; write for example \(number.text)s (units are ms s m h d)")
            }
            guard let scale = durationScales.first(where: { $0.unit == unit })?.scale else {
                throw GrammarError("'\(text)' has the unknown unit '\(unit)'; units are ms s m h d")
            }
            guard let part = number.scaled(by: scale, exactly: true) else {
                throw GrammarError("'\(text)' is no whole number of milliseconds")
            }
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { throw GrammarError("'\(text)' is longer than can be counted") }
            total = sum
            rest = tail.dropFirst(unit.count)
        } while !rest.isEmpty
        return total
    }

    /// As `milliseconds`, in whole seconds.
    package static func seconds(_ text: String) throws(GrammarError) -> UInt32 {
        let milliseconds = try milliseconds(text)
        guard milliseconds % 1_000 == 0 else { throw GrammarError("'\(text)' is no whole number of seconds") }
        guard let seconds = UInt32(exactly: milliseconds / 1_000) else {
            throw GrammarError("'\(text)' is longer than can be counted")
        }
        return seconds
    }

    /// Cores in steps of 0.001, at least 0.001: `1.5` is 1500.
    package static func milliCPU(_ text: String) throws(GrammarError) -> Int64 {
        guard let (number, tail) = Decimal.leading(text), tail.isEmpty else {
            throw GrammarError("'\(text)' is no number of cores; write for example 4 or 1.5")
        }
        guard let count = number.scaled(by: 1_000, exactly: true) else {
            throw GrammarError("'\(text)' cores: the smallest step is 0.001")
        }
        guard count >= 1 else { throw GrammarError("'\(text)' cores: the least is 0.001") }
        return count
    }

    /// A share of a device, 0.001 to 1 in steps of 0.001: `0.25` is 250.
    package static func shares(_ text: String) throws(GrammarError) -> UInt32 {
        guard let (number, tail) = Decimal.leading(text), tail.isEmpty else {
            throw GrammarError("'\(text)' is no share of a device; write a number from 0.001 to 1")
        }
        guard let count = number.scaled(by: Int64(wholeDeviceShares), exactly: true) else {
            throw GrammarError("'\(text)' of a device: the smallest step is 0.001")
        }
        guard count >= 1, count <= Int64(wholeDeviceShares) else {
            throw GrammarError(
                "'\(text)' of a device: a share is from 0.001 to 1; for more devices raise the count")
        }
        return UInt32(count)
    }

    /// `10/min`
    package static func perMinute(_ text: String) throws(GrammarError) -> UInt32 {
        let fields = text.split(separator: "/", omittingEmptySubsequences: false).map { $0.trimmingBlanks() }
        guard fields.count == 2, fields[1] == "min", let count = try? whole(fields[0], as: UInt32.self) else {
            throw GrammarError("'\(text)' is no rate; write for example 10/min")
        }
        return count
    }

    /// Decimal digits, a minus where the type has one; no other writing of a number.
    package static func whole<Number: FixedWidthInteger>(
        _ text: String, as type: Number.Type = Number.self
    ) throws(GrammarError) -> Number {
        let digits = Number.isSigned && text.hasPrefix("-") ? text.dropFirst() : Substring(text)
        guard !digits.isEmpty, digits.utf8.allSatisfy(Decimal.isDigit) else {
            throw GrammarError("'\(text)' is no whole number")
        }
        guard let number = Number(text) else {
            throw GrammarError("'\(text)' is out of range; it may be \(Number.min) to \(Number.max)")
        }
        return number
    }

    package static func whole(_ text: String, in range: ClosedRange<Int>) throws(GrammarError) -> Int {
        let number = try whole(text, as: Int.self)
        guard range.contains(number) else {
            throw GrammarError("\(number) is not in \(range.lowerBound)…\(range.upperBound)")
        }
        return number
    }

    private static let byteScales: [(unit: String, scale: Int64)] = [
        ("B", 1), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("PB", 1_000_000_000_000_000), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30),
        ("TiB", 1 << 40), ("PiB", 1 << 50),
    ]

    private static let durationScales: [(unit: Substring, scale: Int64)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    /// The unit meant by `G`, `Gi`, `gb`, `kB` …
    private static func suggestedByteUnit(_ unit: String) -> String? {
        let lowered = unit.lowercased()
        let candidates = [lowered, lowered + "b"]
        return byteScales.first { candidates.contains($0.unit.lowercased()) }?.unit
    }
}

/// A decimal number kept as its digits: 1.5 is 15 tenths, never a rounded Double.
package struct Decimal {
    /// As it was written.
    let text: String
    private let digits: UInt64
    private let divisor: UInt64

    /// The number that the text starts with, and what follows it; nil without one or with more than 18 digits.
    package static func leading(_ text: String) -> (number: Decimal, rest: String)? {
        let whole = text.utf8.prefix(while: isDigit)
        var rest = text.utf8[whole.endIndex...]
        var fraction = rest.prefix(0)
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix(while: isDigit)
            guard !fraction.isEmpty else { return nil }
            rest = rest[fraction.endIndex...]
        }
        guard !whole.isEmpty, whole.count + fraction.count <= 18 else { return nil }
        var digits: UInt64 = 0
        var divisor: UInt64 = 1
        for digit in whole { digits = digits * 10 + UInt64(digit - UInt8(ascii: "0")) }
        for digit in fraction {
            digits = digits * 10 + UInt64(digit - UInt8(ascii: "0"))
            divisor *= 10
        }
        let written = String(Substring(text.utf8[..<rest.startIndex]))
        return (Decimal(text: written, digits: digits, divisor: divisor), String(Substring(rest)))
    }

    /// The number times the scale, rounded down; nil past Int64, and where `exactly` is asked for, with a rest.
    func scaled(by scale: Int64, exactly: Bool) -> Int64? {
        let product = digits.multipliedFullWidth(by: scale.magnitude)
        guard product.high < divisor else { return nil }
        let (quotient, remainder) = divisor.dividingFullWidth(product)
        return exactly && remainder != 0 ? nil : Int64(exactly: quotient)
    }

    package static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }
}

extension StringProtocol {
    /// Without blanks and tabs around it.
    package func trimmingBlanks() -> String {
        let isBlank = { (character: Character) in character == " " || character == "\t" }
        var trimmed = drop(while: isBlank)
        while let last = trimmed.last, isBlank(last) { trimmed.removeLast() }
        return String(trimmed)
    }
}
